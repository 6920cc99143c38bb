"""Convolution blocks of the hourglass, bias-free (release)."""
import torch.nn as nn
from torch import Tensor


def conv_bn_relu(in_channels: int, out_channels: int, kernel: int,
                 stride: int) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU; padding (kernel - 1) // 2."""
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel,
            stride, (kernel - 1) // 2,
            bias=False), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True))


def deconv_bn_relu(channels: int) -> nn.Sequential:
    """2x2 transposed convolution that doubles the map, BatchNorm, ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(channels, channels, 2, 2, bias=False),
        nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Pre-activation bottleneck: BN-ReLU-conv three times, kernels 1, 3, 1.

    Args:
        in_channels (int): C of the input.
        out_channels (int): C of the output; half of it inside. Where it
            differs from ``in_channels`` the skip is a 1x1 convolution.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        middle = out_channels // 2
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, middle, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, middle, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, out_channels, 1, bias=False)
        self.skip = (
            nn.Conv2d(in_channels, out_channels, 1, bias=False)
            if in_channels != out_channels else nn.Identity())

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, H, W) -> (B, C_out, H, W)."""
        y = self.conv1(self.bn1(x).relu_())
        y = self.conv2(self.bn2(y).relu_())
        y = self.conv3(self.bn3(y).relu_())
        return y + self.skip(x)
