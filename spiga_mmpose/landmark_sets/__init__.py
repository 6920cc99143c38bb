"""Landmark sets: one JSON file each, one class."""
from .landmark_set import LandmarkSet, find_landmark_set, load_landmark_set

__all__ = ['LandmarkSet', 'find_landmark_set', 'load_landmark_set']
