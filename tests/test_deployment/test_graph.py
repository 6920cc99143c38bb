"""LandmarkGraph: one function of the crops, and what it refuses."""
import copy

import numpy as np
import pytest
import small_models
import torch
from mmengine.config import ConfigDict
from mmpose.models import PoseDataPreprocessor

from spiga_mmpose.deployment import LandmarkGraph, TorchBackend
from spiga_mmpose.deployment.graph import ShuffledUp
from .conftest import pixels, preprocessed


def named(graph, crops):
    with torch.no_grad():
        found = graph.named(torch.from_numpy(crops))
    return {name: value.numpy() for name, value in found.items()}


@pytest.mark.parametrize('precision', ['fp32', 'int8'])  # not yet quantised
def test_says_what_the_model_says(model, crops, expected, precision):
    found = named(LandmarkGraph(model, precision), crops)
    assert list(found) == ['steps', 'pose', 'scores']
    assert pixels(found, expected) < 1e-3
    np.testing.assert_allclose(found['pose'], expected['pose'], atol=1e-4)
    np.testing.assert_allclose(found['scores'], expected['scores'], atol=1e-5)


@pytest.mark.parametrize('precision,bound', [('bf16', 0.3), ('fp16', 0.1)])
def test_drift_of_half_floats(model, crops, expected, precision, bound):
    found = named(LandmarkGraph(model, precision), crops)
    assert all(value.dtype == np.float32 for value in found.values())
    assert 0 < pixels(found, expected) < bound


def test_attention(model, crops):
    attention = named(LandmarkGraph(model, attention=True), crops)['attention']
    assert attention.shape == (5, 3, 1, 4, 98, 98)
    np.testing.assert_allclose(attention.sum(-1), 1, atol=1e-5)


def test_normalises_as_the_preprocessor(model, crops):
    model = copy.deepcopy(model)
    model.data_preprocessor = PoseDataPreprocessor(
        mean=[120., 110., 100.], std=[60., 58., 55.], bgr_to_rgb=True)
    with torch.no_grad():
        steps = model(preprocessed(model, crops), None, mode='tensor').steps
    found = named(LandmarkGraph(model), crops)
    assert pixels(found, dict(steps=steps.numpy())) < 1e-3


def test_no_pose_no_output():
    model = small_models.build(
        small_models.estimator(
            backbone=dict(type='ResNet', depth=18),
            head=small_models.head(
                in_channels=512, supervision=None, initial_shape='mean')))
    found = named(LandmarkGraph(model), np.zeros((1, 64, 64, 3), np.uint8))
    assert list(found) == ['steps', 'scores']


class TestRefuses:

    def test_another_head(self):
        model = small_models.build(
            small_models.estimator(head=dict(type='MultiTaskHead')))
        with pytest.raises(ValueError, match='MultiTaskHead.*GATCascadeHead'):
            LandmarkGraph(model)

    def test_a_cascade_that_is_not_trained(self, model):
        model = copy.deepcopy(model)
        model.head.record_trained(['maps', 'pose'])
        with pytest.raises(ValueError, match=r"'maps', 'pose'.*--stages"):
            LandmarkGraph(model)

    def test_a_preprocessor_that_does_not_normalise(self, model):
        model = copy.deepcopy(model)
        model.data_preprocessor = PoseDataPreprocessor()
        with pytest.raises(ValueError, match='mean and std'):
            LandmarkGraph(model)

    def test_a_pipeline_that_does_not_crop(self, model):
        model = copy.deepcopy(model)
        model.cfg.test_dataloader.dataset.pipeline = [
            ConfigDict(type='PackFaceInputs')
        ]
        with pytest.raises(ValueError, match="SPIGACrop.*'PackFaceInputs'"):
            TorchBackend(model)


def test_a_map_is_doubled_alike_by_a_shuffle():
    layer = torch.nn.ConvTranspose2d(5, 7, 2, 2)
    x = torch.rand(2, 5, 3, 4)
    with torch.no_grad():
        torch.testing.assert_close(ShuffledUp(layer)(x), layer(x))
