"""MMPose's annotation files: what MMPose reads, and what is wrong."""
import copy
import json
import os.path as osp

import numpy as np
import pytest
from mmpose.datasets import COFWDataset, Face300WDataset, WFLWDataset

from spiga_mmpose.datasets.coco_face_dataset import CocoFaceDataset


def content(num=68):
    """Two faces on one image."""
    anns = [
        dict(
            id=10 + i,
            image_id=3,
            keypoints=np.random.default_rng(i).uniform(
                1, 50, (num, 3)).ravel().tolist(),
            center=[20., 30.],
            scale=.25,
            num_keypoints=num,
            iscrowd=0) for i in range(2)
    ]
    return dict(
        categories=[],
        images=[dict(id=3, file_name='a.png', width=100, height=100)],
        annotations=anns)


@pytest.fixture
def build(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'not looked at')

    def builder(data, **kwargs):
        (tmp_path / 'a.json').write_text(json.dumps(data))
        kwargs.setdefault('landmark_set', '300w_68')
        return CocoFaceDataset('a.json', data_root=str(tmp_path), **kwargs)

    builder.root = tmp_path
    return builder


@pytest.mark.parametrize('stock, name, landmark_set', [
    (WFLWDataset, 'wflw', 'wflw_98'),
    (Face300WDataset, '300w', '300w_68'),
    (COFWDataset, 'cofw', 'cofw_29'),
])
def test_reads_what_mmpose_reads(sample_data, stock, name, landmark_set):
    kwargs = dict(
        ann_file=f'test_{name}.json', data_root=osp.join(sample_data, name))
    ours = CocoFaceDataset(landmark_set=landmark_set, **kwargs)
    theirs = stock(data_prefix=dict(img=''), **kwargs)
    assert len(ours) == len(theirs) > 0
    for index in range(len(ours)):
        a, b = ours.get_data_info(index), theirs.get_data_info(index)
        for key in ('img_path', 'id', 'img_id', 'num_keypoints',
                    'flip_indices'):
            assert a[key] == b[key], key
        assert np.allclose(a['keypoints'], b['keypoints'])
        assert np.array_equal(a['keypoints_visible'], b['keypoints_visible'])
        assert np.allclose(a['bbox'], b['bbox'], atol=1e-3)


def test_box_and_labels(build):
    data = content()
    data['annotations'][0]['keypoints'][2::3] = [0] + [2] * 67
    info = build(data).get_data_info(0)
    assert info['bbox'].tolist() == [[-5, 5, 45, 55]]
    assert info['keypoints_visible'].tolist() == [[0] + [1] * 67]
    assert info['subsets'] == ()


def test_box_of_coco(build):
    """COFW and LaPa have no center and scale."""
    data = content()
    for ann in data['annotations']:
        del ann['center'], ann['scale']
        ann['bbox'] = [10., 20., 30., 40.]
    info = build(data).get_data_info(0)
    assert info['bbox'].tolist() == [[10, 20, 40, 60]]
    data['annotations'][1]['bbox'] = [10., 20., 0., 40.]
    with pytest.raises(ValueError, match='annotation 11: .*width'):
        build(data)
    data['annotations'][1]['bbox'] = [10., 20., 30.]
    with pytest.raises(ValueError, match=r'bbox of shape \(4,\), found'):
        build(data)


@pytest.mark.parametrize('part', ['images', 'annotations'])
def test_an_id_that_is_given_twice(build, part):
    """As in files that were put together: the second image would get the
    landmarks of the first."""
    data = content()
    data[part].append(copy.deepcopy(data[part][-1]))
    twice = data[part][-1]['id']
    with pytest.raises(ValueError, match=f'the id {twice} is given twice'):
        build(data)


def test_a_path_from_windows(build):
    data = content()
    data['images'][0]['file_name'] = 'below\\a.png'
    (build.root / 'below').mkdir()
    (build.root / 'below' / 'a.png').write_bytes(b'not looked at')
    path = build(data).get_data_info(0)['img_path']
    assert path == str(build.root / 'below' / 'a.png')


def test_subsets(build):
    part = content()
    part['annotations'] = copy.deepcopy(part['annotations'][1:])
    part['annotations'][0]['id'] = 0  # numbered again, as MMPose's
    (build.root / 'blur.json').write_text(json.dumps(part))
    dataset = build(content(), subsets=dict(blur='blur.json'))
    assert [dataset.get_data_info(i)['subsets'] for i in range(2)
            ] == [(), ('blur', )]


def test_subset_that_does_not_fit_is_told(build, monkeypatch):
    from spiga_mmpose.datasets import face_dataset
    lines = []
    monkeypatch.setattr(face_dataset, 'print_log',
                        lambda line, **kwargs: lines.append(line))
    part = content()
    part['annotations'][0]['keypoints'][0] += 1
    (build.root / 'blur.json').write_text(json.dumps(part))
    dataset = build(content(), subsets=dict(blur='blur.json'))
    assert [dataset.get_data_info(i)['subsets'] for i in range(2)
            ] == [(), ('blur', )]
    assert len(lines) == 1
    assert "1 of the 2 faces of the subset 'blur' are not in" in lines[0]
    assert 'a.json' in lines[0]


def test_subset_that_is_not_there(build):
    with pytest.raises(ValueError) as error:
        build(content(), subsets=dict(blur='none.json'))
    assert "none.json of the subset 'blur' is not there" in str(error.value)
    assert 'docs/data.md' in str(error.value)


def test_hidden_where_the_file_tells(build):
    """COCO's 1 is occluded beside a 2; where all are 1 it says nothing."""
    data = content()
    for ann in data['annotations']:
        ann['keypoints'][2::3] = [0] + [1] * 67
    for index in range(2):
        assert not build(data).get_data_info(index)['keypoints_hidden'].any()
    data['annotations'][0]['keypoints'][2::3] = [0, 1] + [2] * 66
    dataset = build(data)
    hidden = [dataset.get_data_info(i)['keypoints_hidden'] for i in range(2)]
    assert hidden[0].tolist() == [[0, 1] + [0] * 66]
    assert hidden[1].tolist() == [[0] + [1] * 67]


@pytest.mark.parametrize('key', ['image_id', 'keypoints', 'center', 'scale'])
def test_missing_field(build, key):
    data = content()
    del data['annotations'][1][key]
    with pytest.raises(ValueError) as error:
        build(data)
    assert 'a.json, annotation 11' in str(error.value)
    assert repr(key) in str(error.value)


@pytest.mark.parametrize('changes, word', [
    (dict(keypoints=[1., 2, 1] * 67), '201'),
    (dict(keypoints=[1., float('nan'), 1] * 68), 'not finite'),
    (dict(keypoints=[1., 1, 0] * 68), 'no landmark is labelled'),
    (dict(scale=0.), 'width'),
    (dict(scale=-1), 'width'),
    (dict(center=[float('inf'), 3]), 'center holds NaN, infinity'),
    (dict(center=[1e300, 3]), 'center holds NaN, infinity'),
    (dict(center=None), 'center holds what is no number: None'),
    (dict(center=['1', '2']), "center holds what is no number: ['1', '2']"),
    (dict(center=[1, None]), 'center holds what is no number: [1, None]'),
    (dict(center=[1]), 'center of shape (2,), found (1,)'),
    (dict(center=[1, 2, 3]), 'center of shape (2,), found (3,)'),
    (dict(scale=None), 'scale holds what is no number: None'),
    (dict(scale='0.25'), "scale holds what is no number: '0.25'"),
    (dict(scale=[.25, .25]), 'scale of shape (), found (2,)'),
    (dict(scale=float('nan')), 'scale holds NaN'),
    (dict(scale=1e300), 'scale holds NaN, infinity'),
    (dict(scale=1e38), 'bbox'),
    (dict(keypoints=None), 'keypoints holds what is no number: None'),
    (dict(keypoints=dict(x=1)), "keypoints holds what is no number: {'x': 1}"),
    (dict(keypoints=[1, 'a', 2] * 68), 'keypoints holds what is no number'),
    (dict(keypoints=['1', '2', '2'] * 68), 'keypoints holds what is no'),
    (dict(keypoints=[[1, 2], 2] * 68), 'keypoints holds what is no number'),
    (dict(keypoints=5), '68 landmarks'),
    (dict(keypoints=[1., 1e300, 1] * 68), 'landmark 0 is not finite'),
    (dict(keypoints=[1., 2, 1] * 67 + [1, 2, float('nan')]),
     'landmark 67 in keypoints'),
    (dict(image_id=4), 'image_id'),
    (dict(image_id=[3]), 'a number or a string in image_id, found [3]'),
])
def test_bad_field(build, changes, word):
    data = content()
    data['annotations'][1].update(changes)
    with pytest.raises(ValueError) as error:
        build(data)
    assert 'a.json, annotation 11' in str(error.value)
    assert word in str(error.value)


@pytest.mark.parametrize('key, index, item, words', [
    ('images', 0, 7, 'image 0: expected the fields'),
    ('images', 0, dict(id=3), "image 0: the field 'file_name' is missing"),
    ('images', 0, dict(file_name='a.png'), "image 0: the field 'id'"),
    ('images', 0, dict(id=3, file_name=None), 'a path in file_name, found N'),
    ('images', 0, dict(id=3, file_name=4), 'a path in file_name, found 4'),
    ('images', 0, dict(id=[3], file_name='a.png'), 'a string in id, found [3'),
    ('annotations', 1, None, 'annotation 1: expected the fields'),
    ('annotations', 1, [1], 'annotation 1: expected the fields'),
    ('annotations', 1, dict(image_id=3), "annotation 1: the field 'id'"),
])
def test_bad_item(build, key, index, item, words):
    data = content()
    data[key][index] = item
    with pytest.raises(ValueError) as error:
        build(data)
    assert 'a.json, ' in str(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize('key', ['images', 'annotations'])
def test_no_list(build, key):
    data = content()
    data[key] = dict(a=1)
    with pytest.raises(ValueError) as error:
        build(data)
    assert f"a.json: expected a list in {key}, found {{'a': 1}}" in str(
        error.value)


@pytest.mark.parametrize('changes, word', [
    (dict(id=[1]), 'a number or a string in id'),
    (dict(keypoints=dict(x=1)), 'keypoints holds what is no number'),
    (dict(image_id=dict()), 'a number or a string in image_id'),
])
def test_bad_field_in_a_subset(build, changes, word):
    part = content()
    part['annotations'][1].update(changes)
    (build.root / 'blur.json').write_text(json.dumps(part))
    with pytest.raises(ValueError) as error:
        build(content(), subsets=dict(blur='blur.json'))
    assert 'blur.json, annotation' in str(error.value)
    assert word in str(error.value)


def test_the_authors_file_goes_elsewhere(build):
    with pytest.raises(ValueError, match='SPIGAJsonDataset'):
        build([dict()])
