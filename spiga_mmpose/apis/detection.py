"""Faces in an image by any MMDet detector."""
import os.path as osp
from typing import Optional, Tuple

import numpy as np
import torch.nn as nn
from mmdet.apis import inference_detector, init_detector
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.evaluation.functional import nms


def load_detector(config: str, weights: Optional[str],
                  device: str) -> nn.Module:
    """Detector of an MMDet config; the current registry scope is kept.

    Args:
        config (str): Path of the config.
        weights (str, optional): Path of the checkpoint; None for a detector
            that has no weights.
        device (str): E.g. ``'cpu'`` or ``'cuda:0'``.

    Returns:
        nn.Module: For :func:`find_boxes` or MMDet's ``inference_detector``.

    Raises:
        ValueError: If there is no such config.
    """
    if not osp.isfile(config):
        raise ValueError(f'no detector config {config}')
    config = Config.fromfile(config)
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
