"""Losses of maps, landmarks and poses."""
from .adaptive_wing_loss import WeightedAdaptiveWingLoss
from .masked_losses import PoseL2Loss, SmoothL1CoordLoss

__all__ = ['WeightedAdaptiveWingLoss', 'SmoothL1CoordLoss', 'PoseL2Loss']
