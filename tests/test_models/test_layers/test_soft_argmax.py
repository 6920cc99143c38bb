"""Soft-argmax: the centre of a Gaussian comes back, and a gradient."""
import numpy as np
import pytest
import torch

from spiga_mmpose.models.layers import soft_argmax
from spiga_mmpose.models.targets import draw_point_maps


def inner_points(size, border=6, num=400):
    """Unit coordinates at least ``border`` cells from the border."""
    height, width = size
    cells = torch.tensor([width, height])
    low, high = border / cells, (cells - 1 - border) / cells
    points = torch.rand(1, num, 2, generator=torch.Generator().manual_seed(0))
    return low + points * (high - low)


@pytest.mark.parametrize('kind, tolerance', [('softmax', 0.15),
                                             ('mass', 0.02)])
@pytest.mark.parametrize('size', [(64, 64), (32, 32), (40, 64)])
def test_gaussian_gives_back_its_centre(size, kind, tolerance):
    points = inner_points(size)
    maps = draw_point_maps(points, torch.ones(1, 400), size)
    found = soft_argmax(maps, kind=kind)
    error = (found - points) * torch.tensor([size[1], size[0]])
    assert error.norm(dim=-1).max() < tolerance  # cells


@pytest.mark.parametrize('kind', ['softmax', 'mass'])
def test_peak_at_cell_centre_is_unbiased(kind):
    # A symmetric map about cell (5, 3): unit is cell / size.
    maps = torch.zeros(1, 1, 7, 11)
    maps[0, 0, 3, 5], maps[0, 0, 3, 4], maps[0, 0, 3, 6] = 1, 0.5, 0.5
    expected = torch.tensor([[[5 / 11, 3 / 7]]])
    torch.testing.assert_close(
        soft_argmax(maps, kind=kind), expected, rtol=0, atol=1e-6)


def test_softmax_equals_numpy():
    maps = torch.randn(2, 3, 6, 9, generator=torch.Generator().manual_seed(1))
    mass = np.exp(5 * maps.double().numpy())
    mass /= mass.sum((2, 3), keepdims=True)
    rows, columns = np.mgrid[:6, :9]
    expected = np.stack([(mass * columns / 9).sum((2, 3)),
                         (mass * rows / 6).sum((2, 3))], -1)
    np.testing.assert_allclose(
        soft_argmax(maps, temperature=5.), expected, atol=1e-6)


def test_mass_ignores_negative_values_and_scale():
    maps = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    found = soft_argmax(maps, kind='mass')
    torch.testing.assert_close(found,
                               soft_argmax(maps.clamp(min=0) * 7, kind='mass'))


def test_map_without_mass_reads_as_its_middle():
    maps = torch.zeros(1, 2, 8, 8, requires_grad=True)
    found = soft_argmax(maps, kind='mass')
    torch.testing.assert_close(found, torch.full((1, 2, 2), 3.5 / 8))
    found.sum().backward()
    assert maps.grad.isfinite().all()


@pytest.mark.parametrize('kind', ['softmax', 'mass'])
def test_gradient_moves_the_point(kind):
    points = inner_points((32, 32), num=3)
    maps = draw_point_maps(points, torch.ones(1, 3), (32, 32))
    maps.requires_grad_()
    soft_argmax(maps, kind=kind)[0, 1, 0].backward()
    gradient = maps.grad[0]
    assert (gradient[0] == 0).all() and (gradient[2] == 0).all()
    # More mass to the right of the point moves x up, to the left down.
    row, column = (points[0, 1, 1] * 32).round(), points[0, 1, 0] * 32
    row = gradient[1, int(row)]
    assert row[int(column) + 2] > 0 and row[int(column) - 2] < 0


@pytest.mark.parametrize('kind', ['softmax', 'mass'])
def test_gradcheck(kind):
    maps = torch.rand(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda m: soft_argmax(m, 3., kind), maps)


@pytest.mark.parametrize('kind', ['softmax', 'mass'])
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(kind, dtype):
    points = inner_points((64, 64), num=5)
    maps = draw_point_maps(points, torch.ones(1, 5), (64, 64)).to(dtype)
    with torch.autocast('cpu', torch.bfloat16):
        found = soft_argmax(maps, kind=kind)
    assert found.dtype == torch.float32
    torch.testing.assert_close(
        found, soft_argmax(maps.float(), kind=kind), rtol=0, atol=0)
    # 1000 times 100 is beyond float16.
    assert soft_argmax(maps * 1000, 100., kind).isfinite().all()


def test_unknown_kind():
    with pytest.raises(ValueError, match="'softmax' or 'mass', found 'max'"):
        soft_argmax(torch.rand(1, 1, 4, 4), kind='max')
