"""Read MMPose's data samples as plain dicts, one face each.

Whatever a sample holds, these functions return what they promise, float64 and
without the axis of the one face, or raise a ``ValueError`` that names face,
field, what was expected and what was found. ``count`` is L, the number of
landmarks that is expected.
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


def _error(sample, text) -> ValueError:
    return ValueError(f'{face_name(sample)}: {text}')


def _field(sample, part, key, bools=False) -> Optional[np.ndarray]:
    """A field of the instances as an array; None where there is none."""
    instances = sample.get(part)
    if instances is None:
        return None
    if not isinstance(instances, dict):
        raise _error(sample, f'{part} must be a dict of arrays, found '
                     f'{short(instances)}')
    values = instances.get(key)
    if values is None:
        return None
    try:
        return as_array(values, bools)
    except ValueError as error:
        raise _error(sample, f'{part}.{key} {error}') from None


def _row(sample, part, key, *lengths) -> Optional[np.ndarray]:
    """A field of one row, (n,), n one of the lengths; None if empty."""
    values = _field(sample, part, key)
    if values is None or values.shape[:1] == (0, ):
        return None
    if values.shape not in [(1, length) for length in lengths]:
        shapes = ' or '.join(f'(1, {length})' for length in lengths)
        raise _error(sample, f'{part}.{key} must have the shape {shapes}, '
                     f'found {values.shape}')
    return values[0]


def num_landmarks(sample: dict) -> Optional[int]:
    """L, the number of true landmarks; None where there are none.

    ``gt_instances.keypoints`` must be (1, L, 2).
    """
    points = _field(sample, 'gt_instances', 'keypoints')
    if points is None or points.shape[:1] == (0, ):
        return None
    if points.ndim != 3 or (points.shape[0], points.shape[2]) != (1, 2):
        raise _error(sample, 'gt_instances.keypoints must have the shape '
                     f'(1, L, 2), found {points.shape}')
    return points.shape[1]


def landmarks_of(sample: dict, part: str, count: int) -> np.ndarray:
    """Landmarks (L, 2), image px, of ``'pred_instances'`` or
    ``'gt_instances'``, where they must be (1, L, 2)."""
    points = _field(sample, part, 'keypoints')
    if points is None:
        raise _error(sample, f'{part} holds no keypoints')
    if points.shape != (1, count, 2):
        raise _error(sample, f'{part}.keypoints must have the shape (1, '
                     f'{count}, 2) of this landmark set, found '
                     f'{points.shape}')
    return points[0]


def steps_of(sample: dict, count: int) -> Optional[np.ndarray]:
    """Landmarks after each step of the cascade, the head model first.

    (S + 1, L, 2), image px; None where the prediction has no
    ``landmark_steps``, which must be (1, S + 1, L, 2).
    """
    steps = _field(sample, 'pred_instances', 'landmark_steps')
    if steps is None:
        return None
    if steps.ndim != 4 or not steps.shape[1] or (
            steps.shape != (1, steps.shape[1], count, 2)):
        raise _error(sample, 'landmark_steps must have the shape (1, S+1, '
                     f'{count}, 2), found {steps.shape}')
    return steps[0]


def labelled_of(sample: dict, count: int) -> np.ndarray:
    """Mask (L,) of the labelled landmarks.

    ``gt_instances.keypoints_visible`` may be (1, L), (1, L, 1) or, with a
    weight beside, (1, L, 2), as MMPose's transforms leave it; without it all
    are labelled.
    """
    visible = _field(sample, 'gt_instances', 'keypoints_visible', bools=True)
    if visible is None:
        return np.ones(count, bool)
    found = visible.shape
    if found not in ((1, count), (1, count, 1), (1, count, 2)):
        raise _error(sample, 'gt_instances.keypoints_visible must have the '
                     f'shape (1, {count}), found {found}')
    visible = visible.reshape(count, -1)[:, 0]
    if not is_valid(visible).all():
        raise _error(sample, 'gt_instances.keypoints_visible must be finite, '
                     f'found {short(visible.tolist())}')
    return visible > 0


def true_box(sample: dict) -> np.ndarray:
    """Annotated box (4,) x1, y1, x2, y2, image px; NaN where there is none.

    ``gt_instances.annotated_bboxes`` where the crop was by another box, else
    ``bboxes``; (1, 4), finite or all NaN.
    """
    box = _row(sample, 'gt_instances', 'annotated_bboxes', 4)
    if box is None:
        box = _row(sample, 'gt_instances', 'bboxes', 4)
    if box is None or np.isnan(box).all():
        return np.full(4, np.nan)
    if not is_valid(box).all():
        raise _error(sample, 'gt_instances.bboxes must be finite px, found '
                     f'{box.tolist()}')
    return box


def subsets_of(sample: dict) -> Tuple[str, ...]:
    """Names of the subsets that the face belongs to, each once.

    ``subsets`` must be a name or a list of names.
    """
    names = sample.get('subsets')
    if names is None or isinstance(names, str):
        return (names, ) if names else ()
    if not isinstance(names, (list, tuple)) or not all(
            isinstance(name, str) and name for name in names):
        raise _error(sample, 'subsets must be a list of names, found '
                     f'{short(names)}')
    return tuple(dict.fromkeys(names))


def predicted_angles(sample: dict) -> Optional[np.ndarray]:
    """Predicted yaw, pitch, roll (3,) in degrees; None where there is none.

    ``head_poses`` must be (1, 6) or (1, 3), the angles finite.
    """
    poses = _row(sample, 'pred_instances', 'head_poses', 6, 3)
    if poses is None:
        return None
    angles = poses[:3]
    if not is_valid(angles).all():
        raise _error(sample, 'the predicted yaw, pitch, roll are '
                     f'{angles.tolist()}; expected finite degrees')
    return angles


def true_angles(sample: dict,
                landmark_set: LandmarkSet,
                rounded: bool = False) -> Optional[np.ndarray]:
    """True yaw, pitch, roll (3,), degrees.

    ``gt_instances.head_poses``, (1, 6) or (1, 3), where the data set brings
    poses; else the rigid head is fitted to the labelled robust landmarks in
    the network's crop, which must be square. None where the stored pose is
    not finite, there is no crop or no head model, or fewer than 4 valid
    landmarks.

    With ``rounded``, the landmarks are rounded to whole crop px before the
    fit, as for the poses that the authors publish (on the 256 px crop of 1.6
    times the tight box).
    """
    stored = _row(sample, 'gt_instances', 'head_poses', 6, 3)
    if stored is not None:
        return stored[:3] if is_valid(stored[:3]).all() else None
    crop = [_crop_field(sample, key) for key in ('center', 'scale', 'size')]
    if landmark_set.head_model is None or any(c is None for c in crop):
        return None
    center, scale, size = crop
    if size[0] != size[1]:
        raise _error(sample, 'the pose needs a square crop, found input_size '
                     f'{size.tolist()}')
    count = landmark_set.num_landmarks
    points = landmarks_of(sample, 'gt_instances', count)
    valid = labelled_of(sample, count) & is_valid(points).all(-1)
    valid &= np.isin(np.arange(count), landmark_set.robust_ids)
    pose = fit_pose(landmark_set.head_model,
                    image_to_crop(points, center, scale, size), valid,
                    size[0], rounded)
    return None if pose is None else pose[:3]


def _crop_field(sample, key):
    """Two numbers of the crop, (2,); None where there are none."""
    values = sample.get(f'input_{key}')
    if values is None:
        return None
    try:
        found = as_array(values).reshape(-1)
    except ValueError as error:
        raise _error(sample, f'input_{key} {error}') from None
    if found.shape != (2, ) or not is_valid(found).all() or (
            key != 'center' and found.min() <= 0):
        what = 'numbers' if key == 'center' else 'positive numbers'
        raise _error(sample, f'input_{key} must be two finite {what}, found '
                     f'{short(found.tolist())}')
    return found
