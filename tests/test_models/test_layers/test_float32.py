"""Layers that autocast leaves alone."""
import pytest
import torch
import torch.nn as nn

from spiga_mmpose.models.layers import Float32Linear, Float32Sequential


@pytest.fixture
def rows():
    torch.manual_seed(0)
    return torch.rand(5, 8)


def test_float32_under_autocast(rows):
    layer = Float32Linear(8, 3)
    layers = Float32Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert nn.Linear(8, 3)(rows).dtype == torch.bfloat16
        inside = layer(rows), layers(rows)
    for found, wanted in zip(inside, (layer(rows), layers(rows))):
        assert found.dtype == torch.float32
        assert torch.equal(found, wanted)


def test_takes_half_floats_and_leaves_doubles(rows):
    layer = Float32Linear(8, 3)
    assert layer(rows.bfloat16()).dtype == torch.float32
    assert layer.double()(rows.double()).dtype == torch.float64


def test_names_of_the_weights_are_those_of_the_parents():
    assert Float32Linear(8, 3).state_dict().keys() == nn.Linear(
        8, 3).state_dict().keys()
    parts = nn.Linear(8, 4), nn.BatchNorm1d(4)
    assert Float32Sequential(*parts).state_dict().keys() == nn.Sequential(
        *parts).state_dict().keys()
