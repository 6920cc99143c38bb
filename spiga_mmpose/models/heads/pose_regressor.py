"""Head pose from a stock backbone's features."""
import torch
import torch.nn as nn
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor

from spiga_mmpose.geometry import FRONTAL_POSE
from ..layers import Float32Linear, conv_bn_relu


@MODELS.register_module()
class FeaturePoseRegressor(BaseModule):
    """(yaw, pitch, roll, tx, ty, tz) from one feature map.

    For backbones that give no pose. Two halvings of the map of ``in_channels``
    to maps of ``channels``, global mean, linear.
    """

    def __init__(self, in_channels: int, channels: int = 256, init_cfg=None):
        super().__init__(init_cfg)
        self.convs = nn.Sequential(
            conv_bn_relu(in_channels, channels, 3, 2),
            conv_bn_relu(channels, channels, 3, 2))
        self.linear = Float32Linear(channels, 6)

    def init_weights(self):
        """The pose starts at a frontal face that fills its crop."""
        super().init_weights()
        self.linear.bias.data.copy_(torch.tensor(FRONTAL_POSE))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 6), degrees and head units."""
        return self.linear(self.convs(features).mean((2, 3)))
