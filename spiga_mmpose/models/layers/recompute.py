"""Gradient checkpointing that leaves BatchNorm's statistics right."""
from contextlib import contextmanager, nullcontext
from typing import Callable

import torch.nn as nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recomputed(function: Callable, *inputs, modules: nn.Module):
    """``function(*inputs)``, its activations computed again for the gradient.

    Less memory for more time. The second computation does not update the
    running statistics of BatchNorm again, so training is the same as without.
    ``modules`` holds every weight and BatchNorm that the function uses.
    """
    return checkpoint(
        function,
        *inputs,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _statistics_kept(modules)))


@contextmanager
def _statistics_kept(modules: nn.Module):
    norms = [m for m in modules.modules() if isinstance(m, _BatchNorm)]
    saved = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0., None
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, saved):
            norm.momentum, norm.num_batches_tracked = momentum, count
