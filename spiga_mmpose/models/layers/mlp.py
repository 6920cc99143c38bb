"""Multi-layer perceptron shared by the cascade's parts."""
from typing import Sequence

import torch.nn as nn


def mlp(channels: Sequence[int]) -> nn.Sequential:
    """Linear layers with BatchNorm and ReLU after all but the last.

    Works on rows: (..., channels[0]) must be flattened to two dimensions by
    the caller where it has more, since BatchNorm counts every landmark as a
    sample (as the release's 1x1 convolutions do).

    Args:
        channels (Sequence[int]): Widths, input first.

    Returns:
        nn.Sequential: (N, channels[0]) -> (N, channels[-1]).
    """
    layers = []
    for i, (c_in, c_out) in enumerate(zip(channels[:-1], channels[1:])):
        layers.append(nn.Linear(c_in, c_out))
        if i < len(channels) - 2:
            layers += [nn.BatchNorm1d(c_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
