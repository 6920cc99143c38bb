"""HourglassPoseNet: the multi-task network (MTN) of SPIGA.

Paper: Prados-Torreblanca, Buenaposada, Baumela, "Shape Preserving Facial
Landmarks with Graph Attention Networks", BMVC 2022, section 2.1 and
supplementary 1.1 (https://arxiv.org/abs/2210.07233). Architecture as in the
authors' release (https://github.com/andresprados/SPIGA, PyPI ``spiga`` 0.0.6).

Shapes: B batch, L landmarks, E edges, M stacks, C channels, H x W map.
"""
import math
from typing import Sequence, Tuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.registry import MODELS
from torch import Tensor

from spiga_mmpose.geometry import FRONTAL_POSE
from spiga_mmpose.landmark_sets import load_landmark_set
from ..layers import (AddCoords, Float32Linear, Float32Sequential, Hourglass,
                      Residual, StrictShapes, conv_bn_relu, recomputed)

# The pose is read from the bottleneck of the last hourglass. Its two inner
# levels are small (16 x 16 cells and less, as released): float32 there costs
# under a hundredth of the work and saves the pose from most of the rounding.
_FLOAT32_DEPTH = 2


class HourglassFeatures(tuple):
    """The visual fields of the stacks, and by name what else they say.

    As a tuple it is what MMPose's heads expect: feature maps, each (B, C, H,
    W), the most useful last.

    Attributes (tuples of a tensor a stack):
        poses: (B, 6) yaw, pitch, roll in degrees, tx, ty, tz in head units;
            the last is the best. In evaluation only the last is computed.
        points, edges: (B, L, H, W) and (B, E, H, W) in (0, 1).
        heatmaps: (B, L, H, W) raw map * points * mask of the edges; of either
            sign.
    """

    def __new__(cls, fields: Sequence[Tensor], poses: Sequence[Tensor],
                points: Sequence[Tensor], edges: Sequence[Tensor],
                heatmaps: Sequence[Tensor]):
        self = super().__new__(cls, fields)
        self.poses, self.points = tuple(poses), tuple(points)
        self.edges, self.heatmaps = tuple(edges), tuple(heatmaps)
        return self


class AttentionMaps(nn.Module):
    """Point, edge and landmark maps of one stack (ADNet-style attention), of
    landmarks and edges that meet by ``edge_to_point`` (L, E)."""

    def __init__(self, channels: int, edge_to_point: Tensor):
        super().__init__()
        num_points, num_edges = edge_to_point.shape
        self.points = nn.Conv2d(channels, num_points, 1, bias=False)
        self.edges = nn.Conv2d(
            channels, num_edges, 1, bias=False) if num_edges else None
        self.maps = nn.Conv2d(channels, num_points, 1, bias=False)
        self.register_buffer(
            'incidence', edge_to_point[:, :, None, None], persistent=False)
        # A landmark on no edge is not masked.
        self.register_buffer(
            'on_no_edge', (edge_to_point.sum(1) == 0).float(),
            persistent=False)

    def forward(self, field: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """(B, C, H, W) -> points (B, L, H, W), edges (B, E, H, W), heatmaps
        (B, L, H, W)."""
        points = self.points(field).sigmoid()
        if self.edges is None:  # a landmark set without edges
            return points, points[:, :0], self.maps(field) * points
        edges = self.edges(field).sigmoid()
        mask = F.conv2d(edges, self.incidence.to(edges.dtype),
                        self.on_no_edge.to(edges.dtype)).clamp(max=1)
        return points, edges, self.maps(field) * points * mask


@MODELS.register_module()
class HourglassPoseNet(StrictShapes, BaseBackbone):
    """Stacked hourglasses that see landmarks, edges and head pose.

    The default is the release's architecture for 256 px crops. Input: BGR
    / 255, as ``PoseDataPreprocessor(mean=[0]*3, std=[255]*3)`` gives it.

    Args:
        landmark_set (str): Name or path of the landmark set; it gives the
            number of landmarks and the edges.
        input_size (int): Side of the square input, px.
        num_stacks (int): M (paper: 4).
        channels (int): C of the visual fields (paper: 256).
        stem_channels (tuple[int, int]): Widths of the stem at half and at
            quarter resolution (release: 64, 128).
        depth (int): How often an hourglass halves its map. 4 is the release
            (bottleneck 4 x 4), 3 the paper's text (8 x 8).
        shared_pose_layer (bool): One linear layer gives the pose of every
            stack, or one each. The release holds only the last stack's
            layer; how the paper's were trained is not published.
        with_cp (bool): Compute the activations of the hourglasses again for
            the gradient (gradient checkpointing): less memory, more time,
            the same training.
        init_cfg (dict, optional): MMEngine initialisation.

    Raises:
        ValueError: If ``num_stacks`` or ``depth`` is below 1, or
            ``input_size`` is no multiple of 4 * 2**depth; in use, if a crop
            is of another size.
    """

    def __init__(self,
                 landmark_set: str = 'wflw_98',
                 input_size: int = 256,
                 num_stacks: int = 4,
                 channels: int = 256,
                 stem_channels: Tuple[int, int] = (64, 128),
                 depth: int = 4,
                 shared_pose_layer: bool = True,
                 with_cp: bool = False,
                 init_cfg=None):
        super().__init__(init_cfg)
        self.with_cp = with_cp
        for name, value in (('num_stacks', num_stacks), ('depth', depth)):
            if value < 1:
                raise ValueError(f'{name} must be at least 1, found {value}')
        bottleneck, rest = divmod(input_size, 4 * 2**depth)
        if rest or not bottleneck:
            raise ValueError(
                f'input_size={input_size} with depth={depth}: expected a '
                f'multiple of {4 * 2**depth} (4 * 2**depth)')
        halvings = int(math.log2(bottleneck))  # down to 1 x 1
        edge_to_point = torch.from_numpy(
            load_landmark_set(landmark_set).edge_to_point)
        num_points = len(edge_to_point)
        half, quarter = stem_channels

        self.stem = nn.Sequential(
            AddCoords(input_size),
            # Pixels and coordinates need more digits than bf16 has.
            Float32Sequential(*conv_bn_relu(6, half, 7, 2)),
            Residual(half, quarter), conv_bn_relu(quarter, quarter, 2, 2),
            Residual(quarter, quarter), Residual(quarter, channels))
        self.hourglasses = nn.ModuleList(
            Hourglass(depth, channels, _FLOAT32_DEPTH if last else 0)
            for last in [False] * (num_stacks - 1) + [True])
        self.fields = nn.ModuleList(
            nn.Sequential(
                Residual(channels, channels),
                conv_bn_relu(channels, channels, 1, 1))
            for _ in range(num_stacks))
        self.attention = nn.ModuleList(
            AttentionMaps(channels, edge_to_point) for _ in range(num_stacks))
        self.merge_heatmaps, self.merge_fields = (
            nn.ModuleList(
                nn.Conv2d(width, channels, 1, bias=False)
                for _ in range(num_stacks - 1))
            for width in (num_points, channels))
        self.pose_branches = nn.ModuleList(
            Float32Sequential(*[
                layer for _ in range(halvings)
                for layer in (Residual(channels, channels),
                              conv_bn_relu(channels, channels, 2, 2))
            ]) for _ in range(num_stacks))
        self.pose_layers = nn.ModuleList(
            Float32Linear(channels, 6)
            for _ in range(1 if shared_pose_layer else num_stacks))
        # Many of the convolutions are 1x1: a tenth to a fifth faster so.
        self.to(memory_format=torch.channels_last)

    def init_weights(self):
        """MMEngine's initialisation; the pose starts at a frontal face."""
        super().init_weights()
        if self.init_cfg is None:
            for layer in self.pose_layers:
                layer.bias.data.copy_(torch.tensor(FRONTAL_POSE))

    def pose(self, stack: int, bottleneck: Tensor) -> Tensor:
        """(B, 6) pose that one stack sees in its bottleneck."""
        core = self.pose_branches[stack](bottleneck).flatten(1)
        return self.pose_layers[min(stack, len(self.pose_layers) - 1)](core)

    def forward(self, x: Tensor) -> HourglassFeatures:
        """Of (B, 3, H, W) BGR in [0, 1], H = W = ``input_size``, M maps (B,
        C, H / 4, W / 4) with poses and other maps by name."""
        size = self.stem[0].coords.shape[-1]
        if x.shape[-2:] != (size, size):
            raise ValueError(
                f'HourglassPoseNet was built for crops of {size} x {size} '
                f'px, found {tuple(x.shape[-2:])}; set input_size of the '
                'backbone and of the codec to the same number')
        x = self.stem(x)
        fields, poses, points, edges, heatmaps = ([] for _ in range(5))
        last = len(self.hourglasses) - 1
        for stack, hourglass in enumerate(self.hourglasses):
            if self.with_cp and self.training:
                y, bottleneck = recomputed(hourglass, x, modules=hourglass)
            else:
                y, bottleneck = hourglass(x)
            field = self.fields[stack](y)
            fields.append(field)
            if self.training or stack == last:
                poses.append(self.pose(stack, bottleneck))
            for outputs, new in zip((points, edges, heatmaps),
                                    self.attention[stack](field)):
                outputs.append(new)
            if stack < last:
                x = x + self.merge_heatmaps[stack](
                    heatmaps[-1]) + self.merge_fields[stack](field)
        return HourglassFeatures(fields, poses, points, edges, heatmaps)

    def train(self, mode: bool = True):
        """As in :class:`torch.nn.Module` (MMPose's returns nothing)."""
        super().train(mode)
        return self
