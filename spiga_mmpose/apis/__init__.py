"""What an application calls: images and boxes in, faces out."""
from .calibration import BoxCalibration, fit_calibration, load_calibration
from .detection import find_boxes, load_detector, make_finder
from .estimation import (estimate_faces, estimate_images, faces_to_dicts,
                         load_model)
from .evaluation import evaluate_model
from .inferencer import SPIGAInferencer, make_visualizer
from .inputs import (check_box, find_config, list_images, parse_box,
                     usable_boxes)
from .sources import Frame, read_frames, read_image
from .weights import find_weights
from .writing import ResultWriter, write_picture

__all__ = [
    'BoxCalibration', 'Frame', 'ResultWriter', 'SPIGAInferencer', 'check_box',
    'estimate_faces', 'estimate_images', 'evaluate_model', 'faces_to_dicts',
    'find_boxes', 'find_config', 'find_weights', 'fit_calibration',
    'list_images', 'load_calibration', 'load_detector', 'load_model',
    'make_finder', 'make_visualizer', 'parse_box', 'read_frames', 'read_image',
    'usable_boxes', 'write_picture'
]
