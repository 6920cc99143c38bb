"""Faces in an image by any MMDet detector."""
import os.path as osp
from functools import partial
from typing import Callable, Optional, Tuple

import numpy as np
import torch.nn as nn
from mmdet.apis import inference_detector, init_detector
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.apis.inferencers.utils import default_det_models
from mmpose.evaluation.functional import nms

from .calibration import BoxCalibration
from .inputs import find_config

# Detectors by name: OpenCV's cascade, OpenCV's YuNet, MMPose's own face
# detector, and none at all.
DETECTORS = ('haar', 'yunet', 'mmpose', 'whole_image')

# From an image (H, W, 3) BGR to boxes (N, 4) x1, y1, x2, y2 and scores (N,).
Finder = Callable[[np.ndarray], Tuple[np.ndarray, np.ndarray]]


def make_finder(detector: str = 'haar',
                weights: Optional[str] = None,
                device: str = 'cpu',
                calibration: Optional[BoxCalibration] = None) -> Finder:
    """Function that finds the landmark boxes of the faces in an image.

    Args:
        detector (str): One of ``DETECTORS``, or the path of a config of MMDet
            whose first class is the face. ``'mmpose'`` downloads its
            checkpoint once unless ``weights`` are given.
        weights (str, optional): The detector's checkpoint; for ``'yunet'``
            its ONNX file.
        device (str): E.g. ``'cpu'`` or ``'cuda:0'``.
        calibration (BoxCalibration, optional): From the detector's boxes to
            landmark boxes. Defaults to the ``box_calibration`` of the
            detector's config, where there is one.

    Returns:
        Callable: From an image (H, W, 3) BGR, uint8, to boxes (N, 4) x1, y1,
        x2, y2 in image px and scores (N,), best first, both float32.

    Raises:
        ValueError: If there is no such detector or it lacks its weights.
    """
    if detector == 'whole_image':
        detect, own = _whole_image, None
    else:
        model = _named_detector(detector, weights, device)
        detect, own = partial(find_boxes, model), model.cfg.get(
            'box_calibration')
    if calibration is None:
        try:
            calibration = BoxCalibration(**(own or {}))
        except TypeError as error:
            raise ValueError(f'{detector}: box_calibration of the config: '
                             f'{error}') from None

    def find(image):
        boxes, scores = detect(image)
        return calibration.apply(boxes), scores

    return find


def _named_detector(name: str, weights: Optional[str],
                    device: str) -> nn.Module:
    if name in ('haar', 'yunet'):
        config = find_config(f'detection/{name}_face.py')
    elif name == 'mmpose':
        config = default_det_models['face']['model']
        weights = weights or default_det_models['face']['weights']
    else:
        config = name
        if weights is None and not osp.isfile(config):
            raise ValueError(
                f'no detector config {config}: expected one of '
                f'{", ".join(DETECTORS)}, or the path of a config of MMDet '
                'with its weights (--det-weights)')
    try:
        model = load_detector(config, weights, device)
    except (AttributeError, NameError, SyntaxError) as error:
        raise ValueError(
            f'{config}: not the config of a detector: {error}') from None
    if weights is None and next(model.parameters(), None) is not None:
        raise ValueError(f'the detector {config} needs its weights '
                         '(--det-weights)')
    return model


def _whole_image(image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    box = np.array([[0, 0, *image.shape[1::-1]]], np.float32)
    return box, np.ones(1, np.float32)


def load_detector(config: str, weights: Optional[str],
                  device: str) -> nn.Module:
    """Detector of an MMDet config; the current registry scope is kept.

    Args:
        config (str): Path of the config.
        weights (str, optional): Path or URL of the checkpoint, or the ONNX
            file of a detector that reads one (``model.onnx_file``); None for
            a detector that has no weights.
        device (str): E.g. ``'cpu'`` or ``'cuda:0'``.

    Returns:
        nn.Module: For :func:`find_boxes` or MMDet's ``inference_detector``.

    Raises:
        ValueError: If there is no such config.
    """
    if not osp.isfile(config):
        raise ValueError(f'no detector config {config}')
    config = Config.fromfile(config)
    if weights is not None and 'onnx_file' in config.model:
        config.model.onnx_file, weights = weights, None
    scope = config.get('default_scope', 'mmdet')
    with DefaultScope.overwrite_default_scope(scope):
        return init_detector(config, weights, device=device)


def find_boxes(detector: nn.Module,
               image: np.ndarray,
               min_score: float = 0.3,
               max_overlap: float = 0.3) -> Tuple[np.ndarray, np.ndarray]:
    """Boxes of the detector's first class, with MMPose's usual thresholds.

    Args:
        detector (nn.Module): Made by :func:`load_detector`.
        image (np.ndarray): (H, W, 3) BGR, uint8.
        min_score (float): Boxes must score more than this.
        max_overlap (float): Of two boxes with a higher IoU the better stays.

    Returns:
        tuple: boxes (N, 4) x1, y1, x2, y2 in image px, and scores (N,), best
        first, both float32. N may be 0.
    """
    scope = detector.cfg.get('default_scope', 'mmdet')
    with DefaultScope.overwrite_default_scope(scope):
        found = inference_detector(detector, image).pred_instances
    found = found[(found.labels == 0) & (found.scores > min_score)]
    found = found.cpu().numpy()
    boxes = np.column_stack([found.bboxes, found.scores]).astype(np.float32)
    boxes = boxes[nms(boxes, max_overlap)]
    return boxes[:, :4], boxes[:, 4]
