"""Synthetic faces that no training has seen, as a config's test crops them.

Shape alphabet: N faces, L landmarks.
"""
from typing import Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmpose.registry import DATASETS

from spiga_mmpose.geometry import image_to_crop


def synthetic_dataset(config: Config, count: int) -> dict:
    """Config of N faces; without ``landmark_set`` where they are not labelled
    with the landmarks of the config."""
    dataset = dict(
        type='SyntheticFaceDataset',
        num_faces=count,
        seed=77,  # of no training and no test
        image_size=256,
        test_mode=True,
        pipeline=config.test_dataloader.dataset.pipeline)
    name = config.model.head.get('landmark_set', 'wflw_98')
    try:
        DATASETS.build(dict(dataset, landmark_set=name))
    except ValueError:
        return dataset
    return dict(dataset, landmark_set=name)


def make_crops(config: Config,
               count: int) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    dataset = synthetic_dataset(config, count)
    faces = list(DATASETS.build(dataset))
    crops = torch.stack([face['inputs'] for face in faces])
    samples = [face['data_samples'] for face in faces]
    true = np.stack([
        image_to_crop(sample.gt_instances.keypoints[0], sample.input_center,
                      sample.input_scale, 1.) for sample in samples
    ])
    return (crops.permute(0, 2, 3, 1).contiguous().numpy(),
            true if 'landmark_set' in dataset else None)
