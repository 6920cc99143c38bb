"""Backbones."""
from .hourglass_pose_net import HourglassFeatures, HourglassPoseNet

__all__ = ['HourglassFeatures', 'HourglassPoseNet']
