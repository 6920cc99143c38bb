"""Faces in an image by any MMDet detector."""
import logging
import os.path as osp
from typing import Callable, Optional, Tuple

import numpy as np
import torch.nn as nn
from mmdet.apis import inference_detector, init_detector
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from mmpose.apis.inferencers.utils import default_det_models
from mmpose.evaluation.functional import nms

from spiga_mmpose.engine.checkpoint import AS_DATA
from spiga_mmpose.models.detectors import OpenCVFaceDetector
from spiga_mmpose.package_files import find_config
from .calibration import BoxCalibration
from .weights import YUNET, find_yunet

# Detectors by name: the best that can be had at once, OpenCV's cascade,
# OpenCV's YuNet, MMPose's own face detector, and none at all.
AUTO = 'auto'
DETECTORS = (AUTO, 'haar', 'yunet', 'mmpose', 'whole_image')
_AUTO_SECONDS = 5  # longest that AUTO waits for YuNet's file of 0.2 MB
_MIN_SCORE = 0.3
_MAX_OVERLAP = 0.3  # IoU; of two boxes with a higher one the better stays

# From an image (H, W, 3) BGR to boxes (N, 4) x1, y1, x2, y2 and scores (N,).
Finder = Callable[[np.ndarray], Tuple[np.ndarray, np.ndarray]]


def choose_detector(
        weights: Optional[str] = None) -> Tuple[str, Optional[str], str]:
    """The detector that ``'auto'`` stands for, and its file: ``'yunet'`` or
    ``'haar'`` and None; and a line that says which it is, and why.

    ``weights`` is YuNet's ONNX file, by default that in the user's cache,
    where it is fetched to within 5 seconds.
    """
    if weights is None:
        try:
            weights = find_yunet(_AUTO_SECONDS)
        except (ValueError, OSError) as error:
            return 'haar', None, (
                'faces are found by Haar, which takes upright frontal ones '
                f'only: {error}')
    return 'yunet', weights, 'faces are found by YuNet'


def make_finder(detector: str = AUTO, weights: Optional[str] = None,
                device: str = 'cpu',
                calibration: Optional[BoxCalibration] = None) -> Finder:
    """Function that finds the landmark boxes of the faces in an image (H, W,
    3) BGR, uint8: boxes (N, 4) x1, y1, x2, y2 in image px and scores (N,),
    best first, both float32.

    Args:
        detector (str): One of ``DETECTORS``, or the path of a config of MMDet
            whose first class is the face. ``'yunet'`` and ``'mmpose'`` fetch
            their weights once unless ``weights`` are given. ``'auto'`` is what
            :func:`choose_detector` says, and is logged.
        weights (str, optional): The detector's checkpoint; for ``'yunet'`` and
            ``'auto'`` YuNet's ONNX file.
        device (str): Of MMDet's detectors.
        calibration (BoxCalibration, optional): From the detector's boxes to
            landmark boxes. Defaults to the ``box_calibration`` of the
            detector's config, where there is one.

    Raises:
        ValueError: If there is no such detector, or its weights are missing
            and cannot be fetched.
    """
    if detector == AUTO:
        detector, weights, reason = choose_detector(weights)
        level = logging.INFO if weights else logging.WARNING
        print_log(reason, logger='current', level=level)
    model = None
    if detector != 'whole_image':
        model = _named_detector(detector, weights, device)
    if calibration is None:
        own = None if model is None else model.cfg.get('box_calibration')
        try:
            calibration = BoxCalibration(**(own or {}))
        except TypeError as error:
            raise ValueError(f'{detector}: box_calibration of the config: '
                             f'{error}') from None

    def find(image):
        if model is None:
            boxes = np.array([[0, 0, *image.shape[1::-1]]], np.float32)
            scores = np.ones(1, np.float32)
        else:
            boxes, scores = find_boxes(model, image)
        return calibration.apply(boxes), scores

    return find


def _named_detector(name: str, weights: Optional[str],
                    device: str) -> nn.Module:
    if name == 'haar':
        config = find_config('detection/haar_face.py')
    elif name == 'yunet':
        config = find_config(YUNET.config)
        weights = weights or find_yunet()
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


def load_detector(config: str, weights: Optional[str],
                  device: str) -> nn.Module:
    """Detector of an MMDet config; the current registry scope is kept.

    ``weights`` is the path or URL of the checkpoint, or the ONNX file of a
    detector that reads one (``model.onnx_file``); None if it has none. A
    config that is not there is a ``ValueError``.
    """
    if not osp.isfile(config):
        raise ValueError(f'no detector config {config}')
    config = Config.fromfile(config)
    if weights is not None and 'onnx_file' in config.model:
        config.model.onnx_file, weights = weights, None
    scope = config.get('default_scope', 'mmdet')
    with DefaultScope.overwrite_default_scope(scope):
        return init_detector(
            config, weights and f'{AS_DATA}{weights}', device=device)


def find_boxes(detector: nn.Module,
               image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Boxes (N, 4) of the first class of a detector of :func:`load_detector`,
    and scores (N,), by MMPose's usual thresholds, best first, both float32.

    OpenCV's detectors get the array itself: MMDet's pipeline would take 1.2 GB
    and 2 seconds for an image of 40 megapixels.
    """
    if isinstance(detector, OpenCVFaceDetector):
        boxes = np.column_stack(detector.find(image))
    else:
        scope = detector.cfg.get('default_scope', 'mmdet')
        with DefaultScope.overwrite_default_scope(scope):
            found = inference_detector(detector, image).pred_instances
        found = found[found.labels == 0].cpu().numpy()
        boxes = np.column_stack([found.bboxes, found.scores])
        boxes = boxes.astype(np.float32)
    boxes = boxes[boxes[:, 4] > _MIN_SCORE]
    boxes = boxes[nms(boxes, _MAX_OVERLAP)]
    return boxes[:, :4], boxes[:, 4]
