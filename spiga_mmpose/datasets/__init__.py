"""Registered datasets and the transforms that they need."""
from . import transforms
from .coco_face_dataset import CocoFaceDataset
from .seeded import SeededCombinedDataset
from .spiga_json_dataset import SPIGAJsonDataset
from .synthetic_face_dataset import SyntheticFaceDataset

__all__ = [
    'transforms', 'CocoFaceDataset', 'SPIGAJsonDataset',
    'SeededCombinedDataset', 'SyntheticFaceDataset'
]
