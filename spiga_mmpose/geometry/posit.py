"""Pose from landmarks: modern POSIT with a rigid head."""
from typing import Optional, Tuple

import numpy as np

from .euler import matrix_to_euler
from .projection import FOCAL_RATIO


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
    return u @ vt, np.array([rows[3, 0], rows[3, 1], depth])


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
