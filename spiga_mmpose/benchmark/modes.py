"""The ways to run one network that are compared.

Shape alphabet: B batch, N faces, L landmarks.
"""
import os.path as osp
from dataclasses import dataclass
from functools import partial
from typing import Callable, Dict, Tuple

import numpy as np
import torch
import torch.nn as nn
from mmpose.structures import PoseDataSample
from torch.utils.flop_counter import FlopCounterMode

from spiga_mmpose.apis import load_model
from spiga_mmpose.deployment import (BackendEstimator, OpenVINOBackend,
                                     export_model, open_graph,
                                     optimize_for_inference)
from .reference import Reference
from .video import VideoWay

# Faces that go through a network at once where time does not count.
_BATCH = 16
# Calls over which the time of the layers is the mean.
_LAYER_ROUNDS = 20
# Side of the crop in whose pixels landmarks are compared: the release's.
CROP = 256


@dataclass(frozen=True)
class Files:
    """What a mode is built from, as paths.

    Attributes:
        config (str): Of the network.
        checkpoint (str): Its weights.
        released (str): The same weights for the PyPI package, or empty.
        folder (str): Where exported graphs are.
    """
    config: str
    checkpoint: str
    released: str
    folder: str


class Network:
    """A network in one mode, and the crops that it runs on.

    Args:
        locate (Callable): From crops (B, size, size, 3) uint8, BGR, to
            landmarks (B, L, 2), unit.
        estimator (optional): The same network for
            :func:`~spiga_mmpose.apis.estimate_images`.
        path (str): File of its graph, or empty.
    """

    def __init__(self, locate: Callable, estimator=None, path='') -> None:
        self.locate = locate
        self._estimator = estimator
        self._path = path
        self._way = None

    def take(self, crops: np.ndarray) -> None:
        """Keep crops (N, size, size, 3) to run on."""
        self._crops = crops

    def run(self, batch: int) -> None:
        """Landmarks of the first crops, all at once."""
        self.locate(self._crops[:batch])

    def landmarks(self) -> np.ndarray:
        """(N, L, 2) of all crops, px of a crop of 256."""
        parts = [
            self.locate(self._crops[i:i + _BATCH])
            for i in range(0, len(self._crops), _BATCH)
        ]
        return np.concatenate(parts) * CROP

    def layers(self) -> Dict[Tuple[str, str], float]:
        """Seconds of one face by kind of layer and type; empty where the
        mode does not tell. See :meth:`OpenVINOBackend.layer_times`."""
        if not self._path.endswith('.xml'):
            return {}
        backend = OpenVINOBackend(
            self._path, torch.get_num_threads(), timed=True)
        return backend.layer_times(self._crops[:1], _LAYER_ROUNDS)

    def film(self, path: str, folder: str) -> Dict[str, float]:
        """See :meth:`VideoWay.run`."""
        if self._way is None:
            self._way = VideoWay(self._estimator)
        return self._way.run(path, folder)


class MatrixProduct:
    """A product of square matrices: what the processor can do at most.

    Args:
        dtype (torch.dtype): Of the matrices.
    """
    SIDE = 2048
    FLOPS = 2 * SIDE**3

    def __init__(self, dtype: torch.dtype) -> None:
        factors = 100 * torch.rand(2, self.SIDE, self.SIDE)
        self._factors = factors.to(dtype)
        # Bytes have a product of their own, with sums of 32 bits.
        self._multiply = (
            torch._int_mm if dtype == torch.int8 else torch.mm)

    def run(self, batch: int) -> None:
        """Multiply once, whatever the batch."""
        self._multiply(*self._factors)


MATRIX_RATES = dict(
    fp32=partial(MatrixProduct, torch.float32),
    bf16=partial(MatrixProduct, torch.bfloat16),
    int8=partial(MatrixProduct, torch.int8))


def _released(files: Files) -> Network:
    if not files.released:
        raise ValueError('the PyPI package spiga runs its own network alone: '
                         'leave the checkpoint out to compare with it')
    return Network(Reference(files.released))


def _torch(files: Files, **options) -> Network:
    model = load_model(files.config, files.checkpoint, 'cpu')
    if options:
        model = optimize_for_inference(model, **options)
    return Network(partial(locate, model), model)


def locate(model: nn.Module, crops: np.ndarray) -> np.ndarray:
    """Landmarks by a model of torch.

    Args:
        model (nn.Module): A top-down estimator with a GATCascadeHead.
        crops (np.ndarray): (B, size, size, 3) uint8, BGR.

    Returns:
        np.ndarray: (B, L, 2) unit.
    """
    inputs = torch.from_numpy(crops).permute(0, 3, 1, 2)
    samples = [PoseDataSample() for _ in crops]
    with torch.inference_mode():
        data = model.data_preprocessor(
            dict(inputs=inputs, data_samples=samples))
        steps = model(data['inputs'], None, mode='tensor').steps
    return steps[:, -1].numpy()


def _graph(files: Files, name: str) -> Network:
    path = osp.join(files.folder, name)
    backend = open_graph(path, threads=torch.get_num_threads())
    return Network(lambda crops: backend(crops)['steps'][:, -1],
                   BackendEstimator(backend), path)


@dataclass(frozen=True)
class Mode:
    """A way to run a network.

    Attributes:
        build (Callable): From :class:`Files` to the :class:`Network`.
        precision (str): ``'fp32'``, ``'bf16'`` or ``'int8'``.
        graph (str): Name of the exported file that it runs, or empty.
        usual (bool): Whether it is measured unless the user says which.
    """
    build: Callable[[Files], Network]
    precision: str = 'fp32'
    graph: str = ''
    usual: bool = True


def _of_graph(name: str, precision: str) -> Mode:
    return Mode(partial(_graph, name=name), precision, name)


MODES: Dict[str, Mode] = {
    'reference': Mode(_released),
    'torch': Mode(_torch),
    'torch-optimized': Mode(partial(_torch, bf16=False)),
    'torch-bf16': Mode(partial(_torch, bf16=True), 'bf16'),
    'torch-bf16-compiled': Mode(
        partial(_torch, bf16=True, compile=True), 'bf16', usual=False),
    'onnxruntime': _of_graph('fp32.onnx', 'fp32'),
    'openvino': _of_graph('fp32.xml', 'fp32'),
    'openvino-bf16': _of_graph('bf16.xml', 'bf16'),
    'openvino-int8': _of_graph('int8.xml', 'int8'),
}


def export(mode: Mode, model: nn.Module, folder: str) -> None:
    """Write the graph of a mode that runs one.

    Raises:
        ValueError, ImportError, OSError: See
            :func:`~spiga_mmpose.deployment.export_model`.
    """
    if mode.graph:
        export_model(model, osp.join(folder, mode.graph), mode.precision)


def count_flops(model: nn.Module, crop: np.ndarray) -> int:
    """Additions and multiplications of convolutions and matrix products.

    Args:
        model (nn.Module): In float32, nothing folded or left out.
        crop (np.ndarray): (size, size, 3) uint8.

    Returns:
        int: Of one face.
    """
    with FlopCounterMode(display=False) as counter:
        locate(model, crop[None])
    return counter.get_total_flops()
