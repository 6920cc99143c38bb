"""Batches arrive as the pipeline packed them."""
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from small_models import build, estimator, pipeline
from torch.utils.data import DataLoader

from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.engine import collate_faces


@pytest.mark.parametrize('workers', [0, 1])
def test_batches_equal_those_of_the_default(workers):
    faces = SyntheticFaceDataset(4, image_size=64, pipeline=pipeline())
    expected = pseudo_collate([faces[i] for i in range(4)])
    batch, = DataLoader(
        faces, 4, num_workers=workers, collate_fn=collate_faces)
    assert torch.equal(batch['inputs'], torch.stack(expected['inputs']))
    for found, sample in zip(batch['data_samples'],
                             expected['data_samples']):
        assert found.metainfo.keys() == sample.metainfo.keys()
        for name, value in sample.gt_instance_labels.items():
            assert torch.equal(found.gt_instance_labels[name], value), name
        for name, value in sample.gt_instances.items():
            assert np.array_equal(found.gt_instances[name], value), name


def test_the_model_takes_both_alike():
    faces = SyntheticFaceDataset(2, image_size=64, pipeline=pipeline())
    samples = [faces[i] for i in range(2)]
    model = build(estimator())
    first, second = (
        model.test_step(collate(samples))
        for collate in (collate_faces, pseudo_collate))
    for a, b in zip(first, second):
        assert np.array_equal(a.pred_instances.keypoints,
                              b.pred_instances.keypoints)
