"""Match predicted faces to annotated ones."""
from collections import Counter
from typing import List, Tuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from spiga_mmpose.io import image_path
from spiga_mmpose.landmark_sets import LandmarkSet
from .face_files import Faces

# All pairs of an image's boxes are compared. No photograph has more faces:
# an image path of more is a placeholder.
_MAX_FACES = 2000
_MAX_PAIRS = 200_000  # at a time, so that memory grows with the faces only


def match_faces(predictions: Faces, annotations: Faces) -> np.ndarray:
    """Index (N,) of the prediction of each of N annotated faces.

    Where one of the files has no image paths, faces are taken in order. Else
    images are matched: face by face where the paths of both files agree in
    order (the shorter is the tail of the longer), and by name otherwise.
    Several faces of one image are then told apart by their boxes, such that
    the sum of the overlaps (intersection over union) is the largest. Where a
    face of the image has no box with an area, they keep their order if the
    files agree in order.

    Raises:
        ValueError: If the numbers of faces differ, an image has not as many
            predicted as annotated faces or more than 2000, only some faces
            have an image path, or the faces of one image cannot be told
            apart: a box is missing or overlaps none that is left for it.
    """
    if len(predictions) != len(annotations):
        raise ValueError(
            f'{predictions.path}: {len(predictions)} faces, but '
            f'{annotations.path} has {len(annotations)}')
    both = (predictions, annotations)
    if not all(any(faces.names) for faces in both):
        return np.arange(len(annotations))
    paths = [_split_paths(faces) for faces in both]
    ordered = all(a[-len(b):] == b[-len(a):] for a, b in zip(*paths))
    if ordered:
        keys = ['/'.join(max(pair, key=len)) for pair in zip(*paths)]
        keys = [keys, keys]
    else:
        keys = _common_keys(*both, *paths)
    match, images = _by_image(*keys)
    for members in images:
        _tell_apart(*both, match, members, ordered)
    return match


def check_predicted(predictions: Faces, annotations: Faces, match: np.ndarray,
                    landmark_set: LandmarkSet,
                    allow_missed: bool = False) -> None:
    """ValueError unless every annotated landmark is predicted.

    It names file, face and landmark. The match is that of
    :func:`match_faces`; with ``allow_missed`` faces without any predicted
    landmark pass.
    """
    predicted = predictions.labelled[match]
    missing = annotations.labelled & ~predicted
    if allow_missed:
        missing &= predicted.any(1, keepdims=True)
    if missing.any():
        index, landmark = np.argwhere(missing)[0]
        raise ValueError(
            f'{predictions.describe(match[index])}: landmark '
            f'{landmark_set.annotation_ids[landmark]} is annotated but not '
            'predicted')


def _split_paths(faces):
    for index, name in enumerate(faces.names):
        if not name:
            raise ValueError(
                f'{faces.path}: face {index} has no image path, but other '
                'faces have one; give all of them a path, or none')
    return [image_path(name).split('/') for name in faces.names]


def _common_keys(predictions, annotations, predicted, annotated):
    """The longest tails of the paths by which both files name all images."""
    longest = min(max(map(len, predicted)), max(map(len, annotated)))
    for length in range(longest, 0, -1):
        keys = [['/'.join(path[-length:]) for path in paths]
                for paths in (predicted, annotated)]
        surplus = Counter(keys[1])
        surplus.subtract(keys[0])
        unmatched = [key for key, count in surplus.items() if count > 0]
        if not unmatched:
            return keys
    key = unmatched[0]
    raise ValueError(
        f'{predictions.path}: {keys[0].count(key)} faces of the image '
        f'{key!r}, but {annotations.path} has {keys[1].count(key)} '
        f'({len(unmatched)} images do not match)')


def _by_image(predicted: List[str],
              annotated: List[str]) -> Tuple[np.ndarray, List[np.ndarray]]:
    """Match (N,) by image, those of one image in order.

    And for each number n > 1 of faces in an image the annotated faces of all
    such images, (images, n).
    """
    numbers = {}
    predicted, annotated = (
        np.array([numbers.setdefault(key, len(numbers)) for key in keys])
        for keys in (predicted, annotated))
    order = np.argsort(annotated, kind='stable')
    match = np.zeros(len(annotated), int)
    match[order] = np.argsort(predicted, kind='stable')
    sizes = np.bincount(annotated)
    starts = np.cumsum(sizes) - sizes
    return match, [
        order[starts[sizes == size][:, None] + np.arange(size)]
        for size in np.unique(sizes[sizes > 1])
    ]


def _tell_apart(predictions, annotations, match, members, ordered):
    """Change the match of annotated faces (images, n) to what their boxes say.

    ``ordered``: the order may stand where there are no boxes.
    """
    size = members.shape[1]
    if size > _MAX_FACES:
        face = members[0, 0]
        raise ValueError(
            f'{annotations.describe(face)}: {size} faces have this image '
            f'path, at most {_MAX_FACES} can be told apart; if the files are '
            'in the same order, leave out the image paths of one')
    boxed = (_has_box(annotations.boxes[members])
             & _has_box(predictions.boxes[match[members]])).all(1)
    if not ordered and not boxed.all():
        face = members[boxed.argmin(), 0]
        raise ValueError(
            f'{predictions.path}: {size} faces of the image '
            f'{annotations.names[face]!r} are not in the order of '
            f'{annotations.path} and have no boxes to tell them apart')
    members = members[boxed]
    step = max(1, _MAX_PAIRS // size**2)
    for start in range(0, len(members), step):
        part = members[start:start + step]
        match[part] = _assign(predictions, annotations, match[part], part)


def _has_box(boxes):
    return (boxes[..., 2:] > boxes[..., :2]).all(-1)  # False for NaN


def _assign(predictions, annotations, candidates, members):
    """The candidates (images, n) in the order of the members (images, n)."""
    overlaps = _overlaps(annotations.boxes[members],
                         predictions.boxes[candidates])
    in_order = np.diagonal(overlaps, axis1=1, axis2=2)
    # A face that overlaps its neighbour more than itself makes an image doubt.
    doubtful = (in_order < overlaps.max(2)).any(1)
    columns = np.tile(np.arange(members.shape[1]), (len(members), 1))
    for image in np.flatnonzero(doubtful):
        columns[image] = linear_sum_assignment(overlaps[image], True)[1]
    candidates = np.take_along_axis(candidates, columns, 1)
    pairs = np.take_along_axis(overlaps, columns[..., None], 2)[..., 0]
    apart = np.argwhere(pairs == 0)
    if len(apart):
        image, face = apart[0]
        raise ValueError(
            f'{predictions.describe(candidates[image, face])}: its box does '
            f'not overlap face {members[image, face]} of {annotations.path}, '
            f'the one of the {members.shape[1]} faces of this image that is '
            'left for it; fix the box, or leave out all boxes of the '
            'predictions if both files are in the same order')
    return candidates


def _overlaps(first, second):
    """Intersection over union of all pairs, (images, n, 4) -> (images, n, n),
    of boxes with an area."""
    first, second = first[:, :, None], second[:, None]
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    common = np.prod(np.clip(high - low, 0, None), -1)
    areas = [np.prod(boxes[..., 2:] - boxes[..., :2], -1)
             for boxes in (first, second)]
    return common / (areas[0] + areas[1] - common)
