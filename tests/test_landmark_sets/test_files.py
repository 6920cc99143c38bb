"""Landmark sets of one's own, and malformed ones."""
import json

import numpy as np
import pytest
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from spiga_mmpose.landmark_sets import load_landmark_set

# A set of one's own: four landmarks, nothing but what is needed.
SMALL = dict(
    name='dog',
    num_landmarks=4,
    flip_pairs=[[0, 1]],
    edges=dict(mouth=[2, 3, 0]),
    parts=dict(eye=[0, 1], mouth=[2, 3]),
    head_model=[[0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]],
    robust_ids=[0, 1, 2, 3],
    eye_corners=[0, 1],
    pupils=[[0], [1]],
    annotation_ids=[7, 5, 3, 1])


@pytest.fixture
def write(tmp_path):

    def write(content):
        path = tmp_path / 'dog.json'
        path.write_text(content)
        return str(path)

    return write


def test_a_set_of_ones_own(write):
    dog = load_landmark_set(write(json.dumps(SMALL)))
    assert dog.flip_indices.tolist() == [1, 0, 2, 3]
    assert dog.edge_to_point.tolist() == [[1], [0], [1], [1]]
    assert dog.pupils == ([0], [1])
    assert dog.head_model.shape == (4, 3)
    assert parse_pose_metainfo(dog.metainfo())['num_keypoints'] == 4


def test_a_set_of_two_fields(tmp_path):
    path = tmp_path / 'bare.json'
    path.write_text('{"name": "bare", "num_landmarks": 3, "pupils": null}')
    bare = load_landmark_set(str(path))
    assert bare.num_edges == 0
    assert bare.edge_to_point.shape == (3, 0)
    assert bare.flip_indices.tolist() == [0, 1, 2]
    assert bare.head_model is None and bare.pupils is None
    assert bare.annotation_ids == [0, 1, 2]


@pytest.mark.parametrize('field,value', [
    ('num_landmarks', None),
    ('num_landmarks', 'four'),
    ('num_landmarks', 4.5),
    ('num_landmarks', 0),
    ('flip_pairs', [[0, 1, 2]]),
    ('flip_pairs', [0, 1]),
    ('flip_pairs', [[0, 4]]),
    ('flip_pairs', [[0, 1], [1, 2]]),
    ('edges', [[0, 1]]),
    ('edges', dict(line=[0])),
    ('edges', dict(line=[0, -1])),
    ('parts', dict(eye=[0, 9])),
    ('parts', dict(tail=[0])),
    ('head_model', [[0, 0, 0]] * 3),
    ('head_model', [[0, 0, 0]] * 3 + [[0, 0]]),
    ('head_model', [[0, 0, float('nan')]] * 4),
    ('head_model', 'dog.obj'),
    ('robust_ids', [4]),
    ('robust_ids', ['a']),
    ('robust_ids', 3),
    ('eye_corners', [0, 1, 2]),
    ('eye_corners', 0),
    ('pupils', [[0]]),
    ('pupils', [[], [1]]),
    ('name', 5),
    ('num_landmarks', True),
    ('source', 5),
    ('normaliser', 5),
    ('threshold', 'ten'),
    ('robust_ids', [0, 0, 1, 2]),
    ('eye_corners', [0, 0]),
    ('eye_corners', [True, False]),
    ('annotation_ids', [[1], [2], [3], [4]]),
    ('annotation_ids', [1, 2, 3, True]),
    ('annotation_ids', [1, 2, 3]),
    ('annotation_ids', [1, 2, 3, 3]),
    ('annotation_ids', [1, 2, 3, 4, 4]),
    ('whiskers', 12),
])
def test_malformed_field_is_named(write, field, value):
    path = write(json.dumps(dict(SMALL, **{field: value})))
    with pytest.raises(ValueError, match=rf'dog\.json: .*{field[:4]}'):
        load_landmark_set(path)


@pytest.mark.parametrize('content', ['', '{', '[1]', 'null', '"dog"', '\0'])
def test_malformed_file_is_named(write, content):
    with pytest.raises(ValueError, match=r'dog\.json'):
        load_landmark_set(write(content))


@pytest.mark.parametrize('name', ['wflw_99', 'nothing.json', ''])
def test_missing_set_is_named(name):
    with pytest.raises(ValueError, match="'300w_68', .*'lapa_106', 'wflw_98'"):
        load_landmark_set(name)


def test_mean_shape_of_the_file(tmp_path):
    path = tmp_path / 'own.json'
    raw = dict(name='own', num_landmarks=2, mean_shape=[[.2, .3], [.8, .3]])
    path.write_text(json.dumps(raw))
    found = load_landmark_set(str(path)).mean_shape
    np.testing.assert_array_equal(found, raw['mean_shape'])
    path = tmp_path / 'bad.json'
    path.write_text(json.dumps(dict(raw, mean_shape=[[.2, .3, 0]])))
    with pytest.raises(ValueError, match='mean_shape must be 2 rows of 2'):
        load_landmark_set(str(path))


def test_files_with_the_older_name_of_edges(tmp_path):
    path = tmp_path / 'old.json'
    path.write_text(
        json.dumps(
            dict(name='old', num_landmarks=3, curves=dict(mouth=[2, 0]))))
    assert load_landmark_set(str(path)).edges == dict(mouth=[2, 0])
