"""Backends that run a network on crops: torch, ONNX Runtime, OpenVINO.

Shape alphabet: B batch, L landmarks, S steps.
"""
import os.path as osp
import warnings
from typing import Dict, Optional

import numpy as np
import torch
import torch.nn as nn

from .extras import require
from .graph import LandmarkGraph
from .metadata import KEY, GraphInfo, crop_rule, describe, read_info

_AGAIN = 'copy it again, or write it with tools/deployment/export.py'


class Backend:
    """A network that takes crops and gives arrays, one call at a time."""
    info: GraphInfo  # what the network is and how to crop for it
    source: str  # where it comes from, for messages

    def __call__(self, crops: np.ndarray) -> Dict[str, np.ndarray]:
        """Landmarks of the crops, as float32 arrays.

        Args:
            crops (np.ndarray): (B, size, size, 3) uint8, B, G, R; else a
                ``ValueError``. A graph of a fixed batch takes any B: the crops
                go through in parts, the last filled up.

        Returns:
            dict[str, np.ndarray]: ``steps`` (B, S + 1, L, 2) normalised,
            ``pose`` (B, 6), ``scores`` (B, L), ``attention`` where the graph
            has it; see :meth:`~spiga_mmpose.deployment.LandmarkGraph.named`.
        """
        size = self.info.input_size
        if crops.dtype != np.uint8 or crops.shape[1:] != (size, size, 3):
            raise ValueError(
                f'crops must be uint8 of shape (B, {size}, {size}, 3), found '
                f'{crops.dtype} of shape {crops.shape}')
        if not len(crops):
            return {
                name: np.zeros((0, *shape), np.float32)
                for name, shape in self.info.outputs.items()
            }
        batch = self.info.batch
        if batch is None:
            return self._run(np.ascontiguousarray(crops))
        full = np.pad(crops, [(0, -len(crops) % batch), *[(0, 0)] * 3])
        parts = list(map(self._run, np.split(full, len(full) // batch)))
        return {
            name: np.concatenate([part[name] for part in parts])[:len(crops)]
            for name in self.info.outputs
        }

    def _run(self, crops: np.ndarray) -> Dict[str, np.ndarray]:
        raise NotImplementedError


def check_threads(threads: Optional[int]) -> None:
    """Raise ``ValueError`` for what is no number of threads."""
    if threads is not None and (type(threads) is not int or threads < 1):
        raise ValueError('threads: expected an integer from 1, or None '
                         f'for as many as the cores, found {threads!r}')


class TorchBackend(Backend):
    """A copy of a model in this process, on its own device."""

    def __init__(self, model: nn.Module):
        self.source = 'the model'
        self.graph = LandmarkGraph(model)
        self.device = next(model.parameters()).device
        size = crop_rule(model.cfg)[1]
        one = np.zeros((1, size, size, 3), np.uint8)
        self.info = describe(model, 'fp32', None, self._run(one))

    def _run(self, crops):
        with torch.inference_mode():
            named = self.graph.named(torch.from_numpy(crops).to(self.device))
        return {name: value.cpu().numpy() for name, value in named.items()}


class OnnxRuntimeBackend(Backend):
    """An ``.onnx`` file in ONNX Runtime, on the CPU; see :func:`open_graph`.
    """

    def __init__(self, path: str, threads: Optional[int] = None):
        check_threads(threads)
        require('onnxruntime')
        import onnxruntime
        _check_file(path)
        self.source = path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(
                path, options, providers=['CPUExecutionProvider'])
        except Exception as error:  # of its own kinds, which share no base
            raise ValueError(f'{path}: not a whole ONNX file '
                             f'({_first_line(error)}); {_AGAIN}') from None
        properties = self.session.get_modelmeta().custom_metadata_map
        self.info = read_info(path, properties.get(KEY))

    def _run(self, crops):
        names = list(self.info.outputs)
        return dict(zip(names, self.session.run(names, dict(crops=crops))))


class OpenVINOBackend(Backend):
    """An ``.xml`` file, its ``.bin`` beside it, in OpenVINO; see
    :func:`open_graph`.

    A bf16 graph on a CPU without bfloat16 computes in float32 and says so.
    """

    def __init__(self, path: str, threads: Optional[int] = None):
        check_threads(threads)
        require('openvino')
        import openvino
        _check_file(path)
        self.source = path
        _check_file(osp.splitext(path)[0] + '.bin')
        core = openvino.Core()
        # OpenVINO would take all of the graph to bf16 where it can; which
        # parts may be, stands in the graph.
        options = {'INFERENCE_PRECISION_HINT': 'f32'}
        if threads:
            options['INFERENCE_NUM_THREADS'] = threads
        try:
            model = core.read_model(path)
            text = model.get_rt_info(KEY).astype(str) if model.has_rt_info(
                KEY) else None
            self.info = read_info(path, text)
            self.compiled = core.compile_model(model, 'CPU', options)
        except RuntimeError as error:
            raise ValueError(f'{path}: it and its .bin are no whole OpenVINO '
                             f'model ({_first_line(error)}); {_AGAIN}'
                             ) from None
        if self.info.precision == 'bf16' and 'BF16' not in core.get_property(
                'CPU', 'OPTIMIZATION_CAPABILITIES'):
            warnings.warn(f'{path}: this CPU has no bfloat16, it '
                          'computes in float32')

    def _run(self, crops):
        found = self.compiled(crops)
        return {name: found[name] for name in self.info.outputs}


def open_graph(path: str, threads: Optional[int] = None) -> Backend:
    """A file of :func:`~spiga_mmpose.deployment.export_model`, ready to run.

    Args:
        path (str): ``.onnx``: in ONNX Runtime; ``.xml``: in OpenVINO.
        threads (int, optional): Its threads; None: one a core.

    Raises:
        ImportError: If the program that runs it is not installed.
        ValueError: If the file is missing, damaged or of another version.
    """
    for suffix, backend in (('.onnx', OnnxRuntimeBackend),
                            ('.xml', OpenVINOBackend)):
        if path.endswith(suffix):
            return backend(path, threads)
    raise ValueError(f'{path}: expected a file of tools/deployment/export.py, '
                     '.onnx or .xml')


def _check_file(path: str) -> None:
    if not osp.isfile(path):
        raise ValueError(f'no file {path}')


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
