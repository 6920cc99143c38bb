"""Losses of maps, landmarks and poses."""
from .adaptive_wing_loss import WeightedAdaptiveWingLoss
from .coord_loss import SmoothL1CoordLoss
from .pose_loss import PoseL2Loss

__all__ = ['WeightedAdaptiveWingLoss', 'SmoothL1CoordLoss', 'PoseL2Loss']
