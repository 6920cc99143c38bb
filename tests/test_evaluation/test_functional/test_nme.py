"""Per-face and per-landmark errors, and what they are divided by."""
import numpy as np
import pytest
from mmpose.evaluation.functional import keypoint_nme

from spiga_mmpose.evaluation.functional import (face_nme, landmark_nme,
                                                norm_lengths,
                                                normalized_errors)
from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set

EYES = LandmarkSet(
    name='five',
    num_landmarks=5,
    eye_corners=(0, 3),
    pupils=([0, 1], [2, 3]))
# Corners 30 apart, pupils 20 apart (x 5 and 25), box 30 x 40.
POINTS = np.array([[[0., 0], [10, 0], [20, 0], [30, 0], [15, 40]]])
ALL = np.ones((1, 5), bool)
BOXES = np.array([[10., 20, 40, 60]])  # 30 x 40


@pytest.mark.parametrize('norm, expected', [
    ('corners', 30),
    ('pupils', 20),
    ('lnd_bbox', np.sqrt(30 * 40)),
    ('bbox', np.sqrt(30 * 40)),
    ('height', 40),
    ('diagonal', 50),
    (12.5, 12.5),
    (3, 3),
])
def test_every_normaliser(norm, expected):
    lengths = norm_lengths(norm, POINTS, ALL, BOXES, EYES)
    assert lengths == pytest.approx([expected])


@pytest.mark.parametrize('norm, hidden, expected', [
    ('corners', [0], np.nan),
    ('corners', [1], 30),
    ('pupils', [1], np.nan),
    ('lnd_bbox', [4], np.nan),
    ('lnd_bbox', [3], np.sqrt(20 * 40)),
    ('lnd_bbox', [0, 1, 2, 3, 4], np.nan),
    ('bbox', [0, 1, 2, 3, 4], np.sqrt(30 * 40)),
])
def test_unlabelled_landmarks(norm, hidden, expected):
    labelled = ALL.copy()
    labelled[:, hidden] = False
    points = POINTS.copy()
    points[:, hidden] = np.nan
    lengths = norm_lengths(norm, points, labelled, BOXES, EYES)
    assert lengths == pytest.approx([expected], nan_ok=True)


@pytest.mark.parametrize('box', [[0, 0, 0, 5], [0, 0, -2, -2],
                                 [np.nan] * 4])
@pytest.mark.parametrize('norm', ['bbox', 'height', 'diagonal'])
def test_box_without_area(norm, box):
    assert np.isnan(norm_lengths(norm, POINTS, ALL, np.array([box]), EYES))


def test_coinciding_eyes_give_no_length():
    assert np.isnan(norm_lengths('corners', POINTS * 0, ALL, None, EYES))


@pytest.mark.parametrize('norm, message', [
    ('ocular', "unknown normaliser 'ocular'"),
    (0, 'positive number'),
    (-1., 'positive number'),
    (float('inf'), 'positive number'),
    (float('nan'), 'positive number'),
    (None, 'positive number'),
    ('bbox', 'needs annotated boxes'),
])
def test_bad_normaliser(norm, message):
    with pytest.raises(ValueError, match=message):
        norm_lengths(norm, POINTS, ALL, None, EYES)


@pytest.mark.parametrize('norm', ['corners', 'pupils'])
def test_set_without_eyes(norm):
    with pytest.raises(ValueError, match='needs the eyes'):
        norm_lengths(norm, POINTS, ALL, None, LandmarkSet('dog', 5))
    with pytest.raises(ValueError, match='needs the eyes'):
        norm_lengths(norm, POINTS, ALL)


def test_eyes_of_shipped_sets():
    for name, outer in (('wflw_98', (60, 72)), ('300w_68', (36, 45))):
        shape = load_landmark_set(name)
        points = np.random.default_rng(0).random((2, shape.num_landmarks, 2))
        lengths = norm_lengths('corners', points,
                               np.ones(points.shape[:2], bool), None, shape)
        assert lengths == pytest.approx(
            np.linalg.norm(points[:, outer[0]] - points[:, outer[1]], axis=1))


def test_hand_computed_errors():
    predicted = POINTS.copy()
    predicted[0, 0] += (3, 4)  # 5 px
    predicted[0, 4] += (0, -10)  # 10 px
    errors = normalized_errors(predicted, POINTS, ALL, np.array([50.]))
    assert errors == pytest.approx(np.array([[10, 0, 0, 0, 20.]]))
    assert face_nme(errors) == pytest.approx([6])


def test_divide_by_all_landmarks():
    labelled = ALL.copy()
    labelled[0, 1:4] = False
    errors = normalized_errors(POINTS + (0, 5), POINTS, labelled,
                               np.array([50.]))
    assert face_nme(errors) == pytest.approx([10])
    assert face_nme(errors, 'all') == pytest.approx([2 * 10 / 5])
    with pytest.raises(ValueError, match='divide_by'):
        face_nme(errors, 'some')


def test_perfect_prediction():
    errors = normalized_errors(POINTS, POINTS, ALL, np.array([50.]))
    assert (errors == 0).all()


def test_scale_and_shift_invariance():
    rng = np.random.default_rng(0)
    true, predicted = rng.random((2, 7, 5, 2)) * 100
    labelled = rng.random((7, 5)) > .2

    def nme(move):
        lengths = norm_lengths('lnd_bbox', move(true), labelled)
        return face_nme(
            normalized_errors(move(predicted), move(true), labelled, lengths))

    assert nme(lambda x: 3.7 * x - 11) == pytest.approx(nme(lambda x: x))


def test_pooled_over_points_it_is_the_nme_of_mmpose():
    rng = np.random.default_rng(0)
    true, predicted = rng.random((2, 7, 5, 2)) * 100
    labelled = rng.random((7, 5)) > .2
    lengths = rng.uniform(10, 50, 7)
    errors = normalized_errors(predicted, true, labelled, lengths)
    expected = keypoint_nme(predicted, true, labelled,
                            np.stack([lengths, lengths], 1))
    assert np.nanmean(errors) == pytest.approx(100 * expected)
    assert face_nme(errors).mean() != pytest.approx(100 * expected)
    complete = normalized_errors(predicted, true, labelled | True, lengths)
    expected = keypoint_nme(predicted, true, labelled | True,
                            np.stack([lengths, lengths], 1))
    assert face_nme(complete).mean() == pytest.approx(100 * expected)


def test_unscored_faces_are_nan():
    points = POINTS.repeat(3, 0)
    labelled = ALL.repeat(3, 0)
    labelled[1] = False
    errors = normalized_errors(points, points, labelled,
                               np.array([1., 1, np.nan]))
    assert face_nme(errors) == pytest.approx([0, np.nan, np.nan], nan_ok=True)
    assert face_nme(errors, 'all') == pytest.approx([0, np.nan, np.nan],
                                                    nan_ok=True)


def test_nan_counts_only_where_labelled():
    predicted = POINTS.copy()
    predicted[0, 2, 1] = np.nan
    with pytest.raises(ValueError, match='face 0: predicted landmark 2'):
        normalized_errors(predicted, POINTS, ALL, np.ones(1))
    with pytest.raises(ValueError, match='face 0: true landmark 2'):
        normalized_errors(POINTS, predicted, ALL, np.ones(1))
    labelled = ALL.copy()
    labelled[0, 2] = False
    errors = normalized_errors(predicted, POINTS, labelled, np.ones(1))
    assert face_nme(errors) == 0


def test_shapes_are_checked():
    for bad in ((POINTS[:, :4], POINTS, ALL, np.ones(1)),
                (POINTS, POINTS, ALL[:, :4], np.ones(1)),
                (POINTS, POINTS, ALL, np.ones(2))):
        with pytest.raises(ValueError, match='expected predicted and true'):
            normalized_errors(*bad)


def test_no_face():
    empty = np.zeros((0, 5, 2))
    errors = normalized_errors(empty, empty, np.zeros((0, 5), bool),
                               norm_lengths('lnd_bbox', empty,
                                            np.zeros((0, 5), bool)))
    assert face_nme(errors).shape == (0, )
    assert np.isnan(landmark_nme(errors)).all()


def test_landmark_nme():
    errors = np.array([[1, np.nan, np.nan], [3, 5, np.nan]])
    assert landmark_nme(errors) == pytest.approx([2, 5, np.nan], nan_ok=True)


def test_a_wild_prediction_costs_and_is_never_left_out():
    true = np.zeros((1, 2, 2))
    labelled, lengths = np.ones((1, 2), bool), np.ones(1)
    wild = true.copy()
    wild[0, 0, 0] = 1e200
    errors = normalized_errors(wild, true, labelled, lengths)
    np.testing.assert_allclose(errors, [[1e202, 0]])
    wild[0, 0, 0] = 1e308
    with pytest.raises(ValueError, match='face 0: predicted landmark 0'):
        normalized_errors(wild, true, labelled, lengths)
