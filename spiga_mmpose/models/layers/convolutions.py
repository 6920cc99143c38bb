"""Convolutions of the hourglass network, bias-free (release)."""
from typing import Tuple

import torch
import torch.nn as nn
from torch import Tensor

from .float32 import Float32


class AddCoords(nn.Module):
    """Append two coordinate channels and a radius to a square image.

    (B, C, size, size) -> (B, C + 3, size, size). In the release the first
    channel, called x, varies along the rows (a transpose); it is kept so that
    released weights mean the same. The radius is taken about (0.5, 0.5) of
    the [-1, 1] square, also as released.
    """

    def __init__(self, size: int):
        super().__init__()
        line = torch.linspace(-1, 1, size)
        first, second = torch.meshgrid(line, line, indexing='ij')
        radius = ((first - 0.5)**2 + (second - 0.5)**2).sqrt()
        self.register_buffer(
            'coords',
            torch.stack([first, second, radius])[None],
            persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.coords.expand(x.shape[0], -1, -1, -1)], 1)


def conv_bn_relu(in_channels: int, out_channels: int, kernel: int,
                 stride: int) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU; padding (kernel - 1) // 2."""
    padding = (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True))


def deconv_bn_relu(channels: int) -> nn.Sequential:
    """2x2 transposed convolution that doubles the map, BatchNorm, ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(channels, channels, 2, 2, bias=False),
        nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Pre-activation bottleneck: BN-ReLU-conv three times, kernels 1, 3, 1.

    (B, in_channels, H, W) -> (B, out_channels, H, W), half of
    ``out_channels`` inside. Where the two differ the skip is a 1x1
    convolution.
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
        y = self.conv1(self.bn1(x).relu_())
        y = self.conv2(self.bn2(y).relu_())
        y = self.conv3(self.bn3(y).relu_())
        return y + self.skip(x)


class Hourglass(nn.Module):
    """One encoder-decoder: learned 2x2 down and up, residual skips.

    Args:
        depth (int): How often the map is halved. At a 64 x 64 map depth 4
            (release) ends at 4 x 4, depth 3 (paper) at 8 x 8.
        channels (int): C.
        float32_depth (int): Levels, counted from the bottleneck, that compute
            in float32 also where autocast lowers the rest.
    """

    def __init__(self, depth: int, channels: int, float32_depth: int = 0):
        super().__init__()
        inner = Float32Hourglass if depth - 1 == float32_depth else Hourglass
        self.skip = Residual(channels, channels)
        self.down = conv_bn_relu(channels, channels, 2, 2)
        self.encode = Residual(channels, channels)
        self.inner = (
            inner(depth - 1, channels, float32_depth)
            if depth > 1 else Residual(channels, channels))
        self.decode = Residual(channels, channels)
        self.up = deconv_bn_relu(channels)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Of (B, C, H, W), H and W multiples of 2^depth, the decoded map
        (B, C, H, W) and the bottleneck (B, C, H / 2^depth, W / 2^depth)."""
        y = self.encode(self.down(x))
        if isinstance(self.inner, Hourglass):
            y, bottleneck = self.inner(y)
        else:
            y = bottleneck = self.inner(y)
        return self.skip(x) + self.up(self.decode(y)), bottleneck


class Float32Hourglass(Float32, Hourglass):
    """Hourglass in float32."""
