"""Reading annotations, predictions and subset lists from files.

Two formats are known, and told apart by their content: the benchmark JSON of
SPIGA's authors (:mod:`spiga_mmpose.io.face_json`), and the data samples that
``tools/test.py --dump`` writes (:mod:`.samples`).
"""
import os.path as osp
from collections import Counter
from dataclasses import dataclass, field
from reprlib import repr as short
from typing import Dict, List, Optional

import numpy as np

from spiga_mmpose import io
from spiga_mmpose.io import LARGEST, is_valid, load_dump, read_json
from spiga_mmpose.io.face_json import Compact, FaceReader, finite_numbers
from spiga_mmpose.landmark_sets import LandmarkSet
from . import samples


@dataclass
class Faces:
    """N faces of one file, as arrays; NaN where there is nothing."""
    path: str
    landmarks: np.ndarray  # (N, L, 2) image px
    boxes: np.ndarray  # (N, 4) x1, y1, x2, y2, image px
    angles: np.ndarray  # (N, 3) yaw, pitch, roll, degrees
    names: List[Optional[str]]  # image path of each face
    labelled: np.ndarray  # (N, L) bool, which landmarks there are
    # Face indices of each subset that the file itself tells of.
    subsets: Dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self):
        return len(self.names)

    def describe(self, index: int) -> str:
        """Name of a face in messages: file, index and image."""
        name = self.names[index]
        return f'{self.path}: face {index}' + (f' ({name})' if name else '')


def load_records(path: str) -> list:
    """The entries of a results or annotation file, one dict a face.

    At least one, of benchmark JSON or dumped data samples. ValueError if the
    file is neither, damaged or empty, OSError if it cannot be read.
    """
    with open(path, 'rb') as file:
        pickled = file.read(1) == b'\x80'
    compact = Compact()
    records = load_dump(path) if pickled else read_json(path, compact)
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
    if pickled and not samples.is_sample(records[0]):
        records = list(map(compact, records))
    return records


def read_faces(path: str, records: list, landmark_set: LandmarkSet, role: str,
               rounded: bool = False) -> Faces:
    """The faces of a file as arrays.

    Args:
        path (str): The file, for messages.
        records (list[dict]): Its entries, of :func:`load_records`.
        landmark_set (LandmarkSet): L landmarks.
        role (str): ``'annotations'`` or ``'predictions'``: which half of data
            samples to read.
        rounded (bool): Fit the poses of annotations that bring none to
            landmarks rounded to whole crop px, as published.

    Raises:
        ValueError: If a face lacks its landmarks, has other landmarks than
            the set, or text, truth values or numbers that are not finite
            where there should be numbers; the message names file and face.
    """
    shape = (len(records), landmark_set.num_landmarks)
    sampled = samples.is_sample(records[0])
    key = 'img_path' if sampled else 'imgpath'
    faces = Faces(
        path=path,
        landmarks=np.full((*shape, 2), np.nan),
        boxes=np.full((len(records), 4), np.nan),
        angles=np.full((len(records), 3), np.nan),
        names=[record.get(key) for record in records],
        labelled=np.zeros(shape, bool))
    for index, name in enumerate(faces.names):
        if not (name is None or isinstance(name, str)):
            raise ValueError(f'{path}: face {index}: {key!r} must be the path '
                             f'of an image, found {short(name)}')
    if sampled:
        _fill_from_dump(faces, records, landmark_set, role, rounded)
    else:
        _fill_from_json(faces, records, landmark_set)
    bad = faces.labelled & ~is_valid(faces.landmarks).all(-1)
    if bad.any():
        index, landmark = np.argwhere(bad)[0]
        raise ValueError(
            f'{faces.describe(index)}: landmark {landmark} is '
            f'{faces.landmarks[index, landmark].tolist()}; expected finite px '
            f'of at most {LARGEST:g}')
    return faces


def read_steps(path: str, records: list,
               landmark_set: LandmarkSet) -> Optional[np.ndarray]:
    """Predicted landmarks after each step of the cascade of data samples.

    (N, S + 1, L, 2) image px, the projected head model first; None where no
    face has steps. ValueError, which names file (by its path) and face, if
    the faces have not all the same number of steps, other landmarks than the
    set, or numbers that are not finite.
    """
    steps = []
    for index, sample in enumerate(records):
        try:
            found = samples.steps_of(sample, landmark_set.num_landmarks)
        except ValueError as error:
            raise ValueError(f'{path}: face {index}: {error}') from None
        if steps and np.shape(found) != np.shape(steps[0]):
            raise ValueError(
                f'{path}: face {index} has landmark_steps of the shape '
                f'{np.shape(found)}, face 0 of {np.shape(steps[0])}')
        if found is not None and not is_valid(found).all():
            raise ValueError(f'{path}: face {index}: landmark_steps must be '
                             'finite px')
        steps.append(found)
    return None if steps[0] is None else np.stack(steps)


def _fill_from_json(faces, records, landmark_set):
    ids = landmark_set.annotation_ids
    reader = FaceReader({id: i for i, id in enumerate(ids)}, landmark_set.name)
    for index, face in enumerate(records):
        try:
            places, points = reader.landmarks(face)
            if face.get('bbox') is not None:
                faces.boxes[index] = finite_numbers(face, 'bbox', 4)
            if face.get('headpose') is not None:
                faces.angles[index] = finite_numbers(face, 'headpose', 6,
                                                     3)[:3]
        except ValueError as error:
            raise ValueError(f'{faces.describe(index)}: {error}') from None
        faces.landmarks[index, places] = points
        faces.labelled[index, places] = True
    faces.boxes[:, 2:] += faces.boxes[:, :2]


def _fill_from_dump(faces, records, landmark_set, role, rounded):
    count = landmark_set.num_landmarks
    subsets = {}
    for index, sample in enumerate(records):
        try:
            if role == 'predictions':
                part = 'pred_instances'
                angles = samples.predicted_angles(sample)
                faces.labelled[index] = True
            else:
                part = 'gt_instances'
                angles = samples.true_angles(sample, landmark_set, rounded)
                faces.labelled[index] = samples.labelled_of(sample, count)
            faces.landmarks[index] = samples.landmarks_of(sample, part, count)
            faces.boxes[index] = samples.true_box(sample)
            for name in samples.subsets_of(sample):
                subsets.setdefault(name, []).append(index)
        except ValueError as error:
            raise ValueError(f'{faces.path}: face {index}: {error}') from None
        if angles is not None:
            faces.angles[index] = angles
    faces.subsets = {name: np.array(i) for name, i in subsets.items()}


def read_subsets(path: str, num_faces: int) -> Dict[str, np.ndarray]:
    """Subset lists of a file: name -> face indices, ascending.

    ValueError as of :func:`spiga_mmpose.io.read_subsets`.
    """
    return {
        name: np.array(sorted(indices), int)
        for name, indices in io.read_subsets(path, num_faces).items()
    }


def short_names(paths: List[str]) -> List[str]:
    """Names of methods by their files: the stem, or the path if not unique.
    ValueError if a path occurs twice."""
    if len(set(paths)) != len(paths):
        raise ValueError('the same predictions are given twice: '
                         f'{Counter(paths).most_common(1)[0][0]}')
    stems = [osp.splitext(osp.basename(path))[0] for path in paths]
    return stems if len(set(stems)) == len(stems) else list(paths)
