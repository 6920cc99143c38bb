"""Evaluation as published: pure functions, registered metrics, reports."""
from .metrics import FaceAlignmentMetric, HeadPoseMetric

__all__ = ['FaceAlignmentMetric', 'HeadPoseMetric']
