"""What MMPose's data samples, as plain dicts, say of one face."""
from typing import Optional

import numpy as np
import torch

from spiga_mmpose.geometry import fit_pose, image_to_crop
from spiga_mmpose.landmark_sets import LandmarkSet


def as_array(values) -> np.ndarray:
    """A NumPy array, float64, of an array, tensor or nested list."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
    return np.asarray(values, np.float64)


def face_name(sample: dict) -> str:
    """How messages name the face: its image path, where it has one."""
    return str(sample.get('img_path', 'a face without img_path'))


def landmarks_of(sample: dict, part: str, count: int) -> np.ndarray:
    """Landmarks of the one face of a sample.

    Args:
        sample (dict): The data sample.
        part (str): ``'pred_instances'`` or ``'gt_instances'``.
        count (int): L, the landmarks that are expected.

    Returns:
        np.ndarray: (L, 2) image px, float64.

    Raises:
        ValueError: If there are none, or their shape is not (1, L, 2).
    """
    points = sample.get(part, {}).get('keypoints')
    if points is None:
        raise ValueError(f'{face_name(sample)}: {part} holds no keypoints')
    points = as_array(points)
    if points.shape != (1, count, 2):
        raise ValueError(f'{face_name(sample)}: {part}.keypoints must have '
                         f'the shape (1, {count}, 2) of this landmark set, '
                         f'found {points.shape}')
    return points[0]


def steps_of(sample: dict, count: int) -> Optional[np.ndarray]:
    """Landmarks of the one face of a sample after each step of the cascade.

    Args:
        sample (dict): The data sample.
        count (int): L.

    Returns:
        np.ndarray | None: (S + 1, L, 2) image px, float64, the projected
        head model first; None where the prediction has no steps.

    Raises:
        ValueError: If the shape is not (1, S + 1, L, 2).
    """
    steps = sample.get('pred_instances', {}).get('landmark_steps')
    if steps is None:
        return None
    steps = as_array(steps)
    if steps.ndim != 4 or steps[:, 0].shape != (1, count, 2):
        raise ValueError(f'{face_name(sample)}: landmark_steps must have the '
                         f'shape (1, S+1, {count}, 2), found {steps.shape}')
    return steps[0]


def labelled_of(sample: dict, count: int) -> np.ndarray:
    """Which landmarks of the one face of a sample are labelled.

    Args:
        sample (dict): The data sample. Its ``gt_instances.keypoints_visible``
            may be (1, L), (1, L, 1) or, with a weight beside, (1, L, 2), as
            MMPose's transforms leave it; without it all are labelled.
        count (int): L.

    Returns:
        np.ndarray: (L,) bool.

    Raises:
        ValueError: If the shape is none of these.
    """
    visible = sample.get('gt_instances', {}).get('keypoints_visible')
    if visible is None:
        return np.ones(count, bool)
    visible = as_array(visible)
    if visible.ndim == 3:
        visible = visible[..., 0]
    if visible.shape != (1, count):
        raise ValueError(f'{face_name(sample)}: gt_instances.'
                         f'keypoints_visible must have the shape (1, {count})'
                         f', found {visible.shape}')
    return visible[0] > 0


def true_box(sample: dict) -> np.ndarray:
    """Annotated box (4,) x1, y1, x2, y2, image px; NaN where there is none."""
    boxes = sample.get('gt_instances', {}).get('bboxes')
    if boxes is None or len(boxes) == 0:
        return np.full(4, np.nan)
    return as_array(boxes)[0, :4]


def subsets_of(sample: dict) -> tuple:
    """Names of the subsets that the face belongs to."""
    names = sample.get('subsets') or ()
    return (names, ) if isinstance(names, str) else tuple(names)


def predicted_angles(sample: dict) -> Optional[np.ndarray]:
    """Predicted yaw, pitch, roll (3,) in degrees; None where there is none.

    Raises:
        ValueError: If they are not finite.
    """
    poses = sample.get('pred_instances', {}).get('head_poses')
    if poses is None or len(poses) == 0:
        return None
    angles = as_array(poses)[0, :3]
    if not np.isfinite(angles).all():
        raise ValueError(f'{face_name(sample)}: the predicted yaw, pitch, '
                         f'roll are {angles.tolist()}; expected finite '
                         'degrees')
    return angles


def true_angles(sample: dict,
                landmark_set: LandmarkSet,
                rounded: bool = False) -> Optional[np.ndarray]:
    """True yaw, pitch, roll of the one face of a sample.

    ``gt_instances.head_poses`` where the data set brings poses; else the rigid
    head is fitted to the labelled robust landmarks in the network's crop.

    Args:
        sample (dict): The data sample.
        landmark_set (LandmarkSet): With head model and robust ids.
        rounded (bool): Round the landmarks to whole crop px before the fit,
            as for the poses that the authors publish (on the 256 px crop of
            1.6 times the tight box).

    Returns:
        np.ndarray | None: (3,) degrees; None where the stored pose is not
        finite, there is no crop or no head model, or fewer than 4 usable
        landmarks.

    Raises:
        ValueError: If the landmarks do not fit the set, or the crop is not
            square.
    """
    truth = sample.get('gt_instances', {})
    stored = truth.get('head_poses')
    if stored is not None and len(stored):
        angles = as_array(stored)[0, :3]
        return angles if np.isfinite(angles).all() else None
    crop = [sample.get(f'input_{key}') for key in ('center', 'scale', 'size')]
    if landmark_set.head_model is None or any(c is None for c in crop):
        return None
    center, scale, size = (as_array(c).reshape(-1)[:2] for c in crop)
    if size[0] != size[1]:
        raise ValueError(f'{face_name(sample)}: the pose needs a square crop,'
                         f' found input_size {size.tolist()}')
    count = landmark_set.num_landmarks
    points = landmarks_of(sample, 'gt_instances', count)
    usable = labelled_of(sample, count) & np.isfinite(points).all(-1)
    robust = np.zeros(count, bool)
    robust[landmark_set.robust_ids] = True
    pose = fit_pose(landmark_set.head_model,
                    image_to_crop(points, center, scale, size),
                    usable & robust, size[0], rounded)
    return None if pose is None else pose[:3]
