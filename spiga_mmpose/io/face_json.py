"""The annotation JSON of SPIGA's authors: a list of faces.

A face is a dict of

* ``imgpath``: path of its image;
* ``bbox``: x, y, width, height, image px;
* ``headpose``: yaw, pitch, roll (degrees), tx, ty, tz, or null;
* ``ids``: the labelled landmarks, as a landmark set's ``annotation_ids``;
* ``landmarks``: x, y of each id, image px;
* ``visible``: 1 of each id, or 0 where it is occluded.

(PyPI package ``spiga`` 0.0.6, ``data/loaders/alignments.py``.) Who scores a
file needs ``landmarks`` alone, and ``ids`` where not all of them are there; a
face that was not found has an empty list.
"""
from collections import Counter
from contextlib import suppress
from reprlib import repr as short
from typing import Dict, Optional, Sequence, Tuple

import numpy as np

from .arrays import as_array

_LARGEST = np.finfo(np.float32).max


def face_row(imgpath: str, bbox: Sequence[float],
             headpose: Optional[Sequence[float]],
             ids: Optional[Sequence[int]], landmarks: Sequence,
             visible: Optional[Sequence[float]] = None) -> dict:
    """A face as the file has it; ``ids`` are left out where nobody knows
    them, and all landmarks are visible by default."""
    row = dict(
        imgpath=imgpath,
        bbox=bbox,
        headpose=headpose,
        ids=ids,
        landmarks=landmarks,
        visible=[1] * len(landmarks) if visible is None else visible)
    if ids is None:
        del row['ids']
    return row


class Compact:
    """Turns the long lists of a face into arrays while the file is parsed.

    As lists of lists 100,000 faces would take many times the memory. What is
    missing or wrong is left as it is, and told when the faces are read.

    Args:
        keep_visible (bool): Keep ``visible``, which plays no part in scores.
    """

    def __init__(self, keep_visible: bool = False) -> None:
        self.keep_visible = keep_visible
        self.known_ids = {}

    def __call__(self, face: dict) -> dict:
        """The same dict, changed."""
        if not self.keep_visible:
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


class FaceReader:
    """Reads what a face holds; messages do not name it, the caller does.

    Args:
        places (dict[int, int]): Of each annotation id among the landmarks
            that are asked for, in the order of landmarks without ids; -1
            where it is none of them.
        name (str): Of the landmark set.
    """

    def __init__(self, places: Dict[int, int], name: str) -> None:
        self.places = places
        self.name = name
        self.known = {}

    def landmarks(self, face: dict) -> Tuple[np.ndarray, np.ndarray]:
        """Places (n,) and landmarks (n, 2), px, of a :class:`Compact` face.

        Raises:
            ValueError: If they are no pairs of numbers, or other landmarks
                than the set has.
        """
        points = landmarks_of(face)
        return self._places_of(face.get('ids'), len(points)), points

    def _places_of(self, ids, count):
        if ids is None:
            if count not in (0, len(self.places)):
                raise ValueError(
                    f'{count} landmarks without ids; expected the '
                    f'{len(self.places)} of {self.name}')
            return np.array(list(self.places.values())[:count], int)
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
                f'none of the {len(self.places)} of {self.name}; is it a '
                'file of another landmark set?')
        return np.array([self.places[i] for i in ids], int)


def landmarks_of(face: dict) -> np.ndarray:
    """All landmarks (n, 2), px, of a face that went through
    :class:`Compact`.

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


def finite_numbers(face: dict, key: str, *lengths: int) -> np.ndarray:
    """The numbers (n,) of a key, finite in float32, of one of the lengths.

    Raises:
        ValueError: If they are no such thing.
    """
    with suppress(ValueError):
        numbers = as_array(face[key])
        if (numbers.ndim == 1 and len(numbers) in lengths
                and (np.abs(numbers) <= _LARGEST).all()):
            return numbers
    raise ValueError(f'{key!r} must be {" or ".join(map(str, lengths))} '
                     f'finite numbers, found {short(face[key])}')
