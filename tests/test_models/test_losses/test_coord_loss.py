"""SmoothL1CoordLoss against torch's smooth L1 of the valid landmarks."""
import pytest
import torch
import torch.nn.functional as F
from mmpose.registry import MODELS

from spiga_mmpose.models.losses import SmoothL1CoordLoss


def coordinates(seed=0):
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(3, 5, 2, generator=generator)
    output = target + 0.1 * torch.randn(3, 5, 2, generator=generator)
    weights = (torch.rand(3, 5, generator=generator) > 0.4).float()
    return output.requires_grad_(), target, weights


def test_hand_computed():
    # beta 0.1: 0.05 counts 0.05^2 / 0.2 = 0.0125, 0.3 counts 0.3 - 0.05.
    output = torch.tensor([[[0.05, -0.3], [9., 9.]]])
    loss = SmoothL1CoordLoss(beta=0.1)(output, torch.zeros(1, 2, 2),
                                       torch.tensor([[1., 0]]))
    assert loss.item() == pytest.approx((0.0125 + 0.25) / 2)


@pytest.mark.parametrize('beta', [0.01, 1.])
def test_equals_torch_on_the_valid(beta):
    output, target, weights = coordinates()
    loss = SmoothL1CoordLoss(beta=beta, loss_weight=3.)
    valid = weights.bool()
    expected = 3 * F.smooth_l1_loss(output[valid], target[valid], beta=beta)
    torch.testing.assert_close(loss(output, target, weights), expected)
    torch.testing.assert_close(loss(output, target, valid), expected)
    torch.testing.assert_close(
        loss(output, target), 3 * F.smooth_l1_loss(output, target, beta=beta))


def test_masked_landmarks_have_no_influence_and_no_gradient():
    output, target, weights = coordinates(1)
    loss = SmoothL1CoordLoss(beta=0.01)
    expected = loss(output, target, weights).item()
    target[weights == 0] = float('nan')
    found = loss(output, target, weights)
    found.backward()
    assert found.item() == expected
    assert (output.grad[weights == 0] == 0).all()
    assert (output.grad[weights == 1] != 0).all()


def test_nothing_valid_gives_0_with_a_graph():
    output, target, weights = coordinates(2)
    loss = SmoothL1CoordLoss()(output, target, 0 * weights)
    loss.backward()
    assert loss.item() == 0 and (output.grad == 0).all()


def test_gradcheck():
    output, target, weights = coordinates(3)
    output = output.detach().double().requires_grad_()
    loss = SmoothL1CoordLoss(beta=0.05)
    assert torch.autograd.gradcheck(
        lambda x: loss(x, target.double(), weights), output)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    output, target, weights = coordinates(4)
    half = output.detach().to(dtype).requires_grad_()
    loss = SmoothL1CoordLoss(beta=0.01)
    found = loss(half, target, weights)
    found.backward()
    assert found.dtype == torch.float32 and half.grad.isfinite().all()
    assert found.item() == loss(half.float(), target, weights).item()


def test_registry():
    built = MODELS.build(dict(type='SmoothL1CoordLoss', beta=0.01))
    assert isinstance(built, SmoothL1CoordLoss) and built.beta == 0.01


def test_errors():
    with pytest.raises(ValueError, match='beta'):
        SmoothL1CoordLoss(beta=0.)
    loss = SmoothL1CoordLoss()
    with pytest.raises(ValueError, match='one shape'):
        loss(torch.rand(2, 5, 2), torch.rand(2, 4, 2))
    with pytest.raises(ValueError, match='target_weights'):
        loss(torch.rand(2, 5, 2), torch.rand(2, 5, 2), torch.ones(2, 5, 2))
