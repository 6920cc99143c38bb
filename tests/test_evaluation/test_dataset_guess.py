"""Which data set annotations are of, by their landmarks."""
import json
from reprlib import repr as short

import numpy as np
import pytest
from release_metrics import make_faces

from spiga_mmpose.evaluation import protocols
from spiga_mmpose.evaluation.protocols import guess_dataset
from spiga_mmpose.io.face_json import Compact
from spiga_mmpose.landmark_sets import load_landmark_set

OTHERS = {'cofw_29': 29, 'aflw_19': 19, 'lapa_106': 106}


def guess(faces):
    return guess_dataset(
        json.loads(json.dumps(faces), object_hook=Compact()), 'x.json')


def sampled(count):
    return dict(gt_instances=dict(keypoints=np.zeros((1, count, 2))))


@pytest.mark.parametrize('name, expected', [('wflw_98', 'wflw'),
                                            ('300w_68', '300w')])
def test_benchmarks(name, expected):
    landmark_set = load_landmark_set(name)
    annotations, _ = make_faces(landmark_set, 3, labelled=.8)
    assert guess(annotations) == expected
    count = landmark_set.num_landmarks
    assert guess([dict(landmarks=[[1, 2]] * count)]) == expected
    assert guess_dataset([sampled(count)], 'x.pkl') == expected


@pytest.mark.parametrize('name', OTHERS)
def test_other_landmark_sets(name):
    count = OTHERS[name]
    points = [[1, 2]] * count
    assert guess([dict(landmarks=points)]) == name
    assert guess([dict(landmarks=points, ids=list(range(count)))]) == name
    assert guess_dataset([sampled(count)], 'x.pkl') == name


def test_the_first_face_with_landmarks_tells():
    empty = dict(landmarks=[], ids=[])
    assert guess([empty, dict(landmarks=[[1, 2]] * 29)]) == 'cofw_29'
    assert guess_dataset([dict(gt_instances=None), sampled(29)],
                         'x.pkl') == 'cofw_29'


def test_several_sets_fit(tmp_path, monkeypatch):
    """Then the user is asked, unless ids tell."""
    path = tmp_path / 'dog.json'
    path.write_text(
        json.dumps(
            dict(name='dog', num_landmarks=29,
                 annotation_ids=list(range(500, 529)))))
    monkeypatch.setattr(protocols, 'available_landmark_sets',
                        lambda: ['cofw_29', str(path), 'wflw_98'])
    points = [[1, 2]] * 29
    with pytest.raises(ValueError, match='x.json: 29 landmarks may be of '
                       f'cofw_29 or {path}; name one .*--dataset'):
        guess([dict(landmarks=points)])
    assert guess([dict(landmarks=points, ids=list(range(29)))]) == 'cofw_29'
    ids = list(range(500, 529))
    assert guess([dict(landmarks=points, ids=ids)]) == str(path)


def test_ids_that_are_a_part_of_several_sets():
    """All that occur are 0 to 4."""
    with pytest.raises(ValueError, match='aflw_19 or .*cofw_29 or .*lapa_106'):
        guess([dict(landmarks=[[1, 2]] * 5, ids=list(range(5)))])


@pytest.mark.parametrize('faces, message', [
    ([dict(landmarks=[[1, 2]] * 30)], '30 landmarks are of no known data set; '
     r"name one of \['wflw', .*--dataset"),
    ([dict(ids=[1000], landmarks=[[1, 2]])], r'1 different landmark ids '
     r'\[1000\] are of no known'),
    ([dict(landmarks=[])], 'no landmarks are of no known'),
    ([{}], "face 0: 'landmarks' must be a list"),
    ([dict(ids=5, landmarks=7)], "face 0: 'landmarks' must be .* found 7"),
    ([dict(gt_instances={})], 'no landmarks'),
    ([dict(gt_instances=None)], 'no landmarks'),
    ([dict(gt_instances=5)], 'face 0: .*gt_instances must be a dict'),
    ([dict(gt_instances=[{}])], 'face 0: .*gt_instances must be a dict'),
    ([dict(gt_instances=dict(keypoints=5))], r'face 0: .*\(1, L, 2\)'),
    ([dict(gt_instances=dict(keypoints=[[1, 2]]))], r'face 0: .*\(1, L, 2\)'),
    ([dict(gt_instances=dict(keypoints='x'))], "face 0: .* numbers, found 'x"),
    ([dict(pred_instances=dict(keypoints=5))], 'no landmarks'),
], ids=short)
def test_nothing_to_guess_from(faces, message):
    with pytest.raises(ValueError, match='x.json: ' + message):
        guess(faces)
