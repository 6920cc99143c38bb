"""The registered metrics, thin shells around ``functional``."""
from .face_alignment_metric import FaceAlignmentMetric
from .head_pose_metric import HeadPoseMetric

__all__ = ['FaceAlignmentMetric', 'HeadPoseMetric']
