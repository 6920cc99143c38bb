"""Networks: backbones, layers, heads and losses.

The detectors are registered by their configs (``custom_imports``): they need
all of MMDet's models.
"""
from . import backbones, heads, losses

__all__ = ['backbones', 'heads', 'losses']
