"""A landmark set: its points, mirror pairs, edges, rigid head and norms."""
import os
import os.path as osp
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Dict, List, Optional, Tuple

import numpy as np

from spiga_mmpose.geometry import CROP_PADDING, FRONTAL_POSE, project_head
from spiga_mmpose.io import read_json

_FOLDER = osp.dirname(osp.abspath(__file__))

# MMPose's names of data sets whose landmarks are those of a set here.
_MMPOSE_NAMES = {
    'wflw': 'wflw_98',
    '300w': '300w_68',
    'coco_wholebody_face': 'coco_face_68',
    'cofw': 'cofw_29',
    'aflw': 'aflw_19',
    'lapa': 'lapa_106',
}
# BGR-free RGB colours of the facial parts, as drawn everywhere.
PART_COLORS = {
    'contour': [90, 200, 250],
    'brow': [255, 179, 64],
    'nose': [175, 130, 255],
    'eye': [80, 220, 120],
    'mouth': [255, 99, 132],
    'other': [240, 240, 240],
}


@dataclass(frozen=True)
class LandmarkSet:
    """Everything the package knows about one set of L landmarks.

    Attributes:
        name (str): Short name, e.g. ``'wflw_98'``.
        num_landmarks (int): L.
        flip_pairs (list[tuple[int, int]]): Landmarks that change places when
            the image is mirrored; the others map to themselves.
        edges (dict[str, list[int]]): Name of each facial edge and the
            landmarks along it, in drawing order. The order of the edges is
            the order of the edge channels. May be empty.
        parts (dict[str, list[int]]): Facial part (a key of ``PART_COLORS``)
            and its landmarks.
        head_model (np.ndarray | None): Rigid head, (L, 3), float64, in the
            world of :mod:`spiga_mmpose.geometry` (x out of the face, y and z
            such that an upright face has its image y downwards).
        mean_shape (np.ndarray | None): Mean face, (L, 2), float64, in
            normalised coordinates of the crop of 1.6 times the longer side of
            the landmark box. Where the file has none, the head model seen
            from the front.
        robust_ids (list[int]): Landmarks that hardly move with expression;
            the pose is fitted to them.
        eye_corners (tuple[int, int] | None): Outer eye corners; their
            distance is the inter-ocular norm.
        pupils (tuple[list[int], list[int]] | None): Landmarks whose mean is
            the left and the right pupil.
        normaliser (str | None): What landmark errors of this set are divided
            by, where nothing else is asked for: one of
            :data:`spiga_mmpose.evaluation.functional.NORMS`.
        threshold (float | None): Per cent of the normaliser at which AUC and
            FR usually end.
        annotation_ids (list[int]): The ids by which annotation files in the
            authors' form name these landmarks. Where the file has none, 0 to
            L-1.
        source (str): Where the numbers come from.
    """
    name: str
    num_landmarks: int
    flip_pairs: List[Tuple[int, int]] = field(default_factory=list)
    edges: Dict[str, List[int]] = field(default_factory=dict)
    parts: Dict[str, List[int]] = field(default_factory=dict)
    head_model: Optional[np.ndarray] = None
    mean_shape: Optional[np.ndarray] = None
    robust_ids: List[int] = field(default_factory=list)
    eye_corners: Optional[Tuple[int, int]] = None
    pupils: Optional[Tuple[List[int], List[int]]] = None
    normaliser: Optional[str] = None
    threshold: Optional[float] = None
    annotation_ids: List[int] = field(default_factory=list)
    source: str = ''

    @property
    def num_edges(self) -> int:
        """Number of edges, i.e. of edge channels."""
        return len(self.edges)

    @property
    def flip_indices(self) -> np.ndarray:
        """(L,) index of the mirror partner of every landmark."""
        indices = np.arange(self.num_landmarks)
        for i, j in self.flip_pairs:
            indices[i], indices[j] = j, i
        return indices

    @property
    def edge_to_point(self) -> np.ndarray:
        """(L, E) incidence of landmarks and edges, 0 or 1, float32."""
        table = np.zeros((self.num_landmarks, self.num_edges), np.float32)
        for column, points in enumerate(self.edges.values()):
            table[points, column] = 1
        return table

    def ids_in(self, other: 'LandmarkSet') -> np.ndarray:
        """Landmarks of another set at the same places of the head.

        Args:
            other (LandmarkSet): Both sets need a rigid head.

        Returns:
            np.ndarray: (L,) index among the other's landmarks, -1 where it
            has none.
        """
        gaps = np.linalg.norm(
            self.head_model[:, None] - other.head_model[None], axis=-1)
        return np.where(gaps.min(1) < 1e-6, gaps.argmin(1), -1)

    def metainfo(self) -> dict:
        """The set as MMPose's ``dataset_info`` dict (see its docs)."""
        names = [f'{self.name}_{i}' for i in range(self.num_landmarks)]
        part_of = {i: part for part, ids in self.parts.items() for i in ids}
        colors = [PART_COLORS[part_of.get(i, 'other')]
                  for i in range(self.num_landmarks)]
        keypoint_info = {
            i: dict(
                name=names[i],
                id=i,
                color=colors[i],
                type='',
                swap=names[partner] if partner != i else '')
            for i, partner in enumerate(self.flip_indices)
        }
        links = [(a, b) for edge in self.edges.values()
                 for a, b in zip(edge[:-1], edge[1:])]
        skeleton_info = {
            i: dict(link=(names[a], names[b]), id=i, color=colors[a])
            for i, (a, b) in enumerate(links)
        }
        return dict(
            dataset_name=self.name,
            paper_info=dict(),
            keypoint_info=keypoint_info,
            skeleton_info=skeleton_info,
            joint_weights=[1.] * self.num_landmarks,
            sigmas=[])


def available_landmark_sets() -> List[str]:
    """Names of the landmark sets that ship with the package."""
    return sorted(name[:-5] for name in os.listdir(_FOLDER)
                  if name.endswith('.json'))


@lru_cache(maxsize=None)
def find_landmark_set(name: Optional[str]) -> Optional[LandmarkSet]:
    """The shipped set of the ``dataset_name`` of a metainfo: that of a set
    of this package, e.g. ``'wflw_98'``, or MMPose's, e.g. ``'wflw'``; None if
    it is of neither."""
    name = _MMPOSE_NAMES.get(name, name)
    return load_landmark_set(name) if name in available_landmark_sets() \
        else None


@lru_cache(maxsize=None)
def load_landmark_set(name_or_path: str) -> LandmarkSet:
    """Read a landmark set by the name of a shipped one or by a JSON path.

    Args:
        name_or_path (str): ``'wflw_98'``, ``'300w_68'``, ... or the path of a
            ``.json`` file with the same fields.

    Returns:
        LandmarkSet: The set, checked.

    Raises:
        ValueError: If there is no such set, or a field is missing, unknown or
            out of range. The message names the file and the field.
    """
    path = name_or_path
    if not path.endswith('.json'):
        path = osp.join(_FOLDER, f'{name_or_path}.json')
    if not osp.isfile(path):
        raise ValueError(
            f'no landmark set {name_or_path!r}: expected one of '
            f'{available_landmark_sets()} or the path of a .json file')
    return _checked(path, read_json(path))


def _checked(path: str, raw: dict) -> LandmarkSet:
    if not isinstance(raw, dict):
        raise ValueError(f'{path}: expected an object with the fields of '
                         f'LandmarkSet, found a {type(raw).__name__}')
    known = set(LandmarkSet.__dataclass_fields__)
    if 'curves' in raw:  # an older name
        raw.setdefault('edges', raw.pop('curves'))
    unknown = sorted(set(raw) - known)
    if unknown:
        raise ValueError(
            f'{path}: unknown field(s) {unknown}; known are {sorted(known)}')
    # A field that is null is as good as one that is not there.
    raw = {key: value for key, value in raw.items() if value is not None}
    for key in ('name', 'num_landmarks'):
        if key not in raw:
            raise ValueError(f'{path}: the field {key!r} is missing')
    count = raw['num_landmarks']

    def check(key, good, expected, found):
        if not good:
            raise ValueError(
                f'{path}: {key} must be {expected}, found {found!r}')

    def check_ids(key, ids, expected, least=0, most=np.inf, different=False):
        check(key, isinstance(ids, list) and least <= len(ids) <= most,
              expected, ids)
        for i in ids:
            check(f'each of {key}', _is_whole(i) and 0 <= i < count,
                  f'a landmark index from 0 to {count - 1}', i)
        check(key, not different or len(set(ids)) == len(ids),
              f'{expected}, all different', ids)
        return ids

    def check_points(key, axes):
        wanted = f'{path}: {key} must be {count} rows of {axes} finite numbers'
        try:
            points = np.asarray(raw[key], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f'{wanted}: {error}') from None
        if points.shape != (count, axes) or not np.isfinite(points).all():
            raise ValueError(f'{wanted}, found shape {points.shape}')
        raw[key] = points

    for key in ('name', 'source', 'normaliser'):
        text = raw.get(key, '')
        check(key, isinstance(text, str), 'text', text)
    check('num_landmarks', _is_whole(count) and count > 0,
          'an integer above 0', count)
    pairs = raw.get('flip_pairs', [])
    check('flip_pairs', isinstance(pairs, list), 'a list of pairs', pairs)
    raw['flip_pairs'] = [
        tuple(check_ids('flip_pairs', pair, 'a list of pairs', 2, 2))
        for pair in pairs
    ]
    paired = [i for pair in raw['flip_pairs'] for i in pair]
    twice = sorted({i for i in paired if paired.count(i) > 1})
    if twice:
        raise ValueError(f'{path}: flip_pairs holds {twice} more than once; '
                         'a landmark has one mirror partner')
    for key, least in (('edges', 2), ('parts', 0)):
        groups = raw.setdefault(key, {})
        check(key, isinstance(groups, dict), 'an object of lists', groups)
        for name, ids in groups.items():
            check_ids(f'{key}.{name}', ids,
                      f'a list of {least} or more landmark indices', least)
    unknown_parts = sorted(set(raw['parts']) - set(PART_COLORS))
    if unknown_parts:
        raise ValueError(f'{path}: unknown part(s) {unknown_parts}; known '
                         f'are {sorted(PART_COLORS)}')
    check_ids('robust_ids', raw.get('robust_ids', []),
              'a list of landmark indices', different=True)
    if 'eye_corners' in raw:
        raw['eye_corners'] = tuple(
            check_ids('eye_corners', raw['eye_corners'],
                      'two landmark indices', 2, 2, different=True))
    if 'pupils' in raw:
        wanted, pupils = 'two lists of landmark indices', raw['pupils']
        check('pupils', isinstance(pupils, list) and len(pupils) == 2,
              wanted, pupils)
        raw['pupils'] = tuple(
            check_ids('pupils', pupil, wanted, 1) for pupil in pupils)
    if 'head_model' in raw:
        check_points('head_model', 3)
    if 'mean_shape' in raw:
        check_points('mean_shape', 2)
    elif 'head_model' in raw:
        raw['mean_shape'] = _frontal_shape(raw['head_model'])
    for key in ('head_model', 'mean_shape'):
        if key in raw:
            raw[key].setflags(write=False)
    ids = raw.setdefault('annotation_ids', list(range(count)))
    check('annotation_ids',
          isinstance(ids, list) and all(map(_is_whole, ids))
          and len(ids) == len(set(ids)) == count,
          f'{count} different integers', ids)
    threshold = raw.get('threshold', 1.)
    check('threshold',
          isinstance(threshold, float) or _is_whole(threshold),
          'a number of per cent', threshold)
    return LandmarkSet(**raw)


def _is_whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _frontal_shape(head_model: np.ndarray) -> np.ndarray:
    """A rigid head (L, 3) seen from the front, in the middle of its crop:
    (L, 2) normalised coordinates."""
    points = project_head(head_model, np.array(FRONTAL_POSE))
    low, high = points.min(0), points.max(0)
    return (points - (low + high) / 2) / (
        (high - low).max() * CROP_PADDING) + 0.5
