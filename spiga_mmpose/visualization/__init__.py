"""Views of faces: a visualizer for MMPose, and drawing for anybody."""
from .drawing import (draw_angles, draw_box, draw_indices, draw_landmarks,
                      draw_pose_axes, draw_text, face_size, landmark_style,
                      pose_frame)
from .sheets import (crop_panel, draw_steps_strip, face_panel, make_sheet,
                     step_panels, to_panel)
from .spiga_visualizer import SPIGAVisualizer

__all__ = [
    'SPIGAVisualizer', 'crop_panel', 'draw_angles', 'draw_box', 'draw_indices',
    'draw_landmarks', 'draw_pose_axes', 'draw_steps_strip', 'draw_text',
    'face_panel', 'face_size', 'landmark_style', 'make_sheet', 'pose_frame',
    'step_panels', 'to_panel'
]
