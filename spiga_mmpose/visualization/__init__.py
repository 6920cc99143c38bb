"""Views of faces: a visualizer for MMPose, and drawing for anybody."""
from .attention import attention_grid, attention_matrix, attention_panels
from .drawing import (draw_box, draw_indices, draw_landmarks, draw_pose_axes,
                      draw_text, face_size, landmark_style, pose_frame)
from .grids import (WINDOWS_NOTE, crop_panel, face_panel, make_grid,
                    step_panels, to_panel)
from .labels import angle_label, box_label, draw_labels
from .maps import maps_grid
from .spiga_visualizer import SPIGAVisualizer

__all__ = [
    'SPIGAVisualizer', 'WINDOWS_NOTE', 'angle_label', 'attention_matrix',
    'attention_panels', 'attention_grid', 'crop_panel', 'draw_box',
    'draw_indices', 'draw_landmarks', 'draw_pose_axes', 'draw_labels',
    'draw_text', 'face_panel', 'face_size', 'box_label',
    'landmark_style', 'make_grid', 'maps_grid', 'pose_frame', 'step_panels',
    'to_panel'
]
