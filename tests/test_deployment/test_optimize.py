"""optimize_for_inference: less work, the same numbers."""
import copy
import subprocess
import sys

import numpy as np
import pytest
import small_models
import torch
import torch.nn as nn

from spiga_mmpose.deployment import optimize, optimize_for_inference
from spiga_mmpose.models.layers import Float32, Residual
from .conftest import SIZE

NORMS = nn.modules.batchnorm._BatchNorm


def drift(model, optimized, count=3):
    """Largest move of a landmark, px of a crop of 256."""
    image = torch.rand(count, 3, SIZE, SIZE)
    with torch.no_grad():
        wanted = model(image, None, mode='tensor')
        found = optimized(image, None, mode='tensor')
    assert found.steps.dtype == found.poses.dtype == torch.float32
    return (found.steps - wanted.steps).norm(dim=-1).max().item() * 256


def test_fp32_leaves_landmarks_where_they_were(model):
    assert drift(model, optimize_for_inference(model)) < 1e-3


def test_the_given_model_stays_as_it_is(model):
    before = copy.deepcopy(model.state_dict())
    optimize_for_inference(model, bf16=True)
    after = model.state_dict()
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert torch.equal(after[name], value)
    assert 'forward' not in vars(model)


def test_only_the_first_norm_of_a_residual_is_left(model):
    optimized = optimize_for_inference(model)
    left = [m for m in optimized.modules() if isinstance(m, NORMS)]
    first = [m.bn1 for m in optimized.modules() if isinstance(m, Residual)]
    assert set(left) == set(first)
    assert len(left) < len(
        [m for m in model.modules() if isinstance(m, NORMS)]) / 2


def test_pose_of_earlier_stacks_is_dropped():
    model = small_models.build(
        small_models.estimator(
            backbone=small_models.backbone(shared_pose_layer=False)))
    optimized = optimize_for_inference(model)
    branches = optimized.backbone.pose_branches
    assert not list(branches[0].parameters())
    assert not list(optimized.backbone.pose_layers[0].parameters())
    assert list(branches[1].parameters())
    assert drift(model, optimized) < 1e-3


def test_stock_backbone():
    head = small_models.head(
        in_channels=512,
        supervision=None,
        pose_regressor=dict(
            type='FeaturePoseRegressor', in_channels=512, channels=8))
    model = small_models.build(
        small_models.estimator(
            backbone=dict(type='ResNet', depth=18), head=head))
    optimized = optimize_for_inference(model)
    assert not any(isinstance(m, NORMS) for m in optimized.modules())
    assert drift(model, optimized) < 1e-3


def test_bf16_keeps_coordinates_in_fp32(model):
    optimized = optimize_for_inference(model, bf16=True)
    down = optimized.backbone.hourglasses[0].down[0]
    assert down.weight.dtype == torch.bfloat16
    for island in optimized.modules():
        if isinstance(island, Float32):
            assert all(p.dtype == torch.float32 for p in island.parameters())
    # A coordinate in bf16 would be off by half a pixel by itself.
    assert 0 < drift(model, optimized) < 0.3


def test_without_bf16_in_the_processor_it_says_so(model, monkeypatch):
    monkeypatch.setattr(optimize, '_processor_has_bf16', lambda: False)
    with pytest.warns(UserWarning, match='no bfloat16.*float32'):
        optimized = optimize_for_inference(model, bf16=True)
    assert drift(model, optimized) < 1e-3


def test_predicts_through_mmpose(model):
    from mmpose.apis import inference_topdown
    image = np.random.default_rng(1).integers(0, 256, (90, 80, 3), np.uint8)
    wanted, found = (
        inference_topdown(m, image, [[10, 10, 70, 80]])[0].pred_instances
        for m in (model, optimize_for_inference(model)))
    np.testing.assert_allclose(found.keypoints, wanted.keypoints, atol=1e-3)
    np.testing.assert_allclose(found.head_poses, wanted.head_poses, atol=1e-3)


@pytest.mark.slow
def test_compiled(files, repo):
    """Another batch size must do too. In a process of its own: what it
    compiles is loaded into the process, beside whatever other tests have
    loaded there."""
    program = """
import sys, torch
from spiga_mmpose.apis import load_model
from spiga_mmpose.deployment import optimize_for_inference
model = load_model(*sys.argv[1:], 'cpu')
optimized = optimize_for_inference(model, compile=True)
for count in (2, 3):
    image = torch.rand(count, 3, 64, 64)
    with torch.no_grad():
        wanted = model(image, None, mode='tensor').steps
        found = optimized(image, None, mode='tensor').steps
    print((found - wanted).norm(dim=-1).max().item() * 256)
"""
    done = subprocess.run([sys.executable, '-c', program, *files],
                          cwd=repo,
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    drifts = [float(line) for line in done.stdout.split()[-2:]]
    assert len(drifts) == 2 and max(drifts) < 1e-3
