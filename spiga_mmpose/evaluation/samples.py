"""Read MMPose's data samples as plain dicts, one face each.

Whatever a sample holds, these functions return what they promise or raise a
``ValueError`` that names face, field, what was expected and what was found.
"""
from reprlib import repr as short
from typing import Optional, Tuple

import numpy as np

from spiga_mmpose.geometry import fit_pose, image_to_crop
from spiga_mmpose.io import as_array, is_valid
from spiga_mmpose.landmark_sets import LandmarkSet

_PARTS = ('pred_instances', 'gt_instances')


def is_sample(record: dict) -> bool:
    """Return whether this is a data sample, not the benchmark's JSON."""
    return any(part in record for part in _PARTS)


def face_name(sample: dict) -> str:
    """Name of a face in messages: its image path, where it has one."""
    return str(sample.get('img_path') or 'a face without img_path')


def _field(sample, part, key, bools=False) -> Optional[np.ndarray]:
    """A field of the instances as an array; None where there is none."""
    instances = sample.get(part)
    if instances is None:
        return None
    if not isinstance(instances, dict):
        raise ValueError(f'{face_name(sample)}: {part} must be a dict of '
                         f'arrays, found {short(instances)}')
    values = instances.get(key)
    if values is None:
        return None
    try:
        return as_array(values, bools)
    except ValueError as error:
        raise ValueError(
            f'{face_name(sample)}: {part}.{key} {error}') from None


def _row(sample, part, key, *lengths) -> Optional[np.ndarray]:
    """A field of one row, (n,), n one of the lengths; None if empty."""
    values = _field(sample, part, key)
    if values is None or values.shape[:1] == (0, ):
        return None
    if values.shape not in [(1, length) for length in lengths]:
        shapes = ' or '.join(f'(1, {length})' for length in lengths)
        raise ValueError(f'{face_name(sample)}: {part}.{key} must have the '
                         f'shape {shapes}, found {values.shape}')
    return values[0]


def num_landmarks(sample: dict) -> Optional[int]:
    """L, the number of true landmarks; None where there are none.

    Args:
        sample (dict): The data sample.

    Returns:
        int | None: L.

    Raises:
        ValueError: If ``gt_instances.keypoints`` is no array (1, L, 2).
    """
    points = _field(sample, 'gt_instances', 'keypoints')
    if points is None or points.shape[:1] == (0, ):
        return None
    if points.ndim != 3 or (points.shape[0], points.shape[2]) != (1, 2):
        raise ValueError(f'{face_name(sample)}: gt_instances.keypoints must '
                         f'have the shape (1, L, 2), found {points.shape}')
    return points.shape[1]


def landmarks_of(sample: dict, part: str, count: int) -> np.ndarray:
    """Landmarks of the one face of a sample.

    Args:
        sample (dict): The data sample.
        part (str): ``'pred_instances'`` or ``'gt_instances'``.
        count (int): L, the landmarks that are expected.

    Returns:
        np.ndarray: (L, 2) image px, float64.

    Raises:
        ValueError: If there are none, or they are no array (1, L, 2).
    """
    points = _field(sample, part, 'keypoints')
    if points is None:
        raise ValueError(f'{face_name(sample)}: {part} holds no keypoints')
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
        ValueError: If they are no array (1, S + 1, L, 2).
    """
    steps = _field(sample, 'pred_instances', 'landmark_steps')
    if steps is None:
        return None
    shape = steps.shape
    if steps.ndim != 4 or (shape[0], *shape[2:]) != (1, count, 2) or (
            not shape[1]):
        raise ValueError(f'{face_name(sample)}: landmark_steps must have the '
                         f'shape (1, S+1, {count}, 2), found {steps.shape}')
    return steps[0]


def labelled_of(sample: dict, count: int) -> np.ndarray:
    """Mask of the labelled landmarks of the one face of a sample.

    Args:
        sample (dict): The data sample. Its ``gt_instances.keypoints_visible``
            may be (1, L), (1, L, 1) or, with a weight beside, (1, L, 2), as
            MMPose's transforms leave it; without it all are labelled.
        count (int): L.

    Returns:
        np.ndarray: (L,) bool.

    Raises:
        ValueError: If the shape is none of these, or a number not finite.
    """
    visible = _field(sample, 'gt_instances', 'keypoints_visible', bools=True)
    if visible is None:
        return np.ones(count, bool)
    found = visible.shape
    if found not in ((1, count), (1, count, 1), (1, count, 2)):
        raise ValueError(f'{face_name(sample)}: gt_instances.'
                         f'keypoints_visible must have the shape (1, {count})'
                         f', found {found}')
    visible = visible.reshape(count, -1)[:, 0]
    if not is_valid(visible).all():
        raise ValueError(f'{face_name(sample)}: gt_instances.'
                         'keypoints_visible must be finite, found '
                         f'{short(visible.tolist())}')
    return visible > 0


def true_box(sample: dict) -> np.ndarray:
    """Annotated box (4,) x1, y1, x2, y2, image px; NaN where there is none.

    ``gt_instances.annotated_bboxes`` where the crop was by another box, else
    ``bboxes``.

    Raises:
        ValueError: If it is no array (1, 4) of finite numbers, or of NaN.
    """
    box = _row(sample, 'gt_instances', 'annotated_bboxes', 4)
    if box is None:
        box = _row(sample, 'gt_instances', 'bboxes', 4)
    if box is None or np.isnan(box).all():
        return np.full(4, np.nan)
    if not is_valid(box).all():
        raise ValueError(f'{face_name(sample)}: gt_instances.bboxes must be '
                         f'finite px, found {box.tolist()}')
    return box


def subsets_of(sample: dict) -> Tuple[str, ...]:
    """Names of the subsets that the face belongs to, each once.

    Raises:
        ValueError: If ``subsets`` is no name and no list of names.
    """
    names = sample.get('subsets')
    if names is None or isinstance(names, str):
        return (names, ) if names else ()
    if not isinstance(names, (list, tuple)) or not all(
            isinstance(name, str) and name for name in names):
        raise ValueError(f'{face_name(sample)}: subsets must be a list of '
                         f'names, found {short(names)}')
    return tuple(dict.fromkeys(names))


def predicted_angles(sample: dict) -> Optional[np.ndarray]:
    """Predicted yaw, pitch, roll (3,) in degrees; None where there is none.

    Raises:
        ValueError: If they are not finite, or ``head_poses`` is no array
            (1, 6) or (1, 3).
    """
    poses = _row(sample, 'pred_instances', 'head_poses', 6, 3)
    if poses is None:
        return None
    angles = poses[:3]
    if not is_valid(angles).all():
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
        finite, there is no crop or no head model, or fewer than 4 valid
        landmarks.

    Raises:
        ValueError: If the stored pose is no array (1, 6) or (1, 3), the
            landmarks do not fit the set, or the crop is damaged or not
            square.
    """
    stored = _row(sample, 'gt_instances', 'head_poses', 6, 3)
    if stored is not None:
        return stored[:3] if is_valid(stored[:3]).all() else None
    crop = [_crop_field(sample, key) for key in ('center', 'scale', 'size')]
    if landmark_set.head_model is None or any(c is None for c in crop):
        return None
    center, scale, size = crop
    if size[0] != size[1]:
        raise ValueError(f'{face_name(sample)}: the pose needs a square crop,'
                         f' found input_size {size.tolist()}')
    count = landmark_set.num_landmarks
    points = landmarks_of(sample, 'gt_instances', count)
    valid = labelled_of(sample, count) & is_valid(points).all(-1)
    robust = np.zeros(count, bool)
    robust[landmark_set.robust_ids] = True
    pose = fit_pose(landmark_set.head_model,
                    image_to_crop(points, center, scale, size),
                    valid & robust, size[0], rounded)
    return None if pose is None else pose[:3]


def _crop_field(sample, key):
    """Two numbers of the crop, (2,); None where there are none."""
    values = sample.get(f'input_{key}')
    if values is None:
        return None
    try:
        found = as_array(values).reshape(-1)
    except ValueError as error:
        raise ValueError(
            f'{face_name(sample)}: input_{key} {error}') from None
    if found.shape != (2, ) or not is_valid(found).all() or (
            key != 'center' and found.min() <= 0):
        what = 'numbers' if key == 'center' else 'positive numbers'
        raise ValueError(f'{face_name(sample)}: input_{key} must be two '
                         f'finite {what}, found {short(found.tolist())}')
    return found
