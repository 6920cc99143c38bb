"""Head-pose errors."""
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spiga_mmpose.evaluation.functional import (angle_bins, angle_errors,
                                                binned_accuracy,
                                                geodesic_error, pose_summary,
                                                success_rates)
from spiga_mmpose.geometry import euler_to_matrix


def test_angle_errors_wrap():
    predicted = np.array([[179., 10, -170], [0, 0, 0]])
    true = np.array([[-179., -10, 170], [30, -20, 5]])
    assert angle_errors(predicted, true).tolist() == [[2, 20, 20],
                                                      [30, 20, 5]]


@pytest.mark.parametrize('axis', range(3))
@pytest.mark.parametrize('degrees', [0, 1e-6, 12, 90, 180])
def test_geodesic_of_one_angle(axis, degrees):
    turned = np.zeros((1, 3))
    turned[0, axis] = degrees
    assert geodesic_error(turned, np.zeros((1, 3))) == pytest.approx(
        [degrees], abs=1e-7)


def test_geodesic_against_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.uniform(-90, 90, (2, 50, 3))
    a, b = (Rotation.from_matrix(euler_to_matrix(x)) for x in (first, second))
    expected = np.rad2deg((a * b.inv()).magnitude())
    assert geodesic_error(first, second) == pytest.approx(expected)


def test_geodesic_at_gimbal_lock():
    """At pitch 90 yaw and roll turn about one axis; only the sum counts."""
    first, second = np.array([[40., 90, 0]]), np.array([[0., 90, 0]])
    found = [
        geodesic_error(first, second + (0, 0, roll))[0]
        for roll in (-40, 40)
    ]
    assert min(found) == pytest.approx(0, abs=1e-5)
    assert angle_errors(first, second + (0, 0, 40)).max() == 40


def test_bins():
    angles = [-100, -90, -82.5, -82, -7.5, -7.4, 0, 7.5, 7.6, 89, 90, 120]
    assert angle_bins(angles).tolist() == [
        0, 0, 0, 1, 5, 6, 6, 6, 7, 12, 12, 12
    ]


def test_bins_across_the_back_of_the_head():
    assert angle_bins([179.9, 180, -180, 181, -179, 540]).tolist() == [
        12, 0, 0, 0, 0, 0
    ]


def test_bins_are_the_nearest_centres():
    angles = np.random.default_rng(0).uniform(-90, 90, 1000)
    nearest = np.abs(angles[:, None] - np.arange(-90, 91, 15)).argmin(1)
    assert (angle_bins(angles) == nearest).all()


def test_binned_accuracy():
    true = np.zeros((4, 3))
    predicted = np.array([[0., 0, 0], [14, 0, 0], [30, 0, 0], [-8, 0, 90]])
    exact, adjacent = binned_accuracy(predicted, true)
    assert exact.tolist() == [25, 100, 75]
    assert adjacent.tolist() == [75, 100, 75]


def test_success_includes_the_limit():
    errors = np.array([[2.5, 0, 31], [2.6, 5, 30]])
    assert success_rates(errors).tolist() == [[50, 50, 0], [100, 100, 0],
                                              [100, 100, 0], [100, 100, 0],
                                              [100, 100, 50]]


def test_summary():
    true = np.array([[10., 0, 0], [0, 0, 0]])
    predicted = np.array([[12., 3, 0], [-2, 3, 0]])
    summary = pose_summary(predicted, true)
    assert summary['MAE_yaw'] == 2
    assert summary['MAE_pitch'] == 3
    assert summary['MAE_roll'] == 0
    assert summary['MAE'] == pytest.approx(5 / 3)
    assert 3 < summary['geodesic'] < 4
    assert summary['success2.5_yaw'] == 100
    assert summary['success2.5_pitch'] == 0
    assert summary['bin_acc_yaw'] == 100
    short = pose_summary(predicted, true, binned=False)
    assert list(short) == [
        'MAE_yaw', 'MAE_pitch', 'MAE_roll', 'MAE', 'geodesic'
    ]


def test_no_face_gives_nan():
    empty = np.zeros((0, 3))
    values = list(pose_summary(empty, empty).values())
    assert len(values) == 5 + 3 * 7 and np.isnan(values).all()


def test_bad_input():
    with pytest.raises(ValueError, match='face 1: the predicted angles'):
        angle_errors(np.array([[0, 0, 0], [0, np.nan, 0]]), np.zeros((2, 3)))
    with pytest.raises(ValueError, match='face 0: the true angles'):
        geodesic_error(np.zeros((1, 3)), np.full((1, 3), np.inf))
    for shape in ((2, 3), (1, 6), (3, )):
        with pytest.raises(ValueError, match=r'shape \(N, 3\)'):
            angle_errors(np.zeros(shape), np.zeros((1, 3)))
