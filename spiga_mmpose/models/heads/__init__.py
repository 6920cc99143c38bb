"""Heads."""
from .gat_cascade_head import GATCascadeHead
from .multi_task_head import MultiTaskHead
from .pose_regressor import FeaturePoseRegressor

__all__ = ['GATCascadeHead', 'MultiTaskHead', 'FeaturePoseRegressor']
