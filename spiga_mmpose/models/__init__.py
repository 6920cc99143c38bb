"""Networks: backbones, layers, heads, losses and detectors."""
from . import backbones, detectors, heads, losses

__all__ = ['backbones', 'detectors', 'heads', 'losses']
