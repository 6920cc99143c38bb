"""Deployment: optimise a trained model, export it, run exported files.

Needs requirements/deploy.txt only where a file is written or run.
"""
from .backends import (Backend, OnnxRuntimeBackend, OpenVINOBackend,
                       TorchBackend, open_graph)
from .estimator import BackendEstimator
from .export import export_model
from .graph import LandmarkGraph
from .metadata import GraphInfo
from .optimize import optimize_for_inference

__all__ = [
    'Backend', 'BackendEstimator', 'GraphInfo', 'LandmarkGraph',
    'OnnxRuntimeBackend', 'OpenVINOBackend', 'TorchBackend', 'export_model',
    'open_graph', 'optimize_for_inference'
]
