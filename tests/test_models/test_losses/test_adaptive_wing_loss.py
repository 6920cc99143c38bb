"""AWing: hand-computed values, the stock loss, masks, precision."""
import numpy as np
import pytest
import torch
from mmpose.models.losses import AdaptiveWingLoss
from mmpose.registry import MODELS

from spiga_mmpose.models.losses import WeightedAdaptiveWingLoss
from spiga_mmpose.models.losses.adaptive_wing_loss import weight_maps


def plain(**kwargs):
    return WeightedAdaptiveWingLoss(weight_map=False, **kwargs)


def one_cell(output, target, **kwargs):
    """Loss and gradient of a map of one cell."""
    output = torch.tensor([[[[output]]]], requires_grad=True)
    loss = plain(**kwargs)(output, torch.tensor([[[[target]]]]))
    loss.backward()
    return loss.item(), output.grad.item()


def by_the_paper(output, target, alpha=2.1, omega=14, epsilon=1, theta=0.5):
    """Equation 3 of the AWing paper, in float64."""
    d, e = np.abs(output - target), alpha - target
    ratio = theta / epsilon
    slope = omega * (1 / (1 + ratio**e)) * e * ratio**(e - 1) / epsilon
    shift = theta * slope - omega * np.log(1 + ratio**e)
    return np.where(d < theta, omega * np.log(1 + (d / epsilon)**e),
                    slope * d - shift)


def maps(seed=0, shape=(2, 3, 8, 8)):
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(shape, generator=generator)
    output = target + 0.5 * torch.randn(shape, generator=generator)
    return output, target


# Small errors: 14 log(1 + 0.25^2.1) and 14 log(1 + 0.1^1.1), with slopes
# 14 * 2.1 * 0.25^1.1 / (1 + 0.25^2.1) and 14 * 1.1 * 0.1^0.1 / (1 + 0.1^1.1).
# Above 0.5, with r = 0.5^2.1 = 0.233258: slope 14 * 2.1 * 2 r / (1 + r), and
# half of it plus 14 log(1 + r) = 2.935235.
@pytest.mark.parametrize('output, target, loss, slope', [
    (0.25, 0., 0.741731, 6.068370),
    (0.9, 1., 1.070100, -11.332484),
    (1., 0., 8.495946, 11.121421),
    (-1., 0., 8.495946, -11.121421),
    (0.3, 0.3, 0., 0.),
    (1., 1., 0., 0.),
])
def test_hand_computed(output, target, loss, slope):
    found, gradient = one_cell(output, target)
    assert found == pytest.approx(loss, abs=2e-5)
    assert gradient == pytest.approx(slope, abs=2e-5)


def test_continuous_where_the_line_begins():
    for target in (0., 0.4, 1.):
        below, slope_below = one_cell(target + 0.49999, target)
        above, slope_above = one_cell(target + 0.50001, target)
        assert above - below == pytest.approx(2e-5 * slope_above, abs=1e-5)
        assert slope_above == pytest.approx(slope_below, rel=1e-4)


@pytest.mark.parametrize('constants', [
    dict(),
    dict(alpha=2.5, omega=5., epsilon=0.3, theta=0.7),
    dict(epsilon=2., theta=1.),
])
def test_equals_the_paper_and_the_stock_loss(constants):
    output, target = maps()
    output.requires_grad_()
    loss = plain(**constants)(output, target)
    expected = by_the_paper(output.detach().double().numpy(),
                            target.double().numpy(), **constants).mean()
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    gradient, = torch.autograd.grad(loss, output)
    stock = AdaptiveWingLoss(**constants)(output, target)
    assert loss.item() == pytest.approx(stock.item(), rel=1e-5)
    torch.testing.assert_close(gradient, torch.autograd.grad(stock, output)[0])


@pytest.mark.parametrize('weight_map', [False, True])
def test_gradcheck(weight_map):
    output, target = maps(1, (2, 2, 3, 4))
    weights = torch.tensor([[1., 0], [0.5, 1]])
    loss = WeightedAdaptiveWingLoss(weight_map=weight_map, loss_weight=3.)
    output, target = output.double().requires_grad_(), target.double()
    assert torch.autograd.gradcheck(lambda x: loss(x, target, weights), output)


def test_weight_map_by_hand():
    target = torch.zeros(1, 5, 6)
    target[0, 1, 2] = 0.2
    target[0, 4, 5] = 0.19
    expected = torch.ones(1, 5, 6)
    expected[0, :3, 1:4] = 11
    torch.testing.assert_close(weight_maps(target), expected)


def test_weight_map_is_threshold_of_dilation():
    target = maps(2, (3, 2, 9, 7))[1].flatten(0, 1) * 0.25
    dilated = torch.nn.functional.max_pool2d(target, 3, 1, 1)
    expected = 1 + 10 * (dilated >= 0.2).float()
    assert 0 < (expected > 1).float().mean() < 1
    torch.testing.assert_close(weight_maps(target), expected)


def test_weight_map_weighs_cells():
    output, target = maps(3)
    cells = by_the_paper(output.double().numpy(), target.double().numpy())
    weights = weight_maps(target.flatten(0, 1)).view_as(target).numpy()
    loss = WeightedAdaptiveWingLoss()(output, target)
    assert loss.item() == pytest.approx((cells * weights).mean(), rel=1e-5)


def test_masked_maps_do_not_count():
    output, target = maps(4)
    weights = torch.tensor([[1., 0, 1], [0, 0, 1]])
    valid = weights.bool()
    loss = WeightedAdaptiveWingLoss()
    expected = loss(output[valid][None], target[valid][None])
    output[~valid], target[~valid] = float('nan'), float('inf')
    output.requires_grad_()
    found = loss(output, target, weights)
    found.backward()
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert (output.grad[~valid] == 0).all()
    assert (output.grad[valid] != 0).all()
    boolean = loss(output, target, valid)
    assert boolean.item() == found.item()


def test_soft_weights_weigh_the_loss():
    output, target = maps(5)
    loss = WeightedAdaptiveWingLoss()
    each = torch.tensor([[
        loss(output[b:b + 1, k:k + 1], target[b:b + 1, k:k + 1])
        for k in range(3)
    ] for b in range(2)])
    weights = torch.tensor([[1., 0.5, 0], [0.2, 1, 0.3]])
    assert loss(output, target, weights).item() == pytest.approx(
        ((each * weights).sum() / weights.sum()).item(), rel=1e-5)


def test_use_target_weight_false_ignores_weights():
    output, target = maps(6)
    loss = WeightedAdaptiveWingLoss(use_target_weight=False)
    weights = torch.tensor([[1., 0, 1], [0, 0, 1]])
    assert loss(output, target, weights) == loss(output, target)


def test_nothing_valid_gives_0_with_a_graph():
    output, target = maps(7)
    output.requires_grad_()
    loss = WeightedAdaptiveWingLoss()(output, target, torch.zeros(2, 3))
    loss.backward()
    assert loss.item() == 0 and (output.grad == 0).all()


def test_no_error_gives_no_gradient():
    target = maps(8)[1]
    output = target.clone().requires_grad_()
    loss = WeightedAdaptiveWingLoss()(output, target)
    loss.backward()
    assert abs(loss.item()) < 1e-30 and (output.grad == 0).all()


def test_tiny_and_huge_errors_are_finite():
    for dtype in (torch.float32, torch.float64):
        output = torch.tensor([1e-38, 1e-20, 1e-7, 1., 1e4, 1e30], dtype=dtype)
        output = output.view(1, 1, 2, 3).requires_grad_()
        for target in (0., 1.):
            loss = plain()(output, torch.full_like(output, target))
            gradient, = torch.autograd.grad(loss, output)
            assert loss.isfinite() and gradient.isfinite().all()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    output, target = maps(9)
    half = output.to(dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    loss = WeightedAdaptiveWingLoss()
    with torch.autocast('cpu', torch.bfloat16):
        found = loss(half, target)
    expected = loss(full, target)
    (found * 1024).backward()
    (expected * 1024).backward()
    assert found.dtype == torch.float32 and half.grad.dtype == dtype
    assert found.item() == expected.item()
    torch.testing.assert_close(half.grad, full.grad.to(dtype))


def test_parts_that_fit_the_cache_add_up(monkeypatch):
    output, target = maps(10, (3, 5, 8, 8))
    weights = torch.rand(3, 5)
    output.requires_grad_()
    loss = WeightedAdaptiveWingLoss()
    whole = loss(output, target, weights)
    gradient, = torch.autograd.grad(whole, output)
    monkeypatch.setattr(
        'spiga_mmpose.models.losses.adaptive_wing_loss._CELLS_IN_CACHE', 100)
    parts = loss(output, target, weights)
    assert parts.item() == pytest.approx(whole.item(), rel=1e-6)
    torch.testing.assert_close(torch.autograd.grad(parts, output)[0], gradient)


def test_loss_weight_and_registry():
    output, target = maps(11)
    built = MODELS.build(
        dict(type='WeightedAdaptiveWingLoss', loss_weight=50.))
    assert isinstance(built, AdaptiveWingLoss)
    assert built(output, target).item() == pytest.approx(
        50 * WeightedAdaptiveWingLoss()(output, target).item(), rel=1e-6)


@pytest.mark.parametrize(
    'constants',
    [dict(alpha=1.9),
     dict(omega=0),
     dict(epsilon=-1.),
     dict(theta=0)])
def test_wrong_constants(constants):
    with pytest.raises(ValueError, match=next(iter(constants))):
        WeightedAdaptiveWingLoss(**constants)


def test_wrong_shapes():
    loss = WeightedAdaptiveWingLoss()
    with pytest.raises(ValueError, match='of one shape'):
        loss(torch.rand(1, 2, 4, 4), torch.rand(1, 3, 4, 4))
    with pytest.raises(ValueError, match='target_weights must be of shape'):
        loss(torch.rand(1, 2, 4, 4), torch.rand(1, 2, 4, 4), torch.ones(1, 3))
