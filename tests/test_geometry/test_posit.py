"""POSIT: exact on what a rigid head projects, equal to the release."""
import json
import os.path as osp

import numpy as np
import pytest

from spiga_mmpose.geometry import (boxes_to_center_scale, euler_to_matrix,
                                   fit_pose, image_to_crop, matrix_to_euler,
                                   posit, project_head, wrap_degrees)
from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.fixture(params=['wflw_98', '300w_68'])
def landmark_set(request):
    return load_landmark_set(request.param)


def robust(landmark_set):
    mask = np.zeros(landmark_set.num_landmarks, bool)
    mask[landmark_set.robust_ids] = True
    return mask


def random_poses(count):
    rng = np.random.default_rng(2)
    return rng.uniform([-60, -40, -60, -.4, -.4, 3], [60, 40, 60, .4, .4, 5],
                       (count, 6))


def test_projected_head_gives_its_pose_back(landmark_set):
    """Run to convergence; the release's 0.01 px^2 stops a little early."""
    mask = robust(landmark_set)
    for pose in random_poses(30):
        points = (project_head(landmark_set.head_model, pose) - 0.5) * 256
        rotation, translation = posit(
            landmark_set.head_model[mask],
            points[mask],
            focal=384,
            max_iters=1000,
            tolerance=1e-20)
        np.testing.assert_allclose(
            matrix_to_euler(rotation), pose[:3], atol=1e-4)
        np.testing.assert_allclose(translation, pose[3:], atol=1e-5)


def test_fit_pose_is_close_after_the_releases_number_of_steps(landmark_set):
    for pose in random_poses(30):
        points = project_head(landmark_set.head_model, pose) * 256
        found = fit_pose(landmark_set.head_model, points, robust(landmark_set),
                         256)
        assert np.abs(wrap_degrees(found[:3] - pose[:3])).max() < 0.5
        assert np.abs(found[3:] - pose[3:]).max() < 0.03


def test_fit_pose_does_not_depend_on_the_crops_size(landmark_set):
    """Up to where the iteration stops, which is in px."""
    pose = np.array([25., -10, 5, 0.1, -0.1, 3.5])
    unit = project_head(landmark_set.head_model, pose)
    found = [
        fit_pose(landmark_set.head_model, unit * size, robust(landmark_set),
                 size) for size in (64, 128, 256, 1024)
    ]
    for other in found:
        np.testing.assert_allclose(other, pose, atol=0.2)


def test_against_the_release(landmark_set):
    """On noisy landmarks, so that nothing fits exactly."""
    release = pytest.importorskip('spiga.data.loaders.augmentors.modern_posit')
    rng = np.random.default_rng(3)
    camera = np.array([[384., 0, 128], [0, 384, 128], [0, 0, 1]])
    mask = robust(landmark_set)
    head = landmark_set.head_model[mask]
    for pose in random_poses(30):
        points = project_head(head, pose) * 256 + rng.normal(
            0, 3, (len(head), 2))
        rotation, translation = release.modern_posit(head, points, camera, 100)
        ours = posit(head, points - 128, 384)
        np.testing.assert_allclose(ours[0], rotation, atol=1e-9)
        np.testing.assert_allclose(ours[1], translation, atol=1e-9)


def test_stored_poses_of_the_authors_come_out(sample_data):
    """Crop of 1.6 x the longer side, 256 px, landmarks rounded."""
    with open(osp.join(sample_data, 'spiga_annotation_sample.json')) as file:
        faces = json.load(file)
    landmark_set = load_landmark_set('300w_68')
    assert len(faces) == 3
    for face in faces:
        assert face['ids'] == landmark_set.annotation_ids
        x, y, w, h = face['bbox']
        centers, scales = boxes_to_center_scale([[x, y, x + w, y + h]], 1.6)
        points = image_to_crop(
            np.array(face['landmarks']), centers[0], scales[0], 256)
        mask = robust(landmark_set)
        found = fit_pose(
            landmark_set.head_model, points, mask, 256, round_to_pixels=True)
        np.testing.assert_allclose(found, face['headpose'], atol=1e-6)
        unrounded = fit_pose(landmark_set.head_model, points, mask, 256)
        gap = np.abs(unrounded - face['headpose'])[:3].max()
        assert 1e-3 < gap < 1


def test_rotation_is_one_even_for_nonsense(landmark_set):
    rng = np.random.default_rng(4)
    rotation, _ = posit(landmark_set.head_model,
                        rng.normal(0, 50, (len(landmark_set.head_model), 2)),
                        384)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_fewer_than_four_points(landmark_set):
    head = landmark_set.head_model
    with pytest.raises(ValueError, match='at least 4 points, found 3'):
        posit(head[:3], head[:3, :2], 384)
    mask = np.zeros(len(head), bool)
    mask[landmark_set.robust_ids[:3]] = True
    points = project_head(head, np.array([0., 0, 0, 0, 0, 3])) * 256
    assert fit_pose(head, points, mask, 256) is None
    mask[landmark_set.robust_ids[3]] = True
    assert fit_pose(head, points, mask, 256).shape == (6, )


@pytest.mark.parametrize('fill', [0., 128., np.nan, np.inf, 1e300])
def test_no_pose_of_degenerate_landmarks(landmark_set, fill):
    """All in one place or not finite: None, no warning, no crash."""
    points = np.full((landmark_set.num_landmarks, 2), fill)
    with np.errstate(all='raise'):
        assert fit_pose(landmark_set.head_model, points, robust(landmark_set),
                        256) is None


def test_no_pose_of_landmarks_on_a_line(landmark_set):
    count = landmark_set.num_landmarks
    points = np.stack([np.linspace(50, 200, count), np.full(count, 90.)], -1)
    assert fit_pose(landmark_set.head_model, points, robust(landmark_set),
                    256) is None


def test_euler_and_posit_share_a_convention():
    """A face that looks straight into the camera has no angles."""
    landmark_set = load_landmark_set('wflw_98')
    pose = np.array([0., 0, 0, 0, 0, 4])
    points = project_head(landmark_set.head_model, pose) * 256
    found = fit_pose(landmark_set.head_model, points, robust(landmark_set),
                     256)
    np.testing.assert_allclose(found, pose, atol=0.2)
    assert euler_to_matrix(found[:3])[2, 0] < -0.999  # x looks at the camera
