"""Reading the benchmark JSON of SPIGA's authors, a list of faces.

A face is a dict of ``imgpath``, ``bbox`` (x, y, w, h), ``headpose`` (yaw,
pitch, roll, tx, ty, tz or null), ``ids``, ``landmarks`` and ``visible``. Only
``landmarks`` is needed, with ``ids`` where not all landmarks are there; a face
without any has an empty list. ``visible`` tells of occlusion and plays no part
in the scores.
"""
from collections import Counter
from contextlib import suppress
from reprlib import repr as short
from typing import Sequence

import numpy as np

from spiga_mmpose.io import as_array, is_valid
from spiga_mmpose.landmark_sets import LandmarkSet


class Compact:
    """Turns the long lists of a face into arrays while the file is parsed.

    As lists of lists 100,000 faces would take many times the memory. What is
    missing or wrong is left as it is, and told when the faces are read.
    """

    def __init__(self):
        self.known_ids = {}

    def __call__(self, face: dict) -> dict:
        """The same dict, changed."""
        face.pop('visible', None)
        with suppress(KeyError, ValueError):
            face['landmarks'] = as_array(face['landmarks'])
        ids = face.get('ids')
        # True is an id no more than '1' is, though it equals 1.
        if isinstance(ids, list) and set(map(type, ids)) <= {int}:
            ids = tuple(ids)
            # Nearly all faces have the same ones: keep them once.
            face['ids'] = self.known_ids.setdefault(ids, ids)
        return face


def landmarks_of(face: dict) -> np.ndarray:
    """The landmarks of a face that went through :class:`Compact`.

    Args:
        face (dict): Of the benchmark JSON.

    Returns:
        np.ndarray: (n, 2) image px, as many as the face has.

    Raises:
        ValueError: If they are no list of pairs of numbers.
    """
    points = face.get('landmarks')
    if isinstance(points, np.ndarray):
        if points.ndim == 2 and points.shape[1] == 2:
            return points
        if points.shape == (0, ):
            return points.reshape(0, 2)
    raise ValueError("'landmarks' must be a list of [x, y], px; "
                     f'{_first_bad(points)}')


def _first_bad(points):
    if isinstance(points, np.ndarray):
        points = points.tolist()
    for place, point in enumerate(points if isinstance(points, list) else ()):
        with suppress(ValueError):
            if isinstance(point, list) and as_array(point).shape == (2, ):
                continue
        return f'landmark {place} is {short(point)}'
    return f'found {short(points)}'


def fill(faces, records: Sequence[dict], landmark_set: LandmarkSet) -> None:
    """Fill the rows of all faces but for their names.

    Args:
        faces (Faces): N empty faces, of :mod:`.face_files`, with names.
        records (Sequence[dict]): N faces that went through :class:`Compact`.
        landmark_set (LandmarkSet): L landmarks.

    Raises:
        ValueError: If a face lacks its landmarks, has other landmarks than
            the set, or a box or pose that is no list of finite numbers; the
            message names file and face.
    """
    columns_of = _Columns(landmark_set)
    for index, face in enumerate(records):
        try:
            points = landmarks_of(face)
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
    if not rows:
        return
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
                    f'{" or ".join(map(str, lengths))} finite numbers, found '
                    f'{short(records[i][key])}') from None


def _numbers(values, lengths, count):
    values = as_array(values)
    if (values.ndim != 2 or values.shape[1] not in lengths
            or not is_valid(values).all()):
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
            if count not in (0, self.set.num_landmarks):
                raise ValueError(
                    f'{count} landmarks without ids; expected the '
                    f'{self.set.num_landmarks} of {self.set.name}')
            return slice(count)
        if not isinstance(ids, tuple):
            raise ValueError("'ids' must be a list of integers, found "
                             f'{short(ids)}')
        if len(ids) != count:
            raise ValueError(f'{count} landmarks, but {len(ids)} ids')
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
                f'landmark id {short(unknown[0])} ({len(ids)} landmarks) is '
                f'none of the {len(self.places)} of {self.set.name}')
        return np.array([self.places[i] for i in ids], int)
