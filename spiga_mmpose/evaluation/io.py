"""Reading annotations, predictions and subset lists from files.

Two formats are known, and told apart by their content: the benchmark JSON of
SPIGA's authors, a list of faces with ``imgpath``, ``bbox`` (x, y, w, h),
``headpose`` (yaw, pitch, roll, tx, ty, tz or null), ``ids``, ``landmarks``
and ``visible``; and the data samples that ``tools/test.py --dump`` writes.
Of the JSON only ``landmarks`` is needed, with ``ids`` where not all landmarks
are there; ``visible`` tells of occlusion and plays no part in the scores.
"""
import json
import os.path as osp
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Dict, List, Optional

import numpy as np
from scipy.optimize import linear_sum_assignment

from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from . import samples
from .dumps import load_dump
from .protocols import PROTOCOLS


@dataclass
class Faces:
    """N faces of one file, as arrays.

    Attributes:
        path (str): The file.
        landmarks (np.ndarray): (N, L, 2) image px; NaN where there is none.
        boxes (np.ndarray): (N, 4) x1, y1, x2, y2, image px; NaN where none.
        angles (np.ndarray): (N, 3) yaw, pitch, roll, degrees; NaN where none.
        names (list[str | None]): Image path of each face.
        labelled (np.ndarray): (N, L) bool, which landmarks there are.
        subsets (dict[str, np.ndarray]): Name and face indices of each subset
            that the file itself tells of.
    """
    path: str
    landmarks: np.ndarray
    boxes: np.ndarray
    angles: np.ndarray
    names: List[Optional[str]]
    labelled: np.ndarray
    subsets: Dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self):
        return len(self.names)

    def describe(self, index: int) -> str:
        """How messages name a face: file, place and image."""
        name = self.names[index]
        return f'{self.path}: face {index}' + (f' ({name})' if name else '')


def load_records(path: str) -> list:
    """The entries of a results or annotation file, one dict a face.

    Args:
        path (str): Benchmark JSON or dumped data samples.

    Returns:
        list[dict]: At least one.

    Raises:
        ValueError: If the file is neither, damaged or empty.
        OSError: If it cannot be read.
    """
    with open(path, 'rb') as file:
        pickled = file.read(1) == b'\x80'
    records = load_dump(path) if pickled else _load_json(path)
    if not isinstance(records, list):
        keys = list(records)[:5] if isinstance(records, dict) else ''
        raise ValueError(f'{path}: expected a list of faces, found a '
                         f'{type(records).__name__} {keys}'.rstrip())
    if not records:
        raise ValueError(f'{path}: holds no face')
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            raise ValueError(f'{path}: face {index} is a '
                             f'{type(record).__name__}, expected a dict')
    return records


def _load_json(path, object_hook=None):
    try:
        with open(path, encoding='utf-8-sig') as file:
            return json.load(file, object_hook=object_hook or _Compact())
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: not a JSON file: {error}') from None


class _Compact:
    """Turns the long lists of a face into arrays while the file is parsed.

    As lists of lists 100,000 faces would take many times the memory.
    """

    def __init__(self):
        self.ids = {}

    def __call__(self, face):
        face.pop('visible', None)
        # What is missing or wrong is told when the faces are read.
        with suppress(KeyError, ValueError, TypeError, OverflowError):
            face['landmarks'] = np.array(face['landmarks'], np.float64)
        with suppress(KeyError, TypeError):
            ids = tuple(face['ids'])
            # Nearly all faces have the same ones: keep them once.
            face['ids'] = self.ids.setdefault(ids, ids)
        return face


def is_dump(records: list) -> bool:
    """Whether these are data samples and not faces of the benchmark JSON."""
    return 'pred_instances' in records[0] or 'gt_instances' in records[0]


def guess_dataset(records: list, path: str) -> str:
    """The first data set whose landmarks these annotations have.

    Several data sets share the 68 landmarks; then it is 300W.

    Args:
        records (list[dict]): Of :func:`load_records`.
        path (str): For the message.

    Returns:
        str: A key of ``PROTOCOLS``.

    Raises:
        ValueError: If none fits.
    """
    if is_dump(records):
        points = records[0].get('gt_instances', {}).get('keypoints', ())
        ids, count = None, np.shape(points)[1:2]
    else:
        found = [r['ids'] for r in records if isinstance(r.get('ids'), tuple)]
        ids, count = set().union(*set(found)), np.shape(
            records[0].get('landmarks'))[:1]
    for name, protocol in PROTOCOLS.items():
        landmark_set = load_landmark_set(protocol.landmark_set)
        if ids:
            fits = ids <= set(landmark_set.annotation_ids)
        else:
            fits = count == (landmark_set.num_landmarks, )
        if fits:
            return name
    raise ValueError(f'{path}: these landmarks are of no known data set; '
                     f'name one of {list(PROTOCOLS)}')


def read_faces(path: str,
               records: list,
               landmark_set: LandmarkSet,
               role: str,
               rounded: bool = False) -> Faces:
    """The faces of a file as arrays.

    Args:
        path (str): The file, for messages.
        records (list[dict]): Its entries, of :func:`load_records`.
        landmark_set (LandmarkSet): L landmarks.
        role (str): ``'annotations'`` or ``'predictions'``: which half of the
            data samples to read. For the JSON it makes no difference.
        rounded (bool): Fit the poses of annotations that bring none to
            landmarks rounded to whole crop px, as published.

    Returns:
        Faces: The faces.

    Raises:
        ValueError: If a face lacks its landmarks, has other landmarks than
            the set, or numbers that are not finite; the message names file
            and face.
    """
    shape = (len(records), landmark_set.num_landmarks)
    faces = Faces(
        path=path,
        landmarks=np.full((*shape, 2), np.nan),
        boxes=np.full((len(records), 4), np.nan),
        angles=np.full((len(records), 3), np.nan),
        names=[],
        labelled=np.zeros(shape, bool))
    if is_dump(records):
        _fill_from_dump(faces, records, landmark_set, role, rounded)
    else:
        _fill_from_json(faces, records, landmark_set)
    _check_finite(faces)
    return faces


def read_steps(path: str, records: list,
               landmark_set: LandmarkSet) -> Optional[np.ndarray]:
    """Predicted landmarks after each step of the cascade.

    Args:
        path (str): The file, for messages.
        records (list[dict]): Data samples, of :func:`load_records`.
        landmark_set (LandmarkSet): L landmarks.

    Returns:
        np.ndarray | None: (N, S + 1, L, 2) image px, the projected head
        model first; None where no face has steps.

    Raises:
        ValueError: If the faces have not all the same number of steps, other
            landmarks than the set, or numbers that are not finite; the
            message names file and face.
    """
    steps = []
    for index, sample in enumerate(records):
        try:
            found = samples.steps_of(sample, landmark_set.num_landmarks)
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f'{path}: face {index}: {error}') from None
        if steps and np.shape(found) != np.shape(steps[0]):
            raise ValueError(
                f'{path}: face {index} has landmark_steps of the shape '
                f'{np.shape(found)}, face 0 of {np.shape(steps[0])}')
        if found is not None and not np.isfinite(found).all():
            raise ValueError(f'{path}: face {index}: landmark_steps must be '
                             'finite px')
        steps.append(found)
    return None if steps[0] is None else np.stack(steps)


def _check_finite(faces):
    bad = faces.labelled & ~np.isfinite(faces.landmarks).all(-1)
    if bad.any():
        index, landmark = np.argwhere(bad)[0]
        raise ValueError(
            f'{faces.describe(index)}: landmark {landmark} is '
            f'{faces.landmarks[index, landmark].tolist()}; expected finite '
            'px')


def _fill_from_dump(faces, records, landmark_set, role, rounded):
    count = landmark_set.num_landmarks
    subsets = {}
    for index, sample in enumerate(records):
        faces.names.append(sample.get('img_path'))
        try:
            if role == 'predictions':
                part, angles = 'pred_instances', samples.predicted_angles(
                    sample)
                faces.labelled[index] = True
            else:
                part, angles = 'gt_instances', samples.true_angles(
                    sample, landmark_set, rounded)
                faces.labelled[index] = samples.labelled_of(sample, count)
            faces.landmarks[index] = samples.landmarks_of(sample, part, count)
            faces.boxes[index] = samples.true_box(sample)
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f'{faces.path}: face {index}: {error}') from None
        if angles is not None:
            faces.angles[index] = angles
        for name in samples.subsets_of(sample):
            subsets.setdefault(name, []).append(index)
    faces.subsets = {name: np.array(i) for name, i in subsets.items()}


def _fill_from_json(faces, records, landmark_set):
    columns_of = _Columns(landmark_set)
    for index, face in enumerate(records):
        faces.names.append(face.get('imgpath'))
        points = face.get('landmarks')
        try:
            if not isinstance(points, np.ndarray) or points.ndim != 2 or (
                    points.shape[1] != 2):
                raise ValueError("'landmarks' must be a list of [x, y]")
            columns = columns_of(face.get('ids'), len(points))
        except ValueError as error:
            raise ValueError(f'{faces.describe(index)}: {error}') from None
        faces.landmarks[index, columns] = points
        faces.labelled[index, columns] = True
    _fill_numbers(faces.boxes, faces, records, 'bbox', (4, ))
    faces.boxes[:, 2:] += faces.boxes[:, :2]
    _fill_numbers(faces.angles, faces, records, 'headpose', (6, 3))


def _fill_numbers(array, faces, records, key, lengths):
    """Fill rows with the first numbers of a key that faces may lack."""
    rows = [i for i, face in enumerate(records) if face.get(key) is not None]
    try:
        array[rows] = _numbers([records[i][key] for i in rows], lengths,
                               array.shape[1])
    except ValueError:  # face by face, to find and name the one
        for i in rows:
            try:
                array[i] = _numbers([records[i][key]], lengths,
                                    array.shape[1])[0]
            except ValueError:
                raise ValueError(
                    f'{faces.describe(i)}: {key!r} must be '
                    f'{" or ".join(map(str, lengths))} finite numbers'
                ) from None


def _numbers(values, lengths, count):
    if not values:
        return np.zeros((0, count))
    try:
        values = np.array(values, np.float64)
    except (TypeError, OverflowError):
        raise ValueError from None
    if (values.ndim != 2 or values.shape[1] not in lengths
            or not np.isfinite(values).all()):
        raise ValueError
    return values[:, :count]


class _Columns:
    """Places of a face's landmarks in the landmark set, remembered."""

    def __init__(self, landmark_set):
        self.set = landmark_set
        self.places = {
            name: place
            for place, name in enumerate(landmark_set.annotation_ids)
        }
        self.known = {}

    def __call__(self, ids, count):
        if ids is None:
            if count != self.set.num_landmarks:
                raise ValueError(
                    f'{count} landmarks without ids; expected the '
                    f'{self.set.num_landmarks} of {self.set.name}')
            return slice(None)
        if not isinstance(ids, tuple) or len(ids) != count:
            raise ValueError(f"{count} landmarks, but 'ids' is not a list of "
                             f'{count} ids')
        if ids not in self.known:
            self.known[ids] = self._look_up(ids)
        return self.known[ids]

    def _look_up(self, ids):
        if len(set(ids)) != len(ids):
            twice = next(i for i, n in Counter(ids).items() if n > 1)
            raise ValueError(f'landmark id {twice} occurs twice')
        unknown = [i for i in ids if i not in self.places]
        if unknown:
            raise ValueError(
                f'landmark id {unknown[0]!r} ({len(ids)} landmarks) is none '
                f'of the {len(self.places)} of {self.set.name}')
        return np.array([self.places[i] for i in ids], int)


def read_subsets(path: str, num_faces: int) -> Dict[str, np.ndarray]:
    """Read subset lists: name -> indices into the annotations.

    Args:
        path (str): JSON file with a dict of lists, or with such a dict under
            ``test_subsets``, as the ``db_info.json`` of the release has it.
        num_faces (int): Number of annotated faces.

    Returns:
        dict[str, np.ndarray]: Name and face indices, ascending.

    Raises:
        ValueError: If the file is no such thing or an index is out of range.
        OSError: If it cannot be read.
    """
    raw = _load_json(path, object_hook=dict)
    if isinstance(raw, dict) and isinstance(raw.get('test_subsets'), dict):
        raw = raw['test_subsets']
    if not isinstance(raw, dict):
        raise ValueError(f'{path}: expected subset names with lists of face '
                         f'indices, found a {type(raw).__name__}')
    subsets = {}
    for name, indices in raw.items():
        whole = isinstance(indices, list) and all(
            type(i) is int and 0 <= i < num_faces for i in indices)
        if not whole or len(set(indices)) != len(indices):
            raise ValueError(
                f'{path}: subset {name!r} must be a list of different face '
                f'indices from 0 to {num_faces - 1}')
        subsets[name] = np.array(sorted(indices), int)
    return subsets


def match_faces(predictions: Faces, annotations: Faces) -> np.ndarray:
    """Which prediction belongs to each annotated face.

    Faces in the same order stay so: no image paths in one of the files, or
    paths that agree face by face. (Paths agree when the shorter is the tail
    of the longer.) Otherwise the faces are matched by their image paths, and
    several faces of one image by the overlap of their boxes.

    Args:
        predictions (Faces): N faces.
        annotations (Faces): N faces.

    Returns:
        np.ndarray: (N,) index into the predictions.

    Raises:
        ValueError: If the numbers of faces differ, an image has not as many
            predicted as annotated faces, or faces of one image cannot be
            told apart for lack of boxes.
    """
    if len(predictions) != len(annotations):
        raise ValueError(
            f'{predictions.path}: {len(predictions)} faces, but '
            f'{annotations.path} has {len(annotations)}')
    in_order = np.arange(len(annotations))
    without = [f for f in (predictions, annotations) if not any(f.names)]
    if without:
        return in_order
    parts = []
    for faces in (predictions, annotations):
        if not all(isinstance(name, str) and name for name in faces.names):
            raise ValueError(f'{faces.path}: some faces have an image path '
                             'and some have none')
        parts.append([name.replace('\\', '/').split('/')
                      for name in faces.names])
    pairs = zip(*parts)
    if all(a[-min(len(a), len(b)):] == b[-min(len(a), len(b)):]
           for a, b in pairs):
        return in_order
    return _match_by_image(predictions, annotations, *parts)


def _match_by_image(predictions, annotations, predicted, annotated):
    # The longest tail of the paths by which both files name the same images.
    for length in range(max(map(len, predicted + annotated)), 0, -1):
        keys = [['/'.join(path[-length:]) for path in paths]
                for paths in (predicted, annotated)]
        surplus = Counter(keys[1])
        surplus.subtract(keys[0])
        unmatched = [key for key, count in surplus.items() if count > 0]
        if not unmatched:
            break
    else:
        key = unmatched[0]
        raise ValueError(
            f'{predictions.path}: {keys[0].count(key)} faces of the image '
            f'{key!r}, but {annotations.path} has {keys[1].count(key)} '
            f'({len(unmatched)} images do not match)')
    found = {}
    for index, key in enumerate(keys[0]):
        found.setdefault(key, []).append(index)
    groups = {}
    for index, key in enumerate(keys[1]):
        groups.setdefault(key, []).append(index)
    match = np.zeros(len(annotations), int)
    for key, members in groups.items():
        candidates = np.array(found[key])
        if len(members) > 1:
            overlap = _overlaps(annotations.boxes[members],
                                predictions.boxes[candidates])
            if not np.isfinite(overlap).all():
                raise ValueError(
                    f'{predictions.path}: {len(members)} faces of the image '
                    f'{key!r} are not in the order of {annotations.path} and '
                    'have no boxes to tell them apart')
            candidates = candidates[linear_sum_assignment(-overlap)[1]]
        match[members] = candidates
    return match


def _overlaps(first, second):
    """Intersection over union of all pairs of boxes, (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), -1)
    area = [np.prod(boxes[:, 2:] - boxes[:, :2], -1)
            for boxes in (first, second)]
    with np.errstate(invalid='ignore'):  # no area, or no boxes: NaN
        return common / (area[0][:, None] + area[1][None] - common)


def short_names(paths: List[str]) -> List[str]:
    """Names of methods by their files: the stem, or the path if not unique.

    Raises:
        ValueError: If a path occurs twice.
    """
    if len(set(paths)) != len(paths):
        raise ValueError('the same predictions are given twice: '
                         f'{Counter(paths).most_common(1)[0][0]}')
    stems = [osp.splitext(osp.basename(path))[0] for path in paths]
    return stems if len(set(stems)) == len(stems) else list(paths)
