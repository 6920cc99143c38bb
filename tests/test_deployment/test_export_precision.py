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


def test_what_is_lowered():
    """Not the stem and the last field; all else of size, and the windows."""
    model = small_models.build(small_models.estimator())  # two stacks
    parameters = dict(LandmarkGraph(model, 'bf16').named_parameters())
    wide, low = torch.float32, torch.bfloat16
    for name, dtype in {
            'backbone.stem.2.conv1.weight': wide,
            'backbone.hourglasses.0.skip.conv1.weight': low,
            'backbone.hourglasses.1.skip.conv1.weight': low,
            'backbone.fields.0.0.conv1.weight': low,
            'backbone.fields.1.0.0.conv1.weight': wide,
            'backbone.attention.1.points.weight': low,
            'head.steps.2.visual.layer.weight': low,
            'head.steps.2.offset.0.weight': wide,
    }.items():
        assert parameters[f'estimator.{name}'].dtype == dtype, name
