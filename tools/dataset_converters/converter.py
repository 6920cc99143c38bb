"""What the converters share: reading downloads, writing the authors' JSON.

What a face holds is described at :mod:`spiga_mmpose.io.face_json`.
"""
import json
import os
import os.path as osp
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
import tools_path  # noqa: F401
from command_line import OneLineParser
from tqdm import tqdm

from spiga_mmpose.geometry import (boxes_to_center_scale, fit_pose,
                                   image_to_crop)
from spiga_mmpose.io import read_text, write_all
from spiga_mmpose.io.face_json import face_row
from spiga_mmpose.landmark_sets import LandmarkSet


def make_parser(tool: str, doc: str, root: str) -> OneLineParser:
    parser = OneLineParser(osp.basename(tool), doc)
    parser.add_argument('root', help=root)
    parser.add_argument('--force', action='store_true',
                        help='write over annotations that are already there')
    return parser


def run_converter(parser: OneLineParser, convert: Callable,
                  names: Sequence[str] = ('train', 'test', 'test_subsets')
                  ) -> None:
    """Convert, then write; what is wrong becomes one line and status 2.

    ``convert`` makes of the arguments the content, faces or subsets, of each
    file below ``annotations/``; nothing is written before it ends.
    """
    args = parser.parse_args()
    try:
        need_folder(args.root)
        need_free(args, [f'annotations/{name}.json' for name in names])
        write_annotations(args.root, convert(args))
    except (ValueError, OSError) as error:
        parser.error(error)


def need_free(args, names: Sequence[str]) -> None:
    paths = [osp.join(args.root, name) for name in names]
    there = [path for path in paths if osp.exists(path)]
    if there and not args.force:
        raise ValueError(
            f'{len(there)} of {len(paths)} files to write are already there, '
            f'e.g. {there[0]}; move them, or type --force to write over them')


def progress(items: Iterable, what: str) -> tqdm:
    return tqdm(items, desc=what, unit='face', disable=None, leave=False)


def annotate(landmark_set: LandmarkSet, imgpath: str, landmarks: np.ndarray,
             visible: Optional[np.ndarray] = None,
             labelled: Optional[np.ndarray] = None, where: str = '') -> dict:
    """One face with the box and the pose as the authors' files have them.

    ``landmarks`` (L, 2) are in image px, the first pixel 0; ``visible`` (L,)
    is 1, or 0 where occluded; ``labelled`` (L,) is bool; ``where``, the file
    (and line) of the face, is for messages. The box is the tight box of the
    labelled landmarks. The pose is fitted in its crop of 1.6 times the longer
    side, 256 px, to landmarks rounded to whole pixels.
    """
    count = landmark_set.num_landmarks
    labelled = np.ones(count, bool) if labelled is None else labelled
    visible = np.ones(count) if visible is None else visible
    low, high = _tight_box(where or imgpath, landmarks[labelled])
    center, scale = boxes_to_center_scale([[*low, *high]])
    robust = np.isin(np.arange(count), landmark_set.robust_ids)
    pose = fit_pose(landmark_set.head_model,
                    image_to_crop(landmarks, center[0], scale[0], 256),
                    robust & labelled, 256, round_to_pixels=True)
    return face_row(
        imgpath, [*low.tolist(), *(high - low).tolist()],
        None if pose is None else pose.tolist(),
        [landmark_set.annotation_ids[i] for i in np.flatnonzero(labelled)],
        landmarks[labelled].tolist(), visible[labelled].astype(float).tolist())


def _tight_box(where: str, points: np.ndarray) -> Tuple[np.ndarray, ...]:
    """Corners (2,), (2,) of the box of points (N, 2), image px."""
    if not len(points):
        raise ValueError(f'{where}: no landmark is labelled')
    if not np.isfinite(points).all():
        raise ValueError(f'{where}: a landmark is NaN or infinite')
    low, high = points.min(0), points.max(0)
    if (low == high).any():
        width, height = high - low
        raise ValueError(f'{where}: expected landmarks of a face, found '
                         f'{len(points)} in a box of {width:g} x {height:g} '
                         'px')
    return low, high


def write_annotations(root: str, contents: Dict[str, object]) -> None:
    folder = osp.join(root, 'annotations')
    os.makedirs(folder, exist_ok=True)
    contents = {osp.join(folder, name): content
                for name, content in contents.items()}
    old = set(filter(osp.exists, contents))
    write_all({path: json.dumps(content)
               for path, content in contents.items()})
    for path, content in contents.items():
        unit = 'faces' if isinstance(content, list) else 'subsets'
        over = ', written over the old' if path in old else ''
        print(f'{path}: {len(content)} {unit}{over}')


def subsets_of(members: List[List[str]]) -> Dict[str, List[int]]:
    """Name -> indices of faces, from the names of each face's subsets."""
    subsets = {}
    for index, names in enumerate(members):
        for name in names:
            subsets.setdefault(name, []).append(index)
    return subsets


def read_pts(path: str, count: int) -> np.ndarray:
    text = read_text(path)
    try:
        inside = text[text.index('{') + 1:text.index('}')]
        points = np.array(inside.split(), np.float64)
    except ValueError:
        raise ValueError(f'{path} is no .pts file: expected numbers between '
                         'braces') from None
    if points.size != 2 * count or not np.isfinite(points).all():
        raise ValueError(f'{path}: expected {count} points of two finite '
                         f'numbers, found {points.size} numbers')
    return points.reshape(count, 2)


def pts_with_image(root: str, folder: str) -> List[Tuple[str, str]]:
    """The ``.pts`` files of a folder with the images beside them, by name.

    Endings may be in capitals. Mirrored copies (``*_mirror.pts``) are left
    out and counted.
    """
    place = need_folder(root, folder)
    files = {'.pts': {}, 'image': {}}
    for name in sorted(os.listdir(place)):
        stem, ending = osp.splitext(name)
        ending = ending.lower()
        kind = 'image' if ending in ('.jpg', '.jpeg', '.png') else ending
        if kind in files and files[kind].setdefault(stem, name) != name:
            raise ValueError(f'{place} has {files[kind][stem]} and {name}: '
                             'expected one of them')
    found, images = files['.pts'], files['image']
    stems = [stem for stem in found if not stem.endswith('_mirror')]
    if not stems:
        raise ValueError(f'no .pts file in {place}; '
                         'docs/data.md says how the download is laid out')
    if len(stems) < len(found):
        print(f'{place}: {len(found) - len(stems)} mirrored copies left out')
    for stem in stems:
        if stem not in images:
            raise ValueError(f'no image beside {osp.join(place, found[stem])}')
    return [(osp.join(place, found[stem]), osp.join(folder, images[stem]))
            for stem in stems]


def read_pts_folders(
        root: str, folders: Dict[str, List[str]],
        read_face: Callable[[str, str], dict]
) -> Tuple[List[dict], Dict[str, List[int]]]:
    """Faces of folders of ``.pts`` files, and their subsets.

    ``folders`` names the subsets of each; ``read_face`` gets the paths of a
    ``.pts`` file and of its image below the root.
    """
    faces, members = [], []
    for folder, subsets in folders.items():
        for pair in progress(pts_with_image(root, folder), folder):
            faces.append(read_face(*pair))
            members.append(subsets)
    return faces, subsets_of(members)


def need_folder(root: str, *parts: str) -> str:
    path = osp.join(root, *parts)
    if not osp.exists(path):
        raise ValueError(f'{path} is not there; docs/data.md says how the '
                         'download is laid out')
    return path
