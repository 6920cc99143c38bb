"""The Euler convention: against the release, by looking, and back."""
import numpy as np
import pytest
import torch

from spiga_mmpose.geometry import (euler_to_matrix, matrix_to_euler,
                                   mirror_pose, project_head, wrap_degrees)
from spiga_mmpose.landmark_sets import load_landmark_set

RIGHT_ANGLES = [-90., 0., 90.]


def random_angles(count=500):
    rng = np.random.default_rng(0)
    return rng.uniform([-180, -89, -180], [180, 89, 180], (count, 3))


def project(yaw=0., pitch=0., roll=0.):
    """The 68-point head, (68, 2) in [0, 1] of the crop."""
    head = load_landmark_set('300w_68').head_model
    return project_head(head, np.array([yaw, pitch, roll, 0, 0, 4]))


NOSE, CHIN, LEFT_EYE, RIGHT_EYE = 30, 8, 36, 45  # as the camera sees them


class TestByLooking:
    """Where the nose and the eyes go in the image (y is down)."""

    def test_upright_face(self):
        points = project()
        assert points[LEFT_EYE, 0] < points[NOSE, 0] < points[RIGHT_EYE, 0]
        assert points[LEFT_EYE, 1] < points[NOSE, 1] < points[CHIN, 1]
        assert abs(points[LEFT_EYE, 1] - points[RIGHT_EYE, 1]) < 0.01

    @staticmethod
    def nose(**angles):
        """The nose as seen from the middle of the eyes."""
        points = project(**angles)
        return points[NOSE] - (points[LEFT_EYE] + points[RIGHT_EYE]) / 2

    def test_positive_yaw_turns_the_nose_to_the_right_edge(self):
        assert self.nose()[0] == pytest.approx(0, abs=0.01)
        assert self.nose(yaw=30)[0] > 0.05
        assert self.nose(yaw=-30)[0] < -0.05

    def test_positive_pitch_lifts_the_nose(self):
        assert self.nose(pitch=30)[1] < self.nose()[1] - 0.05
        assert self.nose(pitch=-30)[1] > self.nose()[1] + 0.05

    def test_positive_roll_leans_clockwise(self):
        """The right eye of the image goes down."""
        points = project(roll=20)
        line = points[RIGHT_EYE] - points[LEFT_EYE]
        assert np.rad2deg(np.arctan2(line[1], line[0])) == pytest.approx(
            20, abs=1.5)

    def test_roll_is_a_turn_of_the_image(self):
        """A roll turns all points about the middle of the crop."""
        upright, leaning = project() - 0.5, project(roll=90) - 0.5
        turned = np.stack([-upright[:, 1], upright[:, 0]], -1)
        np.testing.assert_allclose(leaning, turned, atol=1e-12)


@pytest.mark.parametrize('yaw', RIGHT_ANGLES)
@pytest.mark.parametrize('roll', RIGHT_ANGLES)
def test_right_angles_by_hand(yaw, roll):
    """At right angles the head's axes lie along the camera's.

    Columns are where the world's x (out of the face), y (to the image's
    left) and z (to the chin) point, in camera axes (right, down, into the
    scene).
    """
    out = {-90.: [-1, 0, 0], 0.: [0, 0, -1], 90.: [1, 0, 0]}[yaw]
    matrix = euler_to_matrix(np.array([yaw, 0, roll]))
    np.testing.assert_allclose(matrix[:, 0], out, atol=1e-12)
    if yaw == 0:
        chin = {-90.: [1, 0, 0], 0.: [0, 1, 0], 90.: [-1, 0, 0]}[roll]
        np.testing.assert_allclose(matrix[:, 2], chin, atol=1e-12)
    elif roll == 0:
        np.testing.assert_allclose(matrix[:, 2], [0, 1, 0], atol=1e-12)


@pytest.mark.parametrize('pitch,out', [(90., [0, -1, 0]), (-90., [0, 1, 0])])
def test_pitch_of_90_looks_up_or_down(pitch, out):
    matrix = euler_to_matrix(np.array([0, pitch, 0]))
    np.testing.assert_allclose(matrix[:, 0], out, atol=1e-12)


def test_matrices_are_rotations():
    matrices = euler_to_matrix(random_angles())
    np.testing.assert_allclose(
        matrices @ matrices.swapaxes(1, 2),
        np.tile(np.eye(3), (len(matrices), 1, 1)),
        atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrices), 1)


def test_round_trip_numpy():
    angles = random_angles()
    back = matrix_to_euler(euler_to_matrix(angles))
    np.testing.assert_allclose(back, angles, atol=1e-9)


@pytest.mark.parametrize('dtype,atol', [(torch.float64, 1e-9),
                                        (torch.float32, 2e-3)])
def test_round_trip_torch(dtype, atol):
    angles = torch.tensor(random_angles(), dtype=dtype)
    back = matrix_to_euler(euler_to_matrix(angles))
    assert back.dtype == dtype
    torch.testing.assert_close(back, angles, atol=atol, rtol=0)


def test_numpy_and_torch_agree():
    angles = random_angles(20).reshape(4, 5, 3)
    expected = euler_to_matrix(angles)
    assert expected.shape == (4, 5, 3, 3)
    found = euler_to_matrix(torch.tensor(angles))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize('pitch', [90., -90.])
@pytest.mark.parametrize('yaw,roll', [(0, 0), (30, 20), (-120, 75)])
def test_gimbal_lock_gives_all_the_turn_to_yaw(pitch, yaw, roll):
    matrix = euler_to_matrix(np.array([yaw, pitch, roll], float))
    found = matrix_to_euler(matrix)
    assert found[1] == pytest.approx(pitch, abs=1e-6)
    assert found[2] == -90
    np.testing.assert_allclose(euler_to_matrix(found), matrix, atol=1e-12)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('gap', [0, 1e-6, 1e-4, 1e-2, 0.1])
def test_rotation_survives_near_gimbal_lock(dtype, gap):
    """The angles may be ill-defined there, the rotation is not.

    The matrices carry the rounding noise of a product, as a real one does.
    """
    rng = np.random.default_rng(0)
    angles = rng.uniform(-180, 180, (300, 3))
    angles[:, 1] = (90 - gap) * rng.choice([-1, 1], 300)
    noise = np.finfo(dtype).eps
    matrices = euler_to_matrix(angles)
    matrices = (matrices +
                rng.uniform(-noise, noise, matrices.shape)).astype(dtype)
    back = matrix_to_euler(matrices).astype(np.float64)
    np.testing.assert_allclose(
        euler_to_matrix(back), matrices, atol=2 * noise**0.5)


def test_wrap_by_hand():
    found = wrap_degrees(np.array([0., 179, 180, -180, -181, 360, 725, -540]))
    assert found.tolist() == [0, 179, -180, -180, 179, 0, 5, -180]


def test_mirror_pose_is_the_pose_of_the_mirrored_image():
    """A symmetric head under the mirrored pose is the mirrored image."""
    landmark_set = load_landmark_set('wflw_98')
    flip = landmark_set.flip_indices
    head = landmark_set.head_model
    head = (head + head[flip] * [1, -1, 1]) / 2
    rng = np.random.default_rng(0)
    poses = rng.uniform([-60, -40, -40, -1, -1, 3], [60, 40, 40, 1, 1, 6],
                        (20, 6))
    points = project_head(head, poses)
    mirrored = project_head(head, mirror_pose(poses))[:, flip]
    np.testing.assert_allclose(mirrored, points * [-1, 1] + [1, 0], atol=1e-12)
    again = mirror_pose(torch.tensor(poses))
    np.testing.assert_array_equal(again.numpy(), mirror_pose(poses))
    np.testing.assert_array_equal(
        mirror_pose(poses[:, :3]),
        mirror_pose(poses)[:, :3])


class TestAgainstTheRelease:
    """The same numbers as PyPI spiga 0.0.6."""

    def test_torch_matrix(self):
        release = pytest.importorskip('spiga.models.gnn.pose_proj')
        angles = torch.tensor(random_angles(), dtype=torch.float32)
        expected = release.euler_to_rotation_matrix(angles.clone())
        torch.testing.assert_close(
            euler_to_matrix(angles), expected, atol=1e-6, rtol=0)

    def test_numpy_matrix_and_angles(self):
        release = pytest.importorskip('spiga.data.loaders.augmentors.utils')
        for angles in random_angles(50):
            expected = release.euler_to_rotation_matrix(angles)
            found = euler_to_matrix(angles)
            np.testing.assert_allclose(found, expected, atol=1e-12)
            np.testing.assert_allclose(
                matrix_to_euler(expected),
                release.rotation_matrix_to_euler(expected),
                atol=1e-9)
