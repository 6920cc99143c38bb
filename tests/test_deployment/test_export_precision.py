"""Which parts of the exported graph compute in the lower type."""
import small_models
import torch
import torch.nn as nn

from spiga_mmpose.deployment import LandmarkGraph
from spiga_mmpose.deployment.graph import ChannelAffine


def test_norms_round_once():
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(16).eval()
    norm.running_mean.normal_(3, 1)
    norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 16, 8, 8).bfloat16()
    with torch.no_grad():
        found = ChannelAffine(norm)(x)
        wanted = norm(x.float()).bfloat16()
    assert found.dtype == torch.bfloat16
    assert (found == wanted).float().mean() > 0.99


def test_lowered_are_maps_and_window_layers(model):
    """Of one stack; the hourglasses before the last are lowered too."""
    parameters = LandmarkGraph(model, 'bf16').named_parameters()
    lowered = {
        name
        for name, value in parameters if value.dtype == torch.bfloat16
    }
    maps = 'estimator.backbone.attention.0'
    assert lowered == {
        *[f'{maps}.{kind}.weight' for kind in ('points', 'edges', 'maps')],
        *[
            f'estimator.head.steps.{step}.visual.layer.{kind}'
            for step in range(3) for kind in ('weight', 'bias')
        ]
    }


def test_hourglasses_before_the_last_are_lowered():
    model = small_models.build(small_models.estimator())  # two of them
    parameters = dict(LandmarkGraph(model, 'bf16').named_parameters())
    hourglass = 'estimator.backbone.hourglasses'
    assert parameters[f'{hourglass}.0.skip.conv1.weight'].dtype == \
        torch.bfloat16
    assert parameters[f'{hourglass}.1.0.skip.conv1.weight'].dtype == \
        torch.float32
