"""Inference API: images and boxes in, faces out."""
from spiga_mmpose.package_files import find_checkpoint, find_config
from .calibration import BoxCalibration, fit_calibration, load_calibration
from .detection import choose_detector, find_boxes, load_detector, make_finder
from .estimation import (estimate_each, estimate_faces, estimate_images,
                         evaluate_model, faces_to_dicts, load_model)
from .inferencer import SPIGAInferencer
from .inputs import (check_box, is_camera, is_video, left_out, list_images,
                     parse_box, valid_boxes)
from .pipeline import FrameResult, find_faces
from .sources import Frame, read_frames, read_image
from .video import process_video
from .views import VIEWS, ask_for_views, steps_row, view_grids
from .weights import find_weights
from .writing import ResultWriter, write_jpeg

__all__ = [
    'BoxCalibration', 'Frame', 'FrameResult', 'ResultWriter',
    'SPIGAInferencer', 'VIEWS', 'ask_for_views', 'check_box',
    'choose_detector', 'estimate_each', 'estimate_faces', 'estimate_images',
    'evaluate_model', 'faces_to_dicts', 'find_boxes',
    'find_checkpoint', 'find_config', 'find_faces', 'find_weights',
    'fit_calibration', 'is_camera', 'is_video', 'left_out',
    'list_images', 'load_calibration', 'load_detector', 'load_model',
    'make_finder', 'parse_box', 'process_video', 'read_frames', 'read_image',
    'steps_row', 'valid_boxes', 'view_grids', 'write_jpeg'
]
