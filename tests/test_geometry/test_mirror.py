"""Poses of mirrored images."""
import dataclasses

import numpy as np
import pytest
import torch

from spiga_mmpose.geometry import (fit_pose, mirror_fit, mirror_pose,
                                   project_head)
from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.mark.parametrize('name', ['wflw_98', '300w_68'])
def test_pose_fitted_to_the_mirrored_image(name):
    """Fit, then mirror, is close to mirror, then fit."""
    landmarks = load_landmark_set(name)
    head, flip = landmarks.head_model, landmarks.flip_indices
    fit = mirror_fit(landmarks)
    robust = np.zeros(len(head), bool)
    robust[landmarks.robust_ids] = True
    rng = np.random.default_rng(0)
    better, plain = [], []
    for pose in rng.uniform([-40, -25, -30, -.2, -.2, 2.7],
                            [40, 25, 30, .2, .2, 3.4], (20, 6)):
        mirrored = project_head(head, pose)[flip] * [-1, 1] + [1, 0]
        found = fit_pose(head, mirrored * 256, robust, 256)
        better.append((found - mirror_pose(pose, fit))[:3])
        plain.append((found - mirror_pose(pose))[:3])
    # Left is what a fit leaves over that depends on the pose.
    assert np.abs(np.mean(better, 0)).max() < 0.25
    assert np.abs(np.mean(plain, 0)).max() > 1.5


def test_twice_is_nothing_and_tensors_are_like_arrays():
    fit = mirror_fit(load_landmark_set('wflw_98'))
    pose = np.array([[20., -10, 5, .1, -.2, 3.], [0, 0, 0, 0, 0, 3]])
    again = mirror_pose(mirror_pose(pose, fit), fit)
    np.testing.assert_allclose(again, pose, atol=1e-4)
    tensor = mirror_pose(torch.tensor(pose), fit).numpy()
    np.testing.assert_allclose(tensor, mirror_pose(pose, fit), atol=1e-9)


def test_a_symmetric_head_needs_no_correction():
    landmarks = load_landmark_set('wflw_98')
    head = landmarks.head_model
    mirrored = head[landmarks.flip_indices] * [1, -1, 1]
    head = (head + mirrored) / 2
    symmetric = dataclasses.replace(landmarks, head_model=head)
    rotation, shift = mirror_fit(symmetric)
    np.testing.assert_allclose(rotation, np.eye(3), atol=1e-4)
    np.testing.assert_allclose(shift, 0, atol=1e-3)


def test_sets_without_a_pose_have_no_correction():
    landmarks = load_landmark_set('wflw_98')
    for changes in (dict(head_model=None),
                    dict(robust_ids=landmarks.robust_ids[:3])):
        assert mirror_fit(dataclasses.replace(landmarks, **changes)) is None
