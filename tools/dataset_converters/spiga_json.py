"""Writing the annotation format of SPIGA's authors; reading ``.pts`` files.

Helper of the converters beside it. What a face holds is described at
:class:`spiga_mmpose.datasets.SPIGAJsonDataset`.
"""
import json
import os
import os.path as osp
from typing import Dict, List, Optional

import numpy as np

from spiga_mmpose.geometry import (boxes_to_center_scale, fit_pose,
                                   image_to_crop)
from spiga_mmpose.landmark_sets import LandmarkSet


def face_row(landmark_set: LandmarkSet,
             imgpath: str,
             landmarks: np.ndarray,
             visible: Optional[np.ndarray] = None,
             labelled: Optional[np.ndarray] = None) -> dict:
    """One face: with the box and the pose as the authors' files have them.

    The box is the tight box of the labelled landmarks. The pose is fitted in
    its crop of 1.6 times the longer side, 256 px, to landmarks rounded to
    whole pixels.

    Args:
        landmark_set (LandmarkSet): With annotation_ids.
        imgpath (str): Path of the image, relative to the data root.
        landmarks (np.ndarray): (L, 2) image px, first pixel 0.
        visible (np.ndarray, optional): (L,) 1, or 0 where occluded. Defaults
            to all visible.
        labelled (np.ndarray, optional): (L,) bool. Defaults to all.

    Returns:
        dict: The face.
    """
    count = landmark_set.num_landmarks
    labelled = np.ones(count, bool) if labelled is None else labelled
    visible = np.ones(count) if visible is None else visible
    low = landmarks[labelled].min(0)
    high = landmarks[labelled].max(0)
    center, scale = boxes_to_center_scale([[*low, *high]], 1.6)
    robust = np.zeros(count, bool)
    robust[landmark_set.robust_ids] = True
    pose = fit_pose(
        landmark_set.head_model,
        image_to_crop(landmarks, center[0], scale[0], 256),
        robust & labelled,
        256,
        round_to_pixels=True)
    return dict(
        imgpath=imgpath,
        bbox=[*low.tolist(), *(high - low).tolist()],
        headpose=None if pose is None else pose.tolist(),
        ids=[landmark_set.annotation_ids[i] for i in np.flatnonzero(labelled)],
        landmarks=landmarks[labelled].tolist(),
        visible=[float(v) for v in visible[labelled]])


def write_json(content, path: str) -> None:
    """Write a JSON file, its folder with it, and say so."""
    os.makedirs(osp.dirname(path), exist_ok=True)
    with open(path, 'w') as file:
        json.dump(content, file)
    unit = 'faces' if isinstance(content, list) else 'subsets'
    print(f'{path}: {len(content)} {unit}')


def subsets_of(members: List[List[str]]) -> Dict[str, List[int]]:
    """Name -> indices of faces, from the names of each face's subsets."""
    subsets = {}
    for index, names in enumerate(members):
        for name in names:
            subsets.setdefault(name, []).append(index)
    return subsets


def read_pts(path: str, count: int) -> np.ndarray:
    """Points of a ``.pts`` file, as they are written.

    Args:
        path (str): The file: header lines, points between braces.
        count (int): Expected number of points.

    Returns:
        np.ndarray: (count, 2).

    Raises:
        ValueError: If there are no braces, or other than ``count`` points of
            two finite numbers between them. It names the file.
    """
    with open(path) as file:
        text = file.read()
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


def image_beside(path: str) -> Optional[str]:
    """Path of the image with the name of a ``.pts`` file, or None."""
    stem = osp.splitext(path)[0]
    for ending in ('.jpg', '.png', '.JPG', '.jpeg'):
        if osp.isfile(stem + ending):
            return stem + ending
    return None


def need_folder(root: str, *parts: str) -> str:
    """Path of a folder or file of the download.

    Raises:
        ValueError: If it is not there.
    """
    path = osp.join(root, *parts)
    if not osp.exists(path):
        raise ValueError(f'{path} is not there; docs/data.md says how the '
                         'download is laid out')
    return path
