"""Rigid-head geometry: pure functions on NumPy arrays and torch tensors."""
from .coords import (CROP_PADDING, boxes_to_center_scale, cells_to_normalised,
                     crop_to_image, image_to_crop, normalised_to_cells,
                     normalised_to_grid)
from .euler import euler_to_matrix, matrix_to_euler, wrap_degrees
from .head_pose import (FOCAL_RATIO, FRONTAL_POSE, fit_pose, mirror_fit,
                        mirror_pose, posit, project_head)

__all__ = [
    'CROP_PADDING', 'boxes_to_center_scale', 'cells_to_normalised',
    'crop_to_image', 'image_to_crop', 'normalised_to_cells',
    'normalised_to_grid', 'euler_to_matrix', 'matrix_to_euler',
    'wrap_degrees', 'mirror_fit', 'mirror_pose', 'fit_pose', 'posit',
    'FOCAL_RATIO', 'FRONTAL_POSE', 'project_head'
]
