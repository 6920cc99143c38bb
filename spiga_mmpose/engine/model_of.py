"""The model of a run."""
from mmengine.model import is_model_wrapper
from torch import nn


def model_of(runner) -> nn.Module:
    """The model without the wrapper of a distributed run."""
    model = runner.model
    return model.module if is_model_wrapper(model) else model
