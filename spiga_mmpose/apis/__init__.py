"""What an application calls: images and boxes in, faces out."""
from .detection import find_boxes, load_detector
from .estimation import estimate_faces, faces_to_dicts, load_model
from .evaluation import evaluate_model
from .inputs import check_box, list_images, parse_box

__all__ = [
    'check_box', 'estimate_faces', 'faces_to_dicts', 'find_boxes',
    'list_images', 'load_detector', 'load_model', 'parse_box', 'evaluate_model'
]
