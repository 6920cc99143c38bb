"""What an application calls: images and boxes in, faces out."""
from spiga_mmpose.package_files import find_checkpoint, find_config
from .calibration import BoxCalibration, fit_calibration, load_calibration
from .detection import choose_detector, find_boxes, load_detector, make_finder
from .estimation import (estimate_each, estimate_faces, estimate_images,
                         faces_to_dicts, fill_batches, load_model, merge_faces)
from .evaluation import evaluate_model
from .inferencer import SPIGAInferencer, make_visualizer
from .inputs import (check_box, is_camera, is_video, left_out_videos,
                     list_images, parse_box, usable_boxes)
from .sources import Frame, read_frames, read_image
from .video import process_video
from .views import VIEWS, ask_for_views, steps_row, view_sheets
from .weights import find_weights
from .writing import ResultWriter, write_picture

__all__ = [
    'BoxCalibration', 'Frame', 'ResultWriter', 'SPIGAInferencer', 'VIEWS',
    'ask_for_views', 'check_box', 'choose_detector', 'estimate_each',
    'estimate_faces', 'estimate_images', 'evaluate_model', 'faces_to_dicts',
    'fill_batches', 'find_boxes', 'find_checkpoint', 'find_config',
    'find_weights', 'fit_calibration', 'is_camera', 'is_video',
    'left_out_videos', 'list_images', 'load_calibration', 'load_detector',
    'load_model', 'make_finder', 'make_visualizer', 'merge_faces',
    'parse_box', 'process_video', 'read_frames', 'read_image', 'steps_row',
    'usable_boxes', 'view_sheets', 'write_picture'
]
