"""Drawn faces as a network's pipeline crops them.

Shape alphabet: N faces, L landmarks.
"""
from typing import NamedTuple, Optional

import numpy as np
import torch.nn as nn
from mmpose.registry import DATASETS

from spiga_mmpose.evaluation.functional import (face_nme, norm_lengths,
                                                normalized_errors)
from spiga_mmpose.geometry import image_to_crop

# Drawn for no training and no test.
_SEED = 77
_CANVAS = 256  # px


class Crops(NamedTuple):
    """Crops of drawn faces.

    Args:
        images (np.ndarray): (N, size, size, 3) uint8, BGR.
        landmarks (np.ndarray, optional): (N, L, 2) unit; None where the drawn
            faces have no labels of the network's landmark set.
    """
    images: np.ndarray
    landmarks: Optional[np.ndarray]


def face_settings(model: nn.Module, count: int) -> dict:
    """Config of a data set of drawn faces, cropped as the model's test.

    Args:
        model (nn.Module): Of :func:`~spiga_mmpose.apis.load_model`.
        count (int): Faces.

    Returns:
        dict: For MMPose's registry. Its landmark set is the model's, where
        the drawn faces are labelled with it.
    """
    settings = dict(
        type='SyntheticFaceDataset',
        num_faces=count,
        seed=_SEED,
        image_size=_CANVAS,
        test_mode=True,
        pipeline=model.cfg.test_dataloader.dataset.pipeline)
    labelled = dict(settings, landmark_set=model.head.landmark_set.name)
    try:
        DATASETS.build(labelled)
    except ValueError:  # it has no labels of this set
        return settings
    return labelled


def draw_crops(model: nn.Module, count: int) -> Crops:
    """Faces that no training has seen, cropped as the config tests.

    Args:
        model (nn.Module): Of :func:`~spiga_mmpose.apis.load_model`.
        count (int): N.

    Returns:
        Crops: The same for every call.
    """
    settings = face_settings(model, count)
    faces = DATASETS.build(settings)
    samples = [faces[i] for i in range(count)]
    images = np.stack([
        sample['inputs'].permute(1, 2, 0).numpy() for sample in samples
    ])
    landmarks = None
    if 'landmark_set' in settings:
        landmarks = np.stack(
            [_in_unit(sample['data_samples']) for sample in samples])
    return Crops(images, landmarks)


def _in_unit(sample) -> np.ndarray:
    """(L, 2) true landmarks of a packed face."""
    points = sample.gt_instances.keypoints[0]
    return image_to_crop(points, sample.input_center, sample.input_scale, 1.)


def box_nme(found: np.ndarray, true: np.ndarray) -> float:
    """NME of the faces over the size of their landmark boxes, per cent.

    Args:
        found (np.ndarray): (N, L, 2).
        true (np.ndarray): (N, L, 2), in the same unit.
    """
    labelled = np.ones(true.shape[:2], bool)
    lengths = norm_lengths('lnd_bbox', true, labelled)
    errors = normalized_errors(found, true, labelled, lengths)
    return float(face_nme(errors).mean())
