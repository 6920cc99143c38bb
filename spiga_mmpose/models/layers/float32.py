"""Layers that compute in float32, also where autocast lowers the rest.

Coordinates and pose lose whole pixels in half floats; what makes them is
built from these. They hold the weights of their parents under the same names.
"""
import torch
import torch.nn as nn
from torch import Tensor


class Float32:
    """Mixin before an ``nn.Module``: at least float32 in, inside and out."""

    def forward(self, x: Tensor) -> Tensor:
        """As the parent, of the tensor in float32 (float64 stays)."""
        wide = torch.promote_types(x.dtype, torch.float32)
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(wide))


class Float32Linear(Float32, nn.Linear):
    """Linear layer in float32."""


class Float32Sequential(Float32, nn.Sequential):
    """Layers in a row in float32."""
