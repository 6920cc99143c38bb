"""From a checkpoint to a model, and from boxes to faces."""
import os.path as osp
from typing import List, Optional

import numpy as np
import torch.nn as nn
from mmengine.runner import load_checkpoint
from mmpose.apis import inference_topdown, init_model
from mmpose.structures import PoseDataSample, merge_data_samples

# Faces that go through the network at once; keeps the memory of an image
# with hundreds of faces in bounds.
_BATCH = 32


def load_model(config: str, checkpoint: str, device: str) -> nn.Module:
    """Model of a config with all its weights from a checkpoint.

    ``mmpose.apis.init_model`` goes on with random numbers where a weight is
    missing or has another shape; this ends in an error. How a file is read
    safely: :mod:`spiga_mmpose.engine.checkpoint`.

    Args:
        config (str): Path of the config.
        checkpoint (str): Path of the checkpoint.
        device (str): E.g. ``'cpu'`` or ``'cuda:0'``.

    Returns:
        nn.Module: In eval mode, with ``cfg`` and ``dataset_meta``.

    Raises:
        ValueError: If a file is missing, or the checkpoint is damaged, holds
            anything but data, or does not fit the config.
    """
    for kind, path in (('config', config), ('checkpoint', checkpoint)):
        if not osp.isfile(path):
            raise ValueError(f'no {kind} file {path}')
    model = init_model(config, device=device)
    try:
        loaded = load_checkpoint(
            model, checkpoint, map_location='cpu', strict=True)
    except RuntimeError as error:
        raise ValueError(f'the checkpoint {checkpoint} does not fit the '
                         f'config {config}: {error}') from None
    except (AttributeError, IndexError, TypeError) as error:
        # What torch says of a file that is nothing of the kind.
        raise ValueError(f'{checkpoint}: not a checkpoint ({error})') from None
    meta = loaded.get('meta', {}).get('dataset_meta')
    if meta is not None:
        model.dataset_meta = meta
    return model


def estimate_faces(model: nn.Module,
                   image: np.ndarray,
                   boxes: np.ndarray,
                   scores: Optional[np.ndarray] = None) -> PoseDataSample:
    """Landmarks and, where the model has them, poses of the boxed faces.

    Args:
        model (nn.Module): Made by :func:`load_model` or
            ``mmpose.apis.init_model``.
        image (np.ndarray): (H, W, 3) BGR, uint8.
        boxes (np.ndarray): (N, 4) x1, y1, x2, y2 in image px, N at least 1.
        scores (np.ndarray, optional): (N,) of the boxes. Defaults to 1.

    Returns:
        :obj:`PoseDataSample`: One sample with ``pred_instances`` of all N
        faces; its metainfo about the crop is that of the first face.
    """
    samples = []
    for start in range(0, len(boxes), _BATCH):
        samples += inference_topdown(model, image, boxes[start:start + _BATCH])
    merged = merge_data_samples(samples)
    if scores is not None:
        merged.pred_instances.bbox_scores = np.asarray(scores, np.float32)
    return merged


def faces_to_dicts(sample: PoseDataSample, steps: bool = False) -> List[dict]:
    """Predictions as plain numbers and lists, ready for JSON.

    Args:
        sample (:obj:`PoseDataSample`): Of one or several faces.
        steps (bool): With the landmarks of each cascade step.

    Returns:
        list[dict]: Of each face ``box`` (x, y, w, h) and ``landmarks`` [[x,
        y], ...] in image px, ``box_score``, ``landmark_scores``; with a pose
        also ``pose``: yaw, pitch, roll in degrees and ``translation`` in head
        units; with ``steps`` also ``landmark_steps``. Numbers that are not
        finite become None.
    """
    faces = sample.pred_instances
    dicts = []
    for i in range(len(faces)):
        x1, y1, x2, y2 = np.asarray(faces.bboxes[i], float)
        face = dict(
            box=_plain([x1, y1, x2 - x1, y2 - y1]),
            box_score=_plain(faces.bbox_scores[i]),
            landmarks=_plain(faces.keypoints[i]),
            landmark_scores=_plain(faces.keypoint_scores[i]))
        if 'head_poses' in faces:
            yaw, pitch, roll, *translation = _plain(faces.head_poses[i])
            face['pose'] = dict(
                yaw=yaw, pitch=pitch, roll=roll, translation=translation)
        if steps and 'landmark_steps' in faces:
            face['landmark_steps'] = _plain(faces.landmark_steps[i])
        dicts.append(face)
    return dicts


def _plain(values):
    """Numbers to a thousandth as nested lists, None if not finite."""
    values = np.asarray(values, float)
    if values.ndim:
        return [_plain(row) for row in values]
    return round(float(values), 3) if np.isfinite(values) else None
