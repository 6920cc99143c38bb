"""Projection of the rigid head: by hand and against the release."""
import numpy as np
import pytest
import torch

from spiga_mmpose.geometry import euler_to_matrix, project_head
from spiga_mmpose.landmark_sets import load_landmark_set


def random_poses(count=50):
    rng = np.random.default_rng(1)
    return rng.uniform([-80, -60, -90, -1, -1, 3], [80, 60, 90, 1, 1, 8],
                       (count, 6))


def test_by_hand():
    """Focal length 1.5, middle (0.5, 0.5); the face's x looks at us."""
    head = np.array([[0., 0, 0], [1, 0, 0], [0, -1, 0], [0, 0, 1]])
    points = project_head(head, np.array([0., 0, 0, 0, 0, 3]))
    np.testing.assert_allclose(
        points, [[0.5, 0.5], [0.5, 0.5], [1, 0.5], [0.5, 1]], atol=1e-12)
    points = project_head(head, np.array([0., 0, 0, 1, -1, 3]))
    np.testing.assert_allclose(points[0], [1, 0])
    np.testing.assert_allclose(points[1], [0.5 + 0.75, 0.5 - 0.75])


def test_numpy_and_torch_agree():
    head = load_landmark_set('wflw_98').head_model
    poses = random_poses().reshape(5, 10, 6)
    expected = project_head(head, poses)
    assert expected.shape == (5, 10, 98, 2)
    found = project_head(torch.tensor(head), torch.tensor(poses))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_against_the_release():
    release = pytest.importorskip('spiga.models.gnn.pose_proj')
    head = torch.tensor(
        load_landmark_set('wflw_98').head_model, dtype=torch.float32)
    poses = torch.tensor(random_poses(), dtype=torch.float32)
    camera = torch.tensor([[96., 0, 32], [0, 96, 32], [0, 0, 1]])
    expected = release.projectPoints(
        head.expand(len(poses), -1, -1),
        release.euler_to_rotation_matrix(poses[:, :3].clone()), poses[:, 3:],
        camera.expand(len(poses), -1, -1)) / 64
    torch.testing.assert_close(
        project_head(head, poses), expected, atol=1e-5, rtol=0)


def test_gradient_reaches_all_six_numbers():
    head = torch.tensor(load_landmark_set('300w_68').head_model)
    poses = torch.tensor(random_poses(3), requires_grad=True)
    project_head(head, poses).square().sum().backward()
    assert torch.isfinite(poses.grad).all()
    assert (poses.grad != 0).all()
    assert torch.autograd.gradcheck(lambda p: project_head(head[:4], p),
                                    poses.detach()[:1].requires_grad_())


def test_rotation_is_about_the_heads_own_origin():
    """The origin of the head stays where the translation puts it."""
    origin = np.zeros((1, 3))
    poses = random_poses()
    points = project_head(origin, poses)[:, 0]
    np.testing.assert_allclose(points,
                               1.5 * poses[:, 3:5] / poses[:, 5:] + 0.5)
    assert euler_to_matrix(poses[:, :3]).shape == (50, 3, 3)
