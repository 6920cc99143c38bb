"""PoseL2Loss by hand, at distance 0 and without poses."""
import pytest
import torch
from mmpose.registry import MODELS

from spiga_mmpose.models.losses import PoseL2Loss


def poses(seed=0):
    generator = torch.Generator().manual_seed(seed)
    target = 20 * torch.randn(4, 6, generator=generator)
    output = target + torch.randn(4, 6, generator=generator)
    return output.requires_grad_(), target


@pytest.mark.parametrize('squared, expected', [(False, 7.5), (True, 62.5)])
def test_hand_computed(squared, expected):
    # Distances 5 and 10; the third face has no pose.
    output = torch.tensor([[3., 4, 0, 0, 0, 0], [0, 0, 6, 0, -8, 0],
                           [1, 1, 1, 1, 1, 1]])
    loss = PoseL2Loss(squared=squared)
    weights = torch.tensor([1., 1, 0])
    target = torch.zeros(3, 6)
    assert loss(output, target, weights).item() == pytest.approx(expected)
    column = weights.unsqueeze(1)
    assert loss(output, target, column).item() == pytest.approx(expected)
    assert loss(output[:2], target[:2]).item() == pytest.approx(expected)


@pytest.mark.parametrize('squared', [False, True])
def test_gradient_at_distance_0_is_0(squared):
    output, target = poses()
    output = target.clone().requires_grad_()
    PoseL2Loss(squared=squared)(output, target).backward()
    assert (output.grad == 0).all()


@pytest.mark.parametrize('squared', [False, True])
def test_gradcheck(squared):
    output, target = poses(1)
    loss = PoseL2Loss(squared=squared, loss_weight=2.)
    weights = torch.tensor([1., 0, 1, 0.5])
    assert torch.autograd.gradcheck(
        lambda x: loss(x, target.double(), weights),
        output.detach().double().requires_grad_())


@pytest.mark.parametrize('squared', [False, True])
def test_faces_without_pose_have_no_influence_and_no_gradient(squared):
    output, target = poses(2)
    weights = torch.tensor([[1.], [0], [1], [0]])
    loss = PoseL2Loss(squared=squared)
    expected = loss(output, target, weights).item()
    target[1::2] = float('nan')
    found = loss(output, target, weights)
    found.backward()
    assert found.item() == expected
    assert (output.grad[1::2] == 0).all() and (output.grad[::2] != 0).all()


@pytest.mark.parametrize('squared', [False, True])
def test_no_pose_at_all_gives_0_with_a_graph(squared):
    output, target = poses(3)
    loss = PoseL2Loss(squared=squared)(output, target, torch.zeros(4, 1))
    loss.backward()
    assert loss.item() == 0 and (output.grad == 0).all()


def test_half_precision_does_not_overflow():
    # 300^2 is beyond float16.
    output = torch.full((2, 6), 300., dtype=torch.half, requires_grad=True)
    loss = PoseL2Loss()(output, torch.zeros(2, 6))
    loss.backward()
    assert loss.item() == pytest.approx(300 * 6**0.5)
    assert output.grad.isfinite().all()


def test_registry():
    built = MODELS.build(dict(type='PoseL2Loss', squared=True))
    assert isinstance(built, PoseL2Loss) and built.squared


def test_errors():
    loss = PoseL2Loss()
    with pytest.raises(ValueError, match='one shape'):
        loss(torch.rand(2, 6), torch.rand(3, 6))
    with pytest.raises(ValueError, match='one weight for each of 2 faces'):
        loss(torch.rand(2, 6), torch.rand(2, 6), torch.ones(3))
