"""Views of faces: a visualizer for MMPose, and drawing for anybody."""
from .attention import attention_matrix, attention_panels, attention_sheet
from .drawing import (draw_box, draw_indices, draw_landmarks, draw_pose_axes,
                      draw_text, face_size, landmark_style, pose_frame)
from .maps import maps_sheet
from .read_outs import angle_read_out, draw_read_outs, label_read_out
from .sheets import (WINDOWS_NOTE, crop_panel, face_panel, make_sheet,
                     step_panels, to_panel)
from .spiga_visualizer import SPIGAVisualizer

__all__ = [
    'SPIGAVisualizer', 'WINDOWS_NOTE', 'angle_read_out', 'attention_matrix',
    'attention_panels', 'attention_sheet', 'crop_panel', 'draw_box',
    'draw_indices', 'draw_landmarks', 'draw_pose_axes', 'draw_read_outs',
    'draw_text', 'face_panel', 'face_size', 'label_read_out',
    'landmark_style', 'make_sheet', 'maps_sheet', 'pose_frame', 'step_panels',
    'to_panel'
]
