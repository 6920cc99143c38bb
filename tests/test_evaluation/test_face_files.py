"""Reading and checking the faces of files."""
import json
import pickle
from contextlib import suppress

import numpy as np
import pytest
import torch
from release_metrics import make_faces
from test_io.test_pickles import make_dump

from spiga_mmpose.evaluation.face_files import (load_records, read_faces,
                                                read_steps, read_subsets,
                                                short_names)
from spiga_mmpose.evaluation.protocols import guess_dataset
from spiga_mmpose.io.face_json import Compact
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
    (b'\xff\xfe\x00', 'no text file'),
    ('[]', 'holds no face'),
    ('{"images": [], "annotations": []}', "a dict .'images'"),
    ('3', 'found a int'),
    ('[{}, 3]', 'face 1 is a int'),
])
def test_bad_files(write, content, message):
    with pytest.raises(ValueError, match='faces.json: .*' + message):
        load_records(write(content))


@pytest.mark.parametrize('change, message', [
    (dict(landmarks=None), "'landmarks' must be a list .* found None"),
    (dict(landmarks=[[1, 2, 3]] * 68), "'landmarks' must be a list"),
    (dict(landmarks=[[1, 2]] * 67 + [[1]]), r'landmark 67 is \[1\]'),
    (dict(landmarks=[[1, 2]] * 67 + [['1', 1]]), r"landmark 67 is \['1', 1\]"),
    (dict(landmarks=[[1, 2]] * 67 + [[2., True]]), 'landmark 67 is .*True'),
    (dict(landmarks=[['1', '2']] * 68), r"landmark 0 is \['1', '2'\]"),
    (dict(landmarks=[[1, 10**400]] * 68), 'landmark 0 is'),
    (dict(landmarks=[[1e300, 1]] * 68), 'landmark 0 is .* at most 1e'),
    (dict(landmarks=[]), '0 landmarks, but 68 ids'),
    (dict(ids=[]), '68 landmarks, but 0 ids'),
    (dict(landmarks=[[1, 2]] * 67), '67 landmarks, but 68 ids'),
    (dict(ids=None, landmarks=[[1, 2]] * 98), '98 landmarks without ids'),
    (dict(ids=7), "'ids' must be a list of integers, found 7"),
    (dict(ids='1' * 68), "'ids' must be a list"),
    (dict(ids=[[1]] * 68), "'ids' must be a list"),
    (dict(ids=[True, *SIXTY_EIGHT.annotation_ids[1:]]), "'ids' must be a li"),
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
    (dict(bbox=5), "'bbox' must be 4 finite numbers, found 5"),
    (dict(bbox=['1', '2', '3', '4']), "'bbox' must be 4 finite"),
    (dict(bbox=[1, 2, 3, True]), "'bbox' must be 4 finite"),
    (dict(bbox=[1, 2, 3, 1e300]), "'bbox' must be 4 finite"),
    (dict(headpose=[1, 2]), "'headpose' must be 6 or 3 finite"),
    (dict(headpose=[1, 2, float('nan')]), "'headpose' must be 6 or 3"),
    (dict(headpose={}), "'headpose' must be 6 or 3"),
    (dict(headpose=['1', 2, 3]), "'headpose' must be 6 or 3"),
    (dict(headpose=[True] * 6), "'headpose' must be 6 or 3"),
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


def test_faces_without_a_landmark(write):
    """They are read, with and without ids; nothing of them is labelled."""
    annotations, _ = make_faces(SIXTY_EIGHT, 3)
    annotations[0].update(landmarks=[], ids=[])
    annotations[2].update(landmarks=[], ids=None)
    faces = read(write(annotations))
    assert faces.labelled.any(1).tolist() == [False, True, False]


def test_sets_without_ids_of_their_own(write):
    """Then ids count from 0."""
    cofw = load_landmark_set('cofw_29')
    points = np.arange(58.).reshape(29, 2)
    faces = read(
        write([
            dict(landmarks=points.tolist()),
            dict(landmarks=points[[28, 0]].tolist(), ids=[28, 0])
        ]), cofw)
    assert np.array_equal(faces.landmarks[0], points)
    assert faces.labelled[1].nonzero()[0].tolist() == [0, 28]
    assert np.array_equal(faces.landmarks[1, [0, 28]], points[[0, 28]])
    with pytest.raises(ValueError, match='id 29 .* none of the 29 of cofw'):
        read(write([dict(landmarks=[[1, 2]], ids=[29])]), cofw)


def test_pickled_faces_are_read_as_those_of_a_json(write):
    annotations, _ = make_faces(WFLW, 2)
    expected = read(write(annotations), WFLW)
    found = read(write(pickle.dumps(annotations), 'x.pkl'), WFLW)
    assert np.array_equal(found.landmarks, expected.landmarks)
    assert found.names == expected.names


# All that a JSON can hold where something else is expected.
VALUES = {
    'null': None, 'number': 5, 'float': -.5, 'huge': 1e300,
    'too large': 10**400, 'true': True, 'text': '1', 'no text': '',
    'list': [1], 'no list': [], 'lists': [[1]], 'no lists': [[], []],
    'deep': [[[[[[1]]]]]], 'ragged': [[1, 2], [3]], 'mixed': [1, [2]],
    'late': [[1, 2], 3], 'dict': {'x': 1}, 'dicts': [{}], 'nulls': [None] * 4,
    'texts': ['1', '2', '3', '4'], 'truths': [True] * 4,
    'nan': [float('nan')] * 4, 'infinite': [float('inf')] * 6,
    'many huge': [1e300] * 6, 'one too large': [1, 2, 3, 10**400],
    'too many': [1] * 7, 'nan box': [[float('nan')] * 4],
    'points of text': [['1', '2']] * 98, 'points of truths': [[True, 1.]] * 98,
    'points of null': [[None, 1]] * 98, 'points of 3': [[1, 2, 3]] * 98,
    'long': [1.] * 10_000
}  # yapf: disable
JSON_ALLOWED = {
    'imgpath': ('null', 'text', 'no text'),
    'bbox': ('null', ),
    'headpose': ('null', ),
    'ids': ('null', ),
    'landmarks': (),
    'visible': VALUES,
}  # yapf: disable
# And a pickle.
PICKLED = {
    **VALUES, 'bytes': b'1', 'no dimension': np.array(5.),
    'text array': np.array(['1'] * 6), 'row': np.ones(6), 'box': np.ones(4),
    'rows': np.ones((2, 6)), 'five': np.ones((1, 5)),
    'no rows': np.zeros((0, 4)), 'no columns': np.zeros((1, 0)),
    'text points': np.full((1, 98, 2), '1'),
    'true points': np.ones((1, 98, 2), bool),
    'true tensor': torch.ones((1, 98, 2), dtype=torch.bool),
    'nan points': np.full((1, 98, 2), np.nan),
    'huge points': np.full((1, 98, 2), 1e300),
    'flat points': np.ones((98, 2)), 'points of all': np.ones((1, 98, 3)),
    'no points': np.ones((1, 0, 2))
}  # yapf: disable
_NONE = ('null', 'no list', 'no rows')
DUMP_ALLOWED = {
    'img_path': ('null', 'text', 'no text'),
    'input_center': ('null', ),
    'input_scale': ('null', ),
    'input_size': ('null', ),
    'subsets': ('null', 'text', 'no text', 'texts', 'no list'),
    'gt_instances': (),
    'pred_instances': (),
    'gt_instances.keypoints': (),
    'pred_instances.keypoints': (),
    'gt_instances.keypoints_visible': ('null', 'true points', 'true tensor'),
    'gt_instances.bboxes': (*_NONE, 'nan box'),
    'gt_instances.head_poses': _NONE,
    'pred_instances.head_poses': _NONE,
}  # yapf: disable


def problem_with(records):
    """What is said of the faces of a file; None if they are read."""
    with suppress(ValueError):  # nothing else
        guess_dataset(records, 'x')
    try:
        for role in ('annotations', 'predictions'):
            read_faces('some.file', records, WFLW, role)
    except ValueError as error:
        return str(error)


def assert_told(problem, what):
    assert problem is not None, what
    assert problem.startswith('some.file: face 1'), (what, problem)
    assert '\n' not in problem and len(problem) < 400, (what, problem)


@pytest.mark.parametrize('key', JSON_ALLOWED)
def test_anything_in_a_json(key):
    faces = make_faces(WFLW, 2)[0]
    for name, value in VALUES.items():
        text = json.dumps([faces[0], {**faces[1], key: value}])
        problem = problem_with(json.loads(text, object_hook=Compact()))
        if name in JSON_ALLOWED[key]:
            assert problem is None, name
        else:
            assert_told(problem, name)


def sound_sample():
    """With all that is read of a dump."""
    points = np.random.default_rng(0).uniform(0, 100, (1, 98, 2))
    return dict(
        img_path='a.jpg',
        input_center=np.array([50., 50]),
        input_scale=np.array([160., 160]),
        input_size=(256, 256),
        subsets=('pose', ),
        gt_instances=dict(
            keypoints=points,
            keypoints_visible=np.ones((1, 98)),
            bboxes=np.array([[0, 0, 100., 100]])),
        pred_instances=dict(keypoints=points, head_poses=torch.ones(1, 6)))


@pytest.mark.parametrize('key', DUMP_ALLOWED)
def test_anything_in_a_dump(key):
    *part, field = key.split('.')
    for name, value in PICKLED.items():
        samples = [sound_sample(), sound_sample()]
        place = samples[1][part[0]] if part else samples[1]
        place[field] = value
        problem = problem_with(samples)
        if name in DUMP_ALLOWED[key]:
            assert problem is None, name
        else:
            assert_told(problem, name)


def test_anything_as_steps():
    sound = np.ones((1, 3, 98, 2))
    for name, value in PICKLED.items():
        samples = [sound_sample(), sound_sample()]
        for sample, steps in zip(samples, (sound, value)):
            sample['pred_instances']['landmark_steps'] = steps
        with pytest.raises(ValueError) as error:
            read_steps('some.file', samples, WFLW)
        assert_told(str(error.value), name)


def test_anything_as_a_file(write):
    for name, value in VALUES.items():
        for content in (value, [value]):
            path = write(content)
            with pytest.raises(ValueError, match='faces.json: ') as error:
                read(path)
            assert len(str(error.value)) < 400 + len(path), name


def test_subsets(write):
    expected = dict(pose=[0, 2], blur=[])
    for content in (dict(pose=[2, 0], blur=[]),
                    dict(norm={}, test_subsets=dict(pose=[2, 0], blur=[]))):
        found = read_subsets(write(content), 3)
        assert {k: v.tolist() for k, v in found.items()} == expected


@pytest.mark.parametrize('content', [
    '[1]', '{"pose": 3}', '{"pose": [3]}', '{"pose": [-1]}',
    '{"pose": [1, 1]}', '{"pose": [true]}', '{"pose": [1.0]}', '{"pose": [',
    '{"pose": {"landmarks": 3}}', '{"pose": null}', '{"pose": [null]}',
    '{"pose": ["1"]}', '{"pose": [[1]]}', '{"pose": "12"}', 'null', '"x"'
])
def test_bad_subsets(write, content):
    with pytest.raises(ValueError, match='faces.json: '):
        read_subsets(write(content), 3)


def test_short_names():
    assert short_names(['a/x.json', 'b/y.z.pkl']) == ['x', 'y.z']
    assert short_names(['a/x.json', 'b/x.json']) == ['a/x.json', 'b/x.json']
    with pytest.raises(ValueError, match='twice: a/x.json'):
        short_names(['a/x.json', 'a/x.json'])
