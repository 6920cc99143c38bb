"""The rigid head under the release's camera (paper, 2.1): its projection, the
pose that fits landmarks, and the pose of the mirrored image."""
from typing import Optional, Tuple

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from .euler import euler_to_matrix, matrix_to_euler

# Focal length over the side of the square crop (release: 1.5).
FOCAL_RATIO = 1.5
# Looks straight into the camera and about fills a crop of CROP_PADDING times
# its box.
FRONTAL_POSE = (0., 0., 0., 0., 0., 3.)


def project_head(head_model, pose):
    """Project a rigid head into the crop.

    The camera sits in the middle of the square crop with a focal length of
    1.5 times its side (PyPI package ``spiga`` 0.0.6).

    Args:
        head_model (np.ndarray | Tensor): (L, 3) world points, head units.
        pose (np.ndarray | Tensor): (..., 6) yaw, pitch, roll in degrees, tx,
            ty, tz in head units.

    Returns:
        np.ndarray | Tensor: (..., L, 2) x, y in [0, 1] of the crop for points
        inside it. Same kind as ``pose``.
    """
    rotation = euler_to_matrix(pose[..., :3])
    points = head_model @ rotation.swapaxes(-1, -2) + pose[..., None, 3:]
    return FOCAL_RATIO * points[..., :2] / points[..., 2:] + 0.5


def posit(points_3d: np.ndarray,
          points_2d: np.ndarray,
          focal: float,
          max_iters: int = 100,
          tolerance: float = 0.01) -> Tuple[np.ndarray, np.ndarray]:
    """Rotation and translation that project 3D points onto 2D points.

    "Modern POSIT" (DeMenthon and Davis, 1995, perspective iterations) with
    the geometric mean of the two scales as depth and the nearest orthogonal
    matrix as rotation, as in the PyPI package ``spiga`` 0.0.6.

    Args:
        points_3d (np.ndarray): (N, 3), N >= 4, not in one plane.
        points_2d (np.ndarray): (N, 2) px from the principal point.
        focal (float): Focal length, px.
        max_iters (int): At most so many iterations.
        tolerance (float): Stop when the image points move by less than this
            squared length (px^2, summed over the points) in an iteration.

    Returns:
        tuple: rotation (3, 3) and translation (3,), world to camera.

    Raises:
        ValueError: If there are fewer than four points.
    """
    if len(points_3d) < 4:
        raise ValueError(
            f'POSIT needs at least 4 points, found {len(points_3d)}')
    homogeneous = np.concatenate([points_3d, np.ones((len(points_3d), 1))], 1)
    inverse = np.linalg.pinv(homogeneous)
    target = np.asarray(points_2d, np.float64) / focal
    scaled = target
    for iteration in range(max_iters):
        rows = inverse @ scaled  # (4, 2): first two rows of [R | t], over tz
        norms = np.sqrt((rows[:3]**2).sum(0))
        depth = 1 / np.sqrt(norms[0] * norms[1])
        rows = rows * depth
        first, second = np.clip(rows[:3].T, -1, 1)
        third = np.cross(first, second)
        previous = scaled
        scale = (homogeneous @ np.append(third, depth)) / depth
        scaled = scale[:, None] * target
        moved = focal**2 * ((scaled - previous)**2).sum()
        if iteration > 0 and moved < tolerance:
            break
    u, _, vt = np.linalg.svd(np.stack([first, second, third]))
    return u @ vt, np.append(rows[3], depth)


def fit_pose(head_model: np.ndarray,
             landmarks: np.ndarray,
             valid: np.ndarray,
             crop_size: float,
             round_to_pixels: bool = False) -> Optional[np.ndarray]:
    """Head pose of the landmarks in a square crop.

    Args:
        head_model (np.ndarray): (L, 3) rigid head.
        landmarks (np.ndarray): (L, 2) crop px.
        valid (np.ndarray): (L,) bool: labelled, and among the robust ids.
        crop_size (float): Side of the crop, px.
        round_to_pixels (bool): Round the landmarks first. The poses that the
            authors publish come out exactly with this, on the 256 px crop;
            unrounded ones differ by about 0.2 degrees and are better targets.

    Returns:
        np.ndarray | None: (6,) yaw, pitch, roll in degrees, tx, ty, tz in
        head units; None where fewer than 4 points are valid, where they lie
        on one spot or line, or where the fit does not end in finite numbers.
    """
    valid = np.asarray(valid, bool)
    if valid.sum() < 4:
        return None
    points = landmarks[valid]
    if round_to_pixels:
        points = np.round(points)
    with np.errstate(all='ignore'):
        try:
            # Their extent across the line that fits them best, px.
            if np.linalg.svd(points - points.mean(0), compute_uv=False)[1] < 1:
                return None
            rotation, translation = posit(head_model[valid],
                                          points - crop_size / 2,
                                          FOCAL_RATIO * crop_size)
        except np.linalg.LinAlgError:
            return None
    pose = np.concatenate([matrix_to_euler(rotation), translation])
    return pose if np.isfinite(pose).all() else None


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
    frontal = np.array(FRONTAL_POSE)
    points = project_head(head, frontal)[landmark_set.flip_indices]
    mirrored = points * [-1, 1] + [1, 0]
    # On any crop, px: the pose does not depend on it.
    pose = fit_pose(head, mirrored * 256, robust, 256)
    if pose is None:
        return None
    back = euler_to_matrix(frontal[:3]).T
    turn = Rotation.from_matrix(back @ euler_to_matrix(pose[:3])).as_rotvec()
    shift = back @ (pose[3:] - frontal[3:])
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
    mirrored = pose * (
        pose.new_tensor(sign) if tensor else np.array(sign, pose.dtype))
    if fit is None:
        return mirrored
    rotation, shift = map(pose.new_tensor, fit) if tensor else fit
    turned = euler_to_matrix(mirrored[..., :3])
    parts = [matrix_to_euler(turned @ rotation),
             mirrored[..., 3:] + turned @ shift]
    return torch.cat(parts, -1) if tensor else np.concatenate(parts, -1)
