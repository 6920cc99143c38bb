"""The authors' annotation JSON, good and bad."""
import json

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from spiga_mmpose.datasets.spiga_json_dataset import SPIGAJsonDataset
from spiga_mmpose.evaluation.samples import true_box
from spiga_mmpose.landmark_sets import load_landmark_set

PIPELINE = [
    dict(type='LoadFaceImage'),
    dict(type='FaceBoxCenterScale'),
    dict(type='SPIGACrop', input_size=(64, 64)),
    dict(type='PackFaceInputs'),
]


def face(landmark_set='300w_68', image=0, **changes):
    """One good face, with changes."""
    ids = load_landmark_set(landmark_set).annotation_ids
    points = np.random.default_rng(image).uniform(10, 90, (len(ids), 2))
    low, size = points.min(0), np.ptp(points, axis=0)
    row = dict(
        imgpath=f'images/{image}.png',
        bbox=[*low, *size],
        headpose=[10., 20, 30, 0, 0, 3],
        ids=list(ids),
        landmarks=points.tolist(),
        visible=[1.] * len(ids))
    row.update(changes)
    return {key: value for key, value in row.items() if value != 'drop'}


@pytest.fixture
def build(tmp_path):
    """Builder of data sets in a folder with two images."""
    (tmp_path / 'images').mkdir()
    for image in range(2):
        pixels = np.full((100, 100, 3), 50 + image, np.uint8)
        cv2.imwrite(str(tmp_path / f'images/{image}.png'), pixels)

    def builder(rows, landmark_set='300w_68', **kwargs):
        (tmp_path / 'faces.json').write_text(json.dumps(rows))
        return SPIGAJsonDataset(
            'faces.json',
            landmark_set=landmark_set,
            data_root=str(tmp_path),
            pipeline=kwargs.pop('pipeline', PIPELINE),
            **kwargs)

    builder.root = tmp_path
    return builder


@pytest.fixture
def warnings(monkeypatch):
    """What is logged as a warning."""
    lines = []
    from spiga_mmpose.datasets import face_dataset
    monkeypatch.setattr(face_dataset, 'print_log',
                        lambda line, **kwargs: lines.append(line))
    return lines


class TestGoodFiles:

    def test_a_face(self, build):
        dataset = build([face(), face(image=1), face()])
        info = dataset.get_data_info(1)
        row = face(image=1)
        assert np.allclose(info['keypoints'], [row['landmarks']])
        assert info['keypoints'].dtype == np.float32
        x, y, w, h = row['bbox']
        assert info['bbox'].tolist() == [[x, y, x + w, y + h]]
        assert (info['keypoints_visible'] == 1).all()
        assert (info['keypoints_hidden'] == 0).all()
        assert info['annotated_pose'].tolist() == [10, 20, 30, 0, 0, 3]
        assert info['subsets'] == ()
        assert [dataset.get_data_info(i)['id'] for i in range(3)] == [0, 1, 2]
        assert [dataset.get_data_info(i)['img_id'] for i in range(3)
                ] == [0, 1, 0]

    def test_missing_ids_are_masked_hidden_ones_are_not(self, build):
        row = face()
        for key in ('ids', 'landmarks', 'visible'):
            row[key] = row[key][1:][::-1]  # any order
        row['visible'][0] = 0.  # the last of the set
        info = build([row]).get_data_info(0)
        assert info['keypoints_visible'][0, 0] == 0
        assert info['keypoints_visible'][0, 1:].all()
        assert info['num_keypoints'] == 67
        assert info['keypoints_hidden'][0].tolist() == [0.] * 67 + [1.]
        assert np.allclose(info['keypoints'][0, 1:],
                           face()['landmarks'][1:])
        assert (info['keypoints'][0, 0] == 0).all()

    def test_a_file_of_another_set_masks_what_it_lacks(self, build):
        """68 labelled landmarks where a network has 98."""
        row = face('300w_68')
        dataset = build([row], landmark_set='wflw_98',
                        annotated_set='300w_68')
        info = dataset.get_data_info(0)
        assert info['keypoints'].shape == (1, 98, 2)
        visible = info['keypoints_visible'][0]
        assert visible.sum() == 68
        # The outer eye corners, the tip of the nose, the chin.
        for ours, theirs in ((60, 36), (72, 45), (54, 30), (16, 8)):
            np.testing.assert_allclose(info['keypoints'][0, ours],
                                       row['landmarks'][theirs], rtol=1e-6)
        # Lower brows, pupils and every second point of the cheek have none.
        assert not visible[[38, 39, 40, 41, 96, 97, 1, 31]].any()
        np.testing.assert_array_equal(
            info['flip_indices'],
            load_landmark_set('wflw_98').flip_indices)

    def test_sample_through_the_pipeline(self, build):
        sample = build([face()], subsets=dict(indoor=[0]),
                       test_mode=True)[0]['data_samples']
        assert sample.gt_instances.keypoints.shape == (1, 68, 2)
        assert sample.gt_instances.keypoints_hidden.shape == (1, 68)
        assert sample.subsets == ('indoor', )
        assert sample.annotated_pose.shape == (6, )
        assert sample.dataset_name == '300w_68'
        assert sample.flip_indices == load_landmark_set(
            '300w_68').flip_indices.tolist()

    def test_annotated_box_beside_the_tight_one(self, build):
        """For the normalisers of the annotated box."""
        row = face()
        x, y, w, h = row['bbox'] = [1., 2., 80., 90.]
        pipeline = [PIPELINE[0], dict(type='BoxFromLandmarks'), *PIPELINE[1:]]
        sample = build([row], pipeline=pipeline)[0]['data_samples']
        points = np.array(row['landmarks'])
        np.testing.assert_allclose(
            sample.gt_instances.bboxes,
            [[*points.min(0), *points.max(0)]], rtol=1e-6)
        found = true_box(sample.to_dict())
        assert found.tolist() == [x, y, x + w, y + h]

    def test_a_byte_order_mark(self, build):
        build([face()])
        path = build.root / 'faces.json'
        path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes())
        assert len(SPIGAJsonDataset(
            'faces.json', landmark_set='300w_68',
            data_root=str(build.root))) == 1

    def test_no_pose(self, build):
        info = build([face(headpose=None)]).get_data_info(0)
        assert 'annotated_pose' not in info

    @pytest.mark.parametrize('wrapped', [False, True])
    def test_subsets_from_a_file(self, build, wrapped):
        subsets = dict(pose=[0, 2], blur=[2])
        (build.root / 'db_info.json').write_text(
            json.dumps(dict(test_subsets=subsets) if wrapped else subsets))
        dataset = build([face(), face(), face()], subsets='db_info.json')
        assert [dataset.get_data_info(i)['subsets'] for i in range(3)
                ] == [('pose', ), (), ('pose', 'blur')]

    def test_the_authors_sample(self, sample_data):
        """Its poses are those of its landmarks, rounded in the crop."""
        from spiga_mmpose.geometry import (boxes_to_center_scale, fit_pose,
                                           image_to_crop)
        dataset = SPIGAJsonDataset(
            f'{sample_data}/spiga_annotation_sample.json',
            landmark_set='300w_68',
            lazy_init=True)
        robust = np.zeros(68, bool)
        robust[dataset.landmark_set.robust_ids] = True
        faces = dataset.read_faces()
        assert len(faces) == 3
        for info in faces:
            center, scale = boxes_to_center_scale(info['bbox'], 1.6)
            points = image_to_crop(info['keypoints'][0].astype(float),
                                   center[0], scale[0], 256)
            pose = fit_pose(dataset.landmark_set.head_model, points, robust,
                            256, round_to_pixels=True)
            assert np.allclose(pose, info['annotated_pose'], atol=1e-4)


def short(values):
    return values[:-1]


class TestBadFiles:

    @pytest.mark.parametrize('field', [
        'imgpath', 'bbox', 'headpose', 'ids', 'landmarks', 'visible'
    ])
    def test_missing_field(self, build, field):
        with pytest.raises(ValueError) as error:
            build([face(), face(**{field: 'drop'})])
        assert 'faces.json, face 1' in str(error.value)
        assert repr(field) in str(error.value)

    @pytest.mark.parametrize('changes, words', [
        (dict(landmarks=short(face()['landmarks'])),
         ['67 landmarks, but 68 ids']),
        (dict(visible=short(face()['visible'])), ["'visible' must be 68 fi"]),
        (dict(bbox=[1, 2, 3]), ["'bbox' must be 4 finite numbers, found [1,"]),
        (dict(bbox=[1, 2, 0, 5]), ['bbox', 'width']),
        (dict(bbox=[1, 2, 5, -5]), ['bbox', 'height']),
        (dict(bbox=[1, 2, float('nan'), 5]), ["'bbox' must be 4 fin", 'nan']),
        (dict(headpose=[1, 2, 3]), ["'headpose' must be 6"]),
        (dict(landmarks=[[0, float('nan')]] * 68), ['landmark 0', 'nan]']),
        (dict(landmarks=[['a', 1]] * 68), ["landmark 0 is ['a', 1]"]),
        (dict(landmarks=[[1e300, 1]] * 68), ['landmark 0', 'float32: [1e+3']),
        (dict(landmarks=None), ["'landmarks' must be", 'found None']),
        (dict(visible=[None] * 68), ["'visible' must be 68 finite numbers"]),
        (dict(bbox=['1', '2', '3', '4']), ["'bbox' must be 4 finite"]),
        (dict(bbox=dict(x=1)), ["'bbox' must be", "found {'x': 1}"]),
        (dict(bbox=[3e38, 2, 3e38, 5]), ['bbox', 'finite']),
        (dict(headpose=[0, 0, 0, 0, 0, 1e39]), ["'headpose' must be 6 fi"]),
        (dict(headpose='none'), ["'headpose' must be 6", "found 'none'"]),
        (dict(ids=None), ['a list of landmark ids in ids', 'found None']),
        (dict(ids=68), ['a list of landmark ids in ids', 'found 68']),
        (dict(ids=dict(a=1)), ['a list of landmark ids in ids', "{'a': 1}"]),
        (dict(ids=[[101, 102]] * 68), ["'ids' must be a list of integers"]),
        (dict(ids=[dict()] * 68), ['list of integers, found [{}']),
        (dict(ids=[None] * 68), ['list of integers, found [None']),
        (dict(imgpath=None), ['a path in imgpath, found None']),
        (dict(imgpath=7), ['a path in imgpath, found 7']),
        (dict(imgpath=['a.png']), ["a path in imgpath, found ['a.png']"]),
        (dict(ids=[101] * 68), ['twice']),
        (dict(ids=[], landmarks=np.zeros((0, 2)).tolist(),
              visible=[]), ['no landmark is labelled']),
    ])
    def test_bad_field(self, build, changes, words):
        with pytest.raises(ValueError) as error:
            build([face(), face(), face(**changes)])
        for word in ['faces.json, face 2', *words]:
            assert word in str(error.value)

    @pytest.mark.parametrize('of, read_as', [('wflw_98', '300w_68'),
                                             ('300w_68', 'wflw_98')])
    def test_file_of_another_landmark_set(self, build, of, read_as):
        with pytest.raises(ValueError, match='another landmark set'):
            build([face(of)], landmark_set=read_as)

    @pytest.mark.parametrize('rows, words', [
        (dict(images=[]), 'a list of faces'),
        ([], 'no face'),
        ([1], 'face 0'),
    ])
    def test_bad_file(self, build, rows, words):
        with pytest.raises(ValueError, match=words):
            build(rows)

    def test_no_json(self, build):
        (build.root / 'other.json').write_text('[{')
        with pytest.raises(ValueError, match='other.json: not a JSON'):
            SPIGAJsonDataset('other.json', data_root=str(build.root))

    def test_nothing_there(self, build):
        with pytest.raises(ValueError, match='data root nowhere'):
            SPIGAJsonDataset('faces.json', data_root='nowhere')
        with pytest.raises(ValueError, match='none.json'):
            SPIGAJsonDataset('none.json', data_root=str(build.root))
        with pytest.raises(ValueError, match='none.json'):
            build([face()], subsets='none.json')

    @pytest.mark.parametrize('index', [1, -1, '0'])
    def test_bad_subset(self, build, index):
        with pytest.raises(ValueError, match='blur'):
            build([face()], subsets=dict(blur=[index]))

    @pytest.mark.parametrize('subsets, words', [
        ([0], 'name -> indices of faces, found [0]'),
        (7, 'name -> indices of faces, found 7'),
        (dict(blur=0), "a list of indices in the subset 'blur', found 0"),
        (dict(blur=None), "a list of indices in the subset 'blur', found N"),
        (dict(blur='0'), "a list of indices in the subset 'blur', found '0'"),
        (dict(blur={'0': 1}), "a list of indices in the subset 'blur'"),
        (dict(blur=[[0]]), "the subset 'blur' holds the face [0]"),
    ])
    @pytest.mark.parametrize('kept_as', ['argument', 'file', 'db_info'])
    def test_subsets_of_another_type(self, build, subsets, words, kept_as):
        where = 'subsets'
        if kept_as != 'argument':
            content = dict(test_subsets=subsets)
            (build.root / 'db_info.json').write_text(
                json.dumps(subsets if kept_as == 'file' else content))
            where = subsets = 'db_info.json'
        with pytest.raises(ValueError) as error:
            build([face()], subsets=subsets)
        assert f'{where}: ' in str(error.value)
        assert words in str(error.value)


class TestMissingImages:

    def test_named(self, build):
        with pytest.raises(ValueError) as error:
            build([face(), face(image=7), face(image=7)])
        assert 'images/7.png' in str(error.value)
        assert '1 of the 2 images' in str(error.value)

    def test_left_out_and_counted(self, build, warnings):
        dataset = build([face(), face(image=7), face(image=1)],
                        allow_missing=True, subsets=dict(blur=[2]))
        assert len(dataset) == 2
        assert dataset.get_data_info(1)['id'] == 2
        assert dataset.get_data_info(1)['subsets'] == ('blur', )
        assert len(warnings) == 1 and 'left out 1 of 3 faces' in warnings[0]

    def test_all(self, build):
        with pytest.raises(ValueError, match='nothing is left'):
            build([face(image=7)], allow_missing=True)


class TestCorruptImages:

    @pytest.fixture
    def rows(self, build):
        (build.root / 'images/broken.png').write_bytes(b'\x89PNG\r\n')
        return [face(), face(imgpath='images/broken.png')]

    def test_training_goes_on_counts_and_reports(self, build, rows, warnings):
        dataset = build(rows)
        for _ in range(3):
            assert dataset[1]['data_samples'].id == 0
        assert dataset.num_skipped == len(warnings) >= 3
        assert 'broken.png' in warnings[0] and 'number 1' in warnings[0]

    @pytest.mark.parametrize('seed', range(3))
    def test_also_with_a_seed_for_every_sample(self, build, rows, seed):
        """Seeded, a random substitute could be the bad sample for ever."""
        dataset = build([face()] + [rows[1]] * 3)
        dataset.set_epoch(0, seed)
        for index in range(4):
            assert dataset[index]['data_samples'].id == 0
        assert dataset.num_skipped == 3 + 2 + 1

    def test_bad_box_too(self, build, warnings):
        dataset = build([face(), face(bbox=[500., 500, 10, 10])])
        assert dataset[1]['data_samples'].id == 0
        assert 'lies outside' in warnings[0]

    def test_testing_stops(self, build, rows):
        dataset = build(rows, test_mode=True)
        with pytest.raises(ValueError, match='broken.png'):
            dataset[1]

    def test_other_errors_are_not_swallowed(self, build):
        codec = dict(type='SPIGALabel', input_size=(64, 64))  # 98 landmarks
        dataset = build(
            [face()],
            pipeline=PIPELINE[:3] +
            [dict(type='GenerateTarget', encoder=codec), PIPELINE[3]])
        with pytest.raises(ValueError, match='98'):
            dataset[0]
        assert dataset.num_skipped == 0

    def test_worker_processes_count_together(self, build, rows):
        from mmengine.dataset import pseudo_collate
        from torch.utils.data import DataLoader
        MMLogger.get_instance('test', log_level='ERROR')
        dataset = build(rows)
        loader = DataLoader(dataset, batch_size=1, num_workers=2,
                            sampler=[1, 1, 1, 1], collate_fn=pseudo_collate)
        assert len(list(loader)) == 4
        assert dataset.num_skipped >= 4
