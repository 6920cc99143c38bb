"""Graph attention over the landmarks of a face (paper, 2.3)."""
from typing import Optional, Sequence, Tuple

import torch
import torch.nn as nn
from torch import Tensor

from .float32 import Float32Linear


def mlp(channels: Sequence[int]) -> nn.Sequential:
    """Linear layers with BatchNorm and ReLU after all but the last.

    (N, channels[0]) -> (N, channels[-1]). More dimensions must be flattened
    to two, since BatchNorm counts every landmark as a sample (as the
    release's 1x1 convolutions do).
    """
    layers = []
    for c_in, c_out in zip(channels[:-1], channels[1:]):
        layers += [
            nn.Linear(c_in, c_out),
            nn.BatchNorm1d(c_out),
            nn.ReLU(inplace=True)
        ]
    return nn.Sequential(*layers[:-2])


class MultiHeadAttention(nn.Module):
    """Every landmark attends to all landmarks; one dynamic graph a head.

    Args:
        channels (int): C, a multiple of ``num_heads``, or ValueError.
        num_heads (int): Attention heads.
        self_message (bool): Whether a landmark may attend to itself (release)
            or only to the others (paper, sum over i != j).
        own_attention (bool): False: it has no queries and keys, and the
            attention is given.
    """

    def __init__(self, channels: int, num_heads: int, self_message: bool,
                 own_attention: bool = True):
        super().__init__()
        if channels % num_heads:
            raise ValueError(f'{num_heads} attention heads do not divide '
                             f'{channels} channels')
        self.num_heads = num_heads
        self.self_message = self_message
        if own_attention:
            self.query = Float32Linear(channels, channels)
            self.key = Float32Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.merge = nn.Linear(channels, channels)

    def forward(self,
                x: Tensor,
                attention: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """(B, L, C) -> messages (B, L, C) and attention (B, heads, L, L).

        Its own attention or the one that is given. Rows sum to 1: row i is
        what landmark i attends to.
        """
        if attention is None:
            attention = self.attend(x)
        message = attention @ self._split(self.value(x))
        return self.merge(message.transpose(1, 2).reshape(x.shape)), attention

    def attend(self, x: Tensor) -> Tensor:
        """(B, L, C) -> attention (B, heads, L, L), float32.

        The softmax turns the absolute error of a score into a relative one.
        """
        q, k = self._split(self.query(x)), self._split(self.key(x))
        with torch.autocast(x.device.type, enabled=False):
            scores = q @ k.transpose(-1, -2) * (q.shape[-1]**-0.5)
        if not self.self_message:
            itself = torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
            scores = scores.masked_fill(itself, float('-inf'))
        return scores.softmax(-1)

    def _split(self, x: Tensor) -> Tensor:
        """(B, L, C) -> (B, heads, L, C / heads)."""
        return x.view(*x.shape[:2], self.num_heads, -1).transpose(1, 2)


class GATLayer(nn.Module):
    """f + MLP([f || message]) (paper, 2.3).

    Where the widths differ a linear layer brings the residual to
    ``out_channels`` (release). The other arguments are those of
    :class:`MultiHeadAttention`.
    """

    def __init__(self, in_channels: int, out_channels: int, num_heads: int,
                 self_message: bool, own_attention: bool = True):
        super().__init__()
        self.attention = MultiHeadAttention(in_channels, num_heads,
                                            self_message, own_attention)
        self.update = mlp([2 * in_channels, 2 * in_channels, out_channels])
        self.skip = (
            nn.Linear(in_channels, out_channels)
            if in_channels != out_channels else nn.Identity())

    def forward(self,
                x: Tensor,
                attention: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """(B, L, C_in) -> features (B, L, C_out), attention (B, h, L, L)."""
        message, attention = self.attention(x, attention)
        rows = torch.cat([x, message], -1).flatten(0, 1)
        update = self.update(rows).view(*x.shape[:2], -1)
        return self.skip(x) + update, attention
