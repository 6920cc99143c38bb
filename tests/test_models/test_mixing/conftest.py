"""Shared by the tests of this folder."""
import pytest
import small_models
import torch

SIZE = small_models.SIZE


@pytest.fixture(scope='package')
def faces():
    return small_models.batch(3)


def prepared(model, faces):
    """Inputs and samples of their own, since predictions go into them."""
    return model.data_preprocessor(
        dict(
            inputs=faces['inputs'],
            data_samples=[face.clone() for face in faces['data_samples']]))


def train(model, faces, steps=4):
    """Total loss before each step, and after the last."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    totals = []
    for step in range(steps + 1):
        losses = model(**prepared(model, faces), mode='loss')
        total, _ = model.parse_losses(losses)
        totals.append(total.item())
        if step < steps:
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
    model.eval()
    return totals


def without_gradient(model):
    """Names of parameters that no step so far has taught anything.

    But for the bias of a global context block's mask: a constant on every
    score leaves the softmax as it is, so its gradient is 0 but for rounding.
    """
    return [name for name, parameter in model.named_parameters()
            if parameter.requires_grad and
            not name.endswith('conv_mask.bias') and (
                parameter.grad is None
                or not torch.isfinite(parameter.grad).all()
                or not parameter.grad.any())]
