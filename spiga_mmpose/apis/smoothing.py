"""Landmarks and poses of a video without jitter.

The 1 euro filter of G. Casiez, N. Roussel, D. Vogel, CHI 2012
(https://doi.org/10.1145/2207676.2208639): a low-pass filter whose cut-off
rises with the speed, so that what rests is calm and what moves is not late.

Shapes: N faces, L landmarks, S steps, D coordinates.
"""
from copy import deepcopy
from dataclasses import dataclass
from typing import Dict, Optional, Union

import numpy as np
from mmengine.structures import InstanceData

from spiga_mmpose.geometry import wrap_degrees
from .estimation import landmark_boxes


@dataclass(frozen=True)
class Smoothing:
    """Strength of the smoothing.

    Behind what moves steadily, however fast, the filter is less than 1 / (2 pi
    ``speed_gain``) units late: 1.6 % of the face with a gain of 10.
    """
    min_cutoff: float  # cut-off at rest, Hz; lower is calmer
    # Rise of the cut-off, Hz, with the speed, units a second (paper: beta).
    speed_gain: float


SMOOTHING: Dict[str, Optional[Smoothing]] = dict(
    off=None, light=Smoothing(3., 10.), strong=Smoothing(1., 5.))

# Cut-off of the speed, Hz (the paper's d_cutoff).
_SPEED_CUTOFF = 1.
# Units of a pose. A turn by 100 degrees moves the front of a head by about
# its size; the translation is in head units as it is.
_POSE_UNITS = np.array([100., 100., 100., 1., 1., 1.])


class OneEuroFilter:
    """Filter of one or many points.

    ``rate``, values a second, may be set before each value; ``value`` is what
    was returned last, None before the first.
    """

    def __init__(self, smoothing: Smoothing, rate: float) -> None:
        self.smoothing = smoothing
        self.rate = rate
        self.value = None
        self._velocity = 0.

    def __call__(self, points: np.ndarray,
                 unit: Union[float, np.ndarray] = 1.) -> np.ndarray:
        """Smoothed points (..., D); the first time the points as they are.

        The D coordinates of a point share one cut-off, so that its direction
        is kept. ``unit``, (..., 1) or one for all, is the length in which
        speed is measured.
        """
        points = np.asarray(points, np.float64)
        if self.value is None:
            self.value = points
            return points
        # As in the paper, from what was returned last, not what was given.
        change = points - self.value
        self._velocity = self._velocity + self._weight(_SPEED_CUTOFF) * (
            change * self.rate - self._velocity)
        speed = np.linalg.norm(self._velocity, axis=-1, keepdims=True) / unit
        cutoff = (
            self.smoothing.min_cutoff + self.smoothing.speed_gain * speed)
        self.value = self.value + self._weight(cutoff) * change
        return self.value

    def _weight(self, cutoff):
        """Share of the new value at a cut-off in Hz, in (0, 1)."""
        turn = 2 * np.pi * cutoff / self.rate
        return turn / (turn + 1)


class FaceSmoother:
    """Landmarks, their steps and poses of followed faces, each face alone.

    Speeds are measured in sizes of the face (square root of the area of its
    landmark box) a second, so that small and large faces are treated alike. A
    face that was away for a frame or more starts afresh. ``name`` is one of
    ``SMOOTHING``, else a ``ValueError``; ``rate`` is in frames a second.
    """

    def __init__(self, name: str, rate: float) -> None:
        if name not in SMOOTHING:
            raise ValueError(f'smoothing: expected one of '
                             f'{", ".join(SMOOTHING)}, found {name!r}')
        self.smoothing = SMOOTHING[name]
        self.rate = rate
        self._filters: Dict[int, Dict[str, OneEuroFilter]] = {}
        self._time = None

    def __call__(self, faces: InstanceData,
                 time: Optional[float] = None) -> InstanceData:
        """The faces of the next frame, smoothed: a copy with ``bboxes`` tight
        around the landmarks; the same when smoothing is off.

        Args:
            faces (:obj:`InstanceData`): Of :class:`FaceFollower`: with
                ``track_ids`` (N,), ``keypoints`` (N, L, 2) px, maybe
                ``landmark_steps`` (N, S + 1, L, 2) px and ``head_poses`` (N,
                6) yaw, pitch, roll in degrees, tx, ty, tz.
            time (float, optional): When the frame is shown, seconds, later
                than the one before. Defaults to what ``rate`` tells.
        """
        if self.smoothing is None:
            return faces
        smooth = deepcopy(faces)
        boxes = landmark_boxes(faces.keypoints)
        areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        sizes = np.maximum(np.sqrt(areas), 1)  # px
        rate = self.rate
        if time is not None and self._time is not None:
            rate = 1 / (time - self._time)
        self._time = time
        before, self._filters = self._filters, {}
        for i, track in enumerate(faces.track_ids.tolist()):
            filters = before.get(track) or {
                name: OneEuroFilter(self.smoothing, rate)
                for name in ('keypoints', 'landmark_steps', 'head_poses')
            }
            self._filters[track] = filters
            for filter_ in filters.values():
                filter_.rate = rate
            for name in ('keypoints', 'landmark_steps'):
                if name in faces:
                    smooth[name][i] = filters[name](faces[name][i], sizes[i])
            if 'head_poses' in faces:
                smooth.head_poses[i] = _smooth_pose(filters['head_poses'],
                                                    faces.head_poses[i])
        smooth.bboxes = landmark_boxes(smooth.keypoints)
        return smooth


def _smooth_pose(filter_: OneEuroFilter, pose: np.ndarray) -> np.ndarray:
    """(6,) the smoothed pose, its numbers each by themselves."""
    pose = np.asarray(pose, np.float64).copy()
    if filter_.value is not None:
        # From 179 to -179 degrees it is 2 degrees, not -358.
        last = filter_.value[:3, 0]
        pose[:3] = last + wrap_degrees(pose[:3] - last)
    smooth = filter_(pose[:, None], _POSE_UNITS[:, None])[:, 0].copy()
    smooth[:3] = wrap_degrees(smooth[:3])
    return smooth
