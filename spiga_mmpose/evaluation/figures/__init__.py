"""The evaluation's figures: plain arrays in, an image file out.

They write by matplotlib's object interface, so nothing global changes and no
display is needed; the ending of the path says the format. Methods are told
apart by line and marker too, for readers without colour. Errors are in per
cent of the normaliser that an axis names.
"""
from .ced import draw_ced
from .landmarks import draw_landmark_errors, frontal_face
from .pose import draw_errors_by_yaw, draw_pose_errors
from .style import per_cent_of

__all__ = [
    'draw_ced', 'draw_errors_by_yaw', 'draw_landmark_errors',
    'draw_pose_errors', 'frontal_face', 'per_cent_of'
]
