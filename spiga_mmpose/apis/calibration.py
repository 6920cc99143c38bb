"""Calibration: a detector's boxes to landmark boxes, by shift and scale.

The network is trained on the tight box of the landmarks, and every detector
draws its boxes in its own way; docs/boxes.md says what that costs.
"""
from dataclasses import dataclass
from typing import Tuple

import numpy as np
import torch
from mmpose.structures.bbox import bbox_overlaps

from spiga_mmpose.io import read_json


@dataclass(frozen=True)
class BoxCalibration:
    """Shift and scale for the boxes of one detector."""
    # What the centre moves by: right in widths, down in heights of the box.
    shift: Tuple[float, float] = (0., 0.)
    scale: Tuple[float, float] = (1., 1.)  # factors on width and height

    def __post_init__(self):
        for name in ('shift', 'scale'):
            values = getattr(self, name)
            try:
                array = np.asarray(values, np.float64)
            except (TypeError, ValueError):
                array = np.empty(0)
            if array.shape != (2, ) or not np.isfinite(array).all() or (
                    name == 'scale' and (array <= 0).any()):
                raise ValueError(
                    f'box calibration: {name} must be two finite numbers'
                    f'{" above 0" if name == "scale" else ""} (of width and '
                    f'height), found {values!r}')
            object.__setattr__(self, name, tuple(array.tolist()))

    def apply(self, boxes: np.ndarray) -> np.ndarray:
        """Landmark boxes (N, 4) for the detector's: x1, y1, x2, y2, px."""
        sizes = boxes[:, 2:] - boxes[:, :2]
        centers = boxes[:, :2] + sizes * (0.5 + np.array(self.shift))
        halves = sizes * np.array(self.scale) / 2
        return np.concatenate([centers - halves, centers + halves],
                              axis=1).astype(boxes.dtype)


def fit_calibration(detected: np.ndarray,
                    landmark_boxes: np.ndarray) -> BoxCalibration:
    """The median shift and scale from detected boxes (N, 4) to the tight boxes
    (N, 4) of the true landmarks of the same faces; x1, y1, x2, y2, px.

    Up to half the faces may have boxes that are far off. No face, or a box
    without area, is a ``ValueError``.
    """
    if not len(detected) or len(detected) != len(landmark_boxes):
        raise ValueError(
            'a calibration needs as many detected as landmark boxes, at least '
            f'one; found {len(detected)} and {len(landmark_boxes)}')
    centers, sizes = _split(detected)
    true_centers, true_sizes = _split(landmark_boxes)
    if not ((sizes > 0).all() and (true_sizes > 0).all()):
        raise ValueError('a calibration needs boxes with x1 < x2 and y1 < y2')
    return BoxCalibration(
        tuple(np.median((true_centers - centers) / sizes, axis=0)),
        tuple(np.median(true_sizes / sizes, axis=0)))


def box_errors(boxes: np.ndarray, landmark_boxes: np.ndarray) -> dict:
    """Errors of boxes (N, 4) against the landmark boxes of the same N >= 1
    faces.

    Medians over the faces: ``iou``; ``center``, the distance of the centres
    over the longer side of the landmark box; ``size``, the ratio of the longer
    sides (what the crop follows). And mean and standard deviation of the
    centre's error right and down in these longer sides, ``shift`` and
    ``shift_sd`` (two numbers each), and of the ratio, ``scale`` and
    ``scale_sd``.
    """
    centers, sizes = _split(boxes)
    true_centers, true_sizes = _split(landmark_boxes)
    longer = true_sizes.max(1)
    shifts = (centers - true_centers) / longer[:, None]
    ratio = sizes.max(1) / longer
    overlaps = bbox_overlaps(
        torch.as_tensor(boxes, dtype=torch.float64),
        torch.as_tensor(landmark_boxes, dtype=torch.float64), is_aligned=True)
    return dict(iou=float(np.median(overlaps)),
                center=float(np.median(np.linalg.norm(shifts, axis=1))),
                size=float(np.median(ratio)), shift=shifts.mean(0).tolist(),
                shift_sd=shifts.std(0).tolist(), scale=float(ratio.mean()),
                scale_sd=float(ratio.std()))


def left_out_boxes(detected: np.ndarray,
                   landmark_boxes: np.ndarray) -> np.ndarray:
    """Each of N >= 2 detected boxes, calibrated by the other faces alone, for
    :func:`box_errors` on faces that the fit has not seen."""
    everyone = np.arange(len(detected))
    return np.concatenate([
        fit_calibration(detected[everyone != i],
                        landmark_boxes[everyone != i]).apply(detected[i:i + 1])
        for i in everyone
    ])


def load_calibration(path: str) -> BoxCalibration:
    """Read the ``shift`` and ``scale`` that
    ``tools/analysis_tools/calibrate_boxes.py`` wrote; a file that cannot be
    read or is no calibration is a ``ValueError`` that names it."""
    content = read_json(path)
    try:
        return BoxCalibration(content['shift'], content['scale'])
    except (KeyError, TypeError):
        raise ValueError(f'{path}: not a box calibration: expected an object '
                         "with 'shift' and 'scale'") from None
    except ValueError as error:
        raise ValueError(f'{path}: not a box calibration: {error}') from None


def _split(boxes: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Centres (N, 2) and sizes (N, 2), px, float64."""
    boxes = np.asarray(boxes, np.float64)
    return (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
