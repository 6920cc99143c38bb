"""One encoder-decoder (hourglass) with its bottleneck given out."""
from typing import Tuple

import torch.nn as nn
from torch import Tensor

from .float32 import Float32
from .residual import Residual, conv_bn_relu, deconv_bn_relu


class Hourglass(nn.Module):
    """Recursive hourglass: learned 2x2 down and up, residual skips.

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
        """Decoded map and bottleneck.

        Args:
            x (Tensor): (B, C, H, W), H and W multiples of 2^depth.

        Returns:
            tuple[Tensor, Tensor]: (B, C, H, W) and the bottleneck (B, C,
            H / 2^depth, W / 2^depth).
        """
        y = self.encode(self.down(x))
        if isinstance(self.inner, Hourglass):
            y, bottleneck = self.inner(y)
        else:
            y = bottleneck = self.inner(y)
        return self.skip(x) + self.up(self.decode(y)), bottleneck


class Float32Hourglass(Float32, Hourglass):
    """Hourglass in float32."""
