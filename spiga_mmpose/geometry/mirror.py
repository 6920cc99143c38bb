"""Head pose of the mirrored image."""
from typing import Optional, Tuple

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from .euler import euler_to_matrix, matrix_to_euler
from .posit import fit_pose
from .projection import FRONTAL_POSE, project_head

_FRONTAL = np.array(FRONTAL_POSE)
# Any crop, px; the pose does not depend on it.
_SIZE = 256


def mirror_fit(landmark_set) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """Difference of the pose of a mirrored face from the mirrored pose.

    A head model measured on faces is not quite symmetric, so the pose fitted
    to mirrored landmarks is not just the mirrored pose: for the authors'
    heads yaw and roll differ by about 2 degrees. The difference is one rigid
    motion of the head; it is read off a frontal face by the same fit that
    makes the pose labels.

    Args:
        landmark_set (LandmarkSet): With mirror pairs and robust ids.

    Returns:
        tuple: rotation A (3, 3) and translation a (3,), head units: the pose
        of the mirrored image turns and shifts the head by ``A x + a``
        before the mirrored pose does. None where no pose can be fitted: no
        head model, or fewer than four robust landmarks.
    """
    head = landmark_set.head_model
    if head is None:
        return None
    robust = np.zeros(len(head), bool)
    robust[landmark_set.robust_ids] = True
    points = project_head(head, _FRONTAL)[landmark_set.flip_indices]
    mirrored = points * [-1, 1] + [1, 0]
    pose = fit_pose(head, mirrored * _SIZE, robust, _SIZE)
    if pose is None:
        return None
    back = euler_to_matrix(_FRONTAL[:3]).T
    turn = Rotation.from_matrix(back @ euler_to_matrix(pose[:3])).as_rotvec()
    shift = back @ (pose[3:] - _FRONTAL[3:])
    # To mirror twice is to do nothing: only a turn about the axes in the
    # plane of symmetry and a shift across it can be what asymmetry does; the
    # rest is the fit's noise.
    return (Rotation.from_rotvec(turn * [1, 0, 1]).as_matrix(),
            shift * [0, 1, 0])


def mirror_pose(pose, fit: Optional[Tuple[np.ndarray, np.ndarray]] = None):
    """Pose of the mirrored image (left-right flip of the square crop).

    Args:
        pose (np.ndarray | Tensor): (..., 6) yaw, pitch, roll in degrees and
            tx, ty, tz in head units; without ``fit`` also (..., 3), the
            angles alone.
        fit (tuple, optional): What :func:`mirror_fit` gives for the head.
            Without it the head is taken as symmetric: yaw, roll and tx
            change sign.

    Returns:
        np.ndarray | Tensor: Same shape.
    """
    tensor = isinstance(pose, torch.Tensor)
    sign = [-1, 1, -1, -1, 1, 1][:pose.shape[-1]]
    sign = pose.new_tensor(sign) if tensor else np.array(sign, pose.dtype)
    mirrored = pose * sign
    if fit is None:
        return mirrored
    if tensor:
        rotation, shift = (pose.new_tensor(part) for part in fit)
    else:
        rotation, shift = fit
    turned = euler_to_matrix(mirrored[..., :3])
    angles = matrix_to_euler(turned @ rotation)
    translation = mirrored[..., 3:] + (turned @ shift)
    join = torch.cat if tensor else np.concatenate
    return join([angles, translation], -1)
