"""Registered datasets and the transforms that they need."""
from . import transforms as _  # noqa: F401, only registration
# from .spiga_json_dataset import SPIGAJsonDataset
from .synthetic_face_dataset import SyntheticFaceDataset

__all__ = ['SyntheticFaceDataset']  # and 'SPIGAJsonDataset'
