"""One step of the cascade: look around each landmark, then move it."""
import math
from typing import List, Sequence, Tuple

import torch
import torch.nn as nn
from torch import Tensor

from ..layers import (Float32Linear, Float32Sequential, GATLayer, mlp,
                      sample_windows)


class CascadeStep(nn.Module):
    """Window features + displacement encoding -> graph attention -> offset.

    Paper 2.2 and 2.3; sizes as in the release.

    Args:
        in_channels (int): C of the visual field.
        num_landmarks (int): L.
        window (float): Side of the window as a share of the map's side; the
            offset is at most half of it in x and in y.
        window_samples (int): P, samples a window side (7).
        embed_channels (int): Width of the encoded features (512).
        position_channels (Sequence[int]): Hidden widths of the displacement
            MLP (256, 256).
        gat_channels (int): Width of the graph attention (256).
        num_gats (int): Graph attention layers (4).
        num_heads (int): Attention heads (4).
        offset_channels (Sequence[int]): Hidden widths of the offset MLP (256,
            128, 64, 32).
        position (str): How the displacements join the window features:
            ``'add'``, encoded by the MLP (paper, 2.2); ``'stack'``, as they
            are, behind the features, brought to the embedding's width by a
            linear layer; ``'none'`` (both in Table 5).
        shared_attention (bool): The first layer's attention serves all
            layers of the step ("GCN" in Table 5), or each has its own.
        self_message (bool): A landmark attends to itself too (release), or
            only to the others (paper).
        two_convs (bool): Window features by 7x7 -> C and 1x1 -> embedding
            (paper, supplementary 1.2) instead of one 7x7 convolution.
        offset_activation (str): ``'hardtanh'`` (release) or ``'arctan'``
            (paper).
    """

    def __init__(self, in_channels: int, num_landmarks: int, window: float,
                 window_samples: int, embed_channels: int,
                 position_channels: Sequence[int], gat_channels: int,
                 num_gats: int, num_heads: int,
                 offset_channels: Sequence[int], position: str,
                 shared_attention: bool, self_message: bool, two_convs: bool,
                 offset_activation: str):
        super().__init__()
        self.window = window
        self.window_samples = window_samples
        self.offset_activation = offset_activation
        flat = in_channels * window_samples**2
        # A convolution as large as its window is a linear layer.
        self.visual = (
            nn.Sequential(
                nn.Linear(flat, in_channels), nn.ReLU(inplace=True),
                nn.Linear(in_channels, embed_channels))
            if two_convs else nn.Linear(flat, embed_channels))
        num_displacements = 2 * (num_landmarks - 1)
        self.position = self.stacked = None
        if position == 'add':
            self.position = Float32Sequential(*mlp(
                [num_displacements, *position_channels, embed_channels]))
        elif position == 'stack':
            self.stacked = Float32Linear(embed_channels + num_displacements,
                                         embed_channels)
        self.shared_attention = shared_attention
        widths = [embed_channels] + [gat_channels] * num_gats
        self.gats = nn.ModuleList(
            GATLayer(c_in, c_out, num_heads, self_message,
                     own_attention=layer == 0 or not shared_attention)
            for layer, (c_in, c_out) in enumerate(zip(widths, widths[1:])))
        self.offset = Float32Sequential(
            *mlp([gat_channels, *offset_channels, 2]))
        others = torch.arange(num_landmarks).repeat(num_landmarks, 1)
        itself = torch.eye(num_landmarks, dtype=torch.bool)
        self.register_buffer(
            'others',
            others[~itself].view(num_landmarks, num_landmarks - 1),
            persistent=False)

    def displacements(self, points: Tensor) -> Tensor:
        """(B, L, 2) -> (B, L, 2 (L - 1)): from every other landmark."""
        return (points[:, :, None] - points[:, self.others]).flatten(2)

    def forward(self, field: Tensor,
                points: Tensor) -> Tuple[Tensor, List[Tensor]]:
        """Offset of each landmark, and the attention of each layer.

        Of the visual field (B, C, H, W) and the landmarks before the step,
        (B, L, 2) normalised: offsets (B, L, 2), each within half the window,
        and a list of (B, heads, L, L).
        """
        B, L, _ = points.shape
        x = self.visual(
            sample_windows(field, points, self.window, self.window_samples))
        if self.position is not None:
            position = self.position(self.displacements(points).flatten(0, 1))
            x = x + position.view(B, L, -1)
        elif self.stacked is not None:
            x = self.stacked(torch.cat([x, self.displacements(points)], -1))
        attentions = []
        for gat in self.gats:
            given = self.shared_attention and attentions
            x, attention = gat(x, attentions[0] if given else None)
            attentions.append(attention)
        raw = self.offset(x.flatten(0, 1)).view(B, L, 2)
        hard = self.offset_activation == 'hardtanh'
        bounded = raw.clamp(-1, 1) if hard else raw.atan() * (2 / math.pi)
        return bounded * (self.window / 2), attentions
