"""Coordinate channels of the input image."""
import torch
import torch.nn as nn
from torch import Tensor


class AddCoords(nn.Module):
    """Append two coordinate channels and a radius to an image.

    In the release the first channel, called x, varies along the rows (a
    transpose); it is kept so that released weights mean the same. The radius
    is taken about (0.5, 0.5) of the [-1, 1] square, also as released.

    Args:
        size (int): Side of the square image, px.
    """

    def __init__(self, size: int):
        super().__init__()
        line = torch.linspace(-1, 1, size)
        first = line[:, None].expand(size, size)
        second = line[None, :].expand(size, size)
        radius = ((first - 0.5)**2 + (second - 0.5)**2).sqrt()
        self.register_buffer(
            'coords',
            torch.stack([first, second, radius])[None],
            persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, size, size) -> (B, C + 3, size, size)."""
        return torch.cat([x, self.coords.expand(x.shape[0], -1, -1, -1)], 1)
