"""The arithmetic of the evaluation: pure functions on NumPy arrays."""
from .bootstrap import bootstrap_differences
from .ced import alignment_summary, auc, ced, failure_rate, percentile_error
from .nme import (BOX_NORMS, NORMS, face_nme, landmark_nme, norm_lengths,
                  normalized_errors)
from .pose import (angle_bins, angle_confusion, angle_errors, binned_accuracy,
                   geodesic_error, pose_summary, quartiles_by_angle,
                   success_rates)

__all__ = [
    'BOX_NORMS', 'NORMS', 'alignment_summary', 'angle_bins', 'angle_confusion',
    'angle_errors', 'auc', 'binned_accuracy', 'bootstrap_differences', 'ced',
    'face_nme', 'failure_rate', 'geodesic_error', 'landmark_nme',
    'norm_lengths', 'normalized_errors', 'percentile_error', 'pose_summary',
    'quartiles_by_angle', 'success_rates'
]
