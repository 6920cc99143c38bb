"""Reading, checking and matching the faces of files."""
import json
import pickle

import numpy as np
import pytest
from test_evaluation.reference import make_faces
from test_evaluation.test_dumps import make_dump

from spiga_mmpose.evaluation.io import (guess_dataset, load_records,
                                        match_faces, read_faces, read_subsets,
                                        short_names)
from spiga_mmpose.landmark_sets import load_landmark_set

WFLW = load_landmark_set('wflw_98')
SIXTY_EIGHT = load_landmark_set('300w_68')


@pytest.fixture
def write(tmp_path):
    """Write a JSON (or raw text, or bytes) file; its path."""

    def _write(content, name='faces.json'):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(
                content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return _write


def read(path, landmark_set=SIXTY_EIGHT, role='annotations'):
    return read_faces(path, load_records(path), landmark_set, role)


def test_benchmark_json(write):
    annotations, _ = make_faces(SIXTY_EIGHT, 4, labelled=.5)
    annotations[2].update(bbox=None, headpose=None)
    del annotations[3]['headpose']
    faces = read(write(annotations))
    assert len(faces) == 4
    for i, face in enumerate(annotations):
        assert faces.names[i] == face['imgpath']
        columns = [SIXTY_EIGHT.annotation_ids.index(n) for n in face['ids']]
        assert faces.labelled[i].nonzero()[0].tolist() == sorted(columns)
        assert np.array_equal(faces.landmarks[i, columns], face['landmarks'])
        assert np.isnan(faces.landmarks[i][~faces.labelled[i]]).all()
    x, y, width, height = annotations[0]['bbox']
    assert faces.boxes[0] == pytest.approx([x, y, x + width, y + height])
    assert np.isnan(faces.boxes).any(1).tolist() == [0, 0, 1, 0]
    assert np.isnan(faces.angles).any(1).tolist() == [0, 0, 1, 1]
    assert faces.angles[0].tolist() == annotations[0]['headpose'][:3]


def test_shipped_sample(sample_data):
    faces = read(f'{sample_data}/spiga_annotation_sample.json')
    assert len(faces) == 3 and faces.labelled.all()
    assert faces.angles[0, 0] == pytest.approx(-10.90335)


def test_ids_in_another_order(write):
    annotations, _ = make_faces(WFLW, 1)
    expected = read(write(annotations), WFLW).landmarks
    for key in ('ids', 'landmarks'):
        annotations[0][key].reverse()
    assert np.array_equal(read(write(annotations), WFLW).landmarks, expected)


def test_without_ids(write):
    annotations, _ = make_faces(WFLW, 2)
    expected = read(write(annotations), WFLW).landmarks
    for face in annotations:
        del face['ids']
    assert np.array_equal(read(write(annotations), WFLW).landmarks, expected)


def test_three_angles(write):
    annotations, _ = make_faces(WFLW, 2)
    for face in annotations:
        face['headpose'] = [1, 2, 3]
    assert read(write(annotations), WFLW).angles.tolist() == [[1, 2, 3]] * 2


def test_dump(tmp_path):
    path = str(tmp_path / 'results.pkl')
    make_dump(path, 3)
    predictions = read(path, WFLW, 'predictions')
    assert (predictions.landmarks == 0).all() and predictions.labelled.all()
    assert (predictions.angles == 1).all()
    truth = read(path, WFLW)
    assert truth.landmarks[2].tolist() == [[2, 2]] * 98
    assert truth.names == ['faces/0.jpg', 'faces/1.jpg', 'faces/2.jpg']
    assert truth.subsets['pose'].tolist() == [0, 1, 2]


@pytest.mark.parametrize('content, message', [
    ('', 'not a JSON file'),
    ('[{"landmarks": [[1', 'not a JSON file'),
    ('[' * 100_000, 'not a JSON file'),
    (b'\xff\xfe\x00', 'not a JSON file'),
    ('[]', 'holds no face'),
    ('{"images": [], "annotations": []}', "a dict .'images'"),
    ('3', 'found a int'),
    ('[{}, 3]', 'face 1 is a int'),
])
def test_bad_files(write, content, message):
    with pytest.raises(ValueError, match='faces.json: .*' + message):
        load_records(write(content))


@pytest.mark.parametrize('change, message', [
    (dict(landmarks=None), "'landmarks' must be a list"),
    (dict(landmarks=[[1, 2, 3]] * 68), "'landmarks' must be a list"),
    (dict(landmarks=[[1, 2]] * 67 + [[1]]), "'landmarks' must be a list"),
    (dict(landmarks=[[1, 2]] * 67 + [['a', 1]]), "'landmarks' must be"),
    (dict(landmarks=[[1, 10**400]] * 68), "'landmarks' must be"),
    (dict(landmarks=[]), "'landmarks' must be a list"),
    (dict(landmarks=[[1, 2]] * 67), "67 landmarks, but 'ids'"),
    (dict(ids=None, landmarks=[[1, 2]] * 98), '98 landmarks without ids'),
    (dict(ids=7), "'ids' is not a list"),
    (dict(ids=[[1]] * 68), "'ids' is not a list"),
    (dict(ids=SIXTY_EIGHT.annotation_ids[:-1] + [24]), 'id 24 occurs twice'),
    (dict(ids=SIXTY_EIGHT.annotation_ids[:-1] + [999]), 'id 999 .*none of'),
    (dict(ids=WFLW.annotation_ids, landmarks=[[1, 2]] * 98),
     r'id 100 \(98 landmarks\) is none of the 68'),
    (dict(landmarks=[[1, 2]] * 67 + [[float('nan'), 1]]), 'landmark 67 is'),
    (dict(landmarks=[[1, 2]] * 67 + [[None, 1]]), 'landmark 67 is'),
    (dict(landmarks=[[1, 2]] * 67 + [[float('inf'), 1]]), 'landmark 67 is'),
    (dict(bbox=[1, 2, 3]), "'bbox' must be 4 finite"),
    (dict(bbox=[1, 2, 3, float('nan')]), "'bbox' must be 4 finite"),
    (dict(bbox='box'), "'bbox' must be 4 finite"),
    (dict(bbox=5), "'bbox' must be 4 finite"),
    (dict(headpose=[1, 2]), "'headpose' must be 6 or 3 finite"),
    (dict(headpose=[1, 2, float('nan')]), "'headpose' must be 6 or 3"),
    (dict(headpose={}), "'headpose' must be 6 or 3"),
])
def test_bad_faces(write, change, message):
    annotations, _ = make_faces(SIXTY_EIGHT, 3)
    annotations[1].update(change)
    name = annotations[1]['imgpath']
    with pytest.raises(
            ValueError, match=rf'faces.json: face 1 \({name}\): .*{message}'):
        read(write(annotations))


def test_bad_dump(write):
    sample = dict(
        img_path='a.jpg', gt_instances=dict(keypoints=np.zeros((1, 68, 2))))
    path = write(pickle.dumps([sample]), 'x.pkl')
    with pytest.raises(ValueError, match='x.pkl: face 0: a.jpg: pred_inst'):
        read(path, role='predictions')
    with pytest.raises(ValueError, match=r'x.pkl: face 0: .*\(1, 98, 2\)'):
        read(path, WFLW)
    sample['pred_instances'] = 'none'
    path = write(pickle.dumps([sample]), 'x.pkl')
    with pytest.raises(ValueError, match='x.pkl: face 0'):
        read(path, role='predictions')


def test_guess_dataset(write, tmp_path):
    for landmark_set, expected in ((WFLW, 'wflw'), (SIXTY_EIGHT, '300w')):
        annotations, _ = make_faces(landmark_set, 3, labelled=.8)
        records = load_records(write(annotations))
        assert guess_dataset(records, 'x') == expected
    annotations, _ = make_faces(SIXTY_EIGHT, 3)
    for face in annotations:
        del face['ids']
    assert guess_dataset(load_records(write(annotations)), 'x') == '300w'
    path = str(tmp_path / 'results.pkl')
    make_dump(path)
    assert guess_dataset(load_records(path), 'x') == 'wflw'


@pytest.mark.parametrize('records', [
    [dict(landmarks=[[1, 2]] * 29)], [dict(ids=[1000], landmarks=[[1, 2]])],
    [{}], [dict(ids=5, landmarks=7)], [dict(gt_instances={})]
], ids=range(5))  # yapf: disable
def test_nothing_to_guess_from(write, records):
    records = load_records(write(records))
    with pytest.raises(ValueError, match='x.json: .*no known data set'):
        guess_dataset(records, 'x.json')


def test_subsets(write):
    expected = dict(pose=[0, 2], blur=[])
    for content in (dict(pose=[2, 0], blur=[]),
                    dict(norm={}, test_subsets=dict(pose=[2, 0], blur=[]))):
        found = read_subsets(write(content), 3)
        assert {k: v.tolist() for k, v in found.items()} == expected


@pytest.mark.parametrize('content', [
    '[1]', '{"pose": 3}', '{"pose": [3]}', '{"pose": [-1]}',
    '{"pose": [1, 1]}', '{"pose": [true]}', '{"pose": [1.0]}', '{"pose": [',
    '{"pose": {"landmarks": 3}}'
])
def test_bad_subsets(write, content):
    with pytest.raises(ValueError, match='faces.json: '):
        read_subsets(write(content), 3)


@pytest.fixture
def pair(write):
    """Six annotated faces and a way to read changed predictions of them.

    Faces 2 and 3 are of one image, the others of an image each.
    """
    annotations, predictions = make_faces(WFLW, 6)
    truth = read(write(annotations, 'truth.json'), WFLW)

    def _match(change, order=range(6)):
        changed = [change(dict(predictions[i])) for i in order]
        path = write(changed, 'predictions.json')
        return match_faces(read(path, WFLW, 'predictions'), truth).tolist()

    return _match


def renamed(name):
    return lambda face: dict(face, imgpath=name(face['imgpath']))


@pytest.mark.parametrize('change', [
    lambda face: face, lambda face: dict(face, imgpath=None),
    renamed(lambda path: '/data/wflw/' + path),
    renamed(lambda path: path.split('/')[-1]),
    renamed(lambda path: path.replace('/', '\\'))
])
def test_same_order(pair, change):
    assert pair(change) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize('change', [
    lambda face: face,
    renamed(lambda path: '/data/wflw/' + path),
    renamed(lambda path: path.split('/')[-1])
])
def test_matched_by_image_and_box(pair, change):
    order = [4, 3, 0, 5, 2, 1]
    found = pair(change, order)
    assert [order[i] for i in found] == [0, 1, 2, 3, 4, 5]


def test_unmatched(pair):
    with pytest.raises(ValueError, match=r'5 images do not match'):
        pair(renamed(lambda path: 'other' + path.split('/')[-1]))
    with pytest.raises(ValueError, match='predictions.json: 5 faces, but'):
        pair(lambda face: face, range(5))
    with pytest.raises(ValueError, match='faces of the image .* but'):
        pair(lambda face: face, [0, 1, 2, 3, 4, 4])
    with pytest.raises(ValueError, match='no boxes to tell them apart'):
        pair(lambda face: dict(face, bbox=None), [5, 4, 3, 2, 1, 0])
    with pytest.raises(ValueError, match='some have none'):
        pair(lambda face: dict(
            face, imgpath=face['imgpath'] if '0.jpg' in face['imgpath'] else
            None))


def test_short_names():
    assert short_names(['a/x.json', 'b/y.z.pkl']) == ['x', 'y.z']
    assert short_names(['a/x.json', 'b/x.json']) == ['a/x.json', 'b/x.json']
    with pytest.raises(ValueError, match='twice: a/x.json'):
        short_names(['a/x.json', 'a/x.json'])
