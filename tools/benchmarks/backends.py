"""The ways to run one network that are compared.

Each opens as a function from crops (B, size, size, 3) uint8, BGR, to
landmarks (B, L, 2) in [0, 1] of the crop.
"""
import os.path as osp
from functools import partial
from glob import escape, glob
from typing import Callable, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
import torch.nn as nn
from mmpose.structures import PoseDataSample

from spiga_mmpose.apis import load_model
from spiga_mmpose.deployment import (export_model, open_graph,
                                     optimize_for_inference)


class Backend(NamedTuple):
    precision: str = 'fp32'
    suffix: str = ''  # of the exported file that it runs; none: torch
    optimize: Optional[dict] = None  # arguments of optimize_for_inference


BACKENDS = {
    'torch': Backend(),  # the others are compared with its landmarks
    'torch-optimized': Backend(optimize=dict()),
    'torch-bf16': Backend('bf16', optimize=dict(bf16=True)),
    'onnxruntime': Backend(suffix='.onnx'),
    'openvino': Backend(suffix='.xml'),
    'openvino-bf16': Backend('bf16', '.xml'),
    'openvino-int8': Backend('int8', '.xml'),
}


def prepare(backend: Backend, model: nn.Module, files: Tuple[str, str],
            folder: str) -> Tuple[Callable, List[str]]:
    """Export the model of ``files``, config and checkpoint, into the folder,
    if the backend runs a file; returns what opens the network, and the paths
    of the files that hold its weights."""
    if not backend.suffix:
        return partial(_open_torch, files, backend.optimize), [files[1]]
    stem = osp.join(folder, backend.precision + backend.suffix[1:])
    export_model(model, stem + backend.suffix, backend.precision)
    return (partial(_open_exported, stem + backend.suffix),
            glob(f'{escape(stem)}.*'))


def _open_torch(files: Tuple[str, str], optimize: Optional[dict]) -> Callable:
    model = load_model(*files, 'cpu')
    if optimize is not None:
        model = optimize_for_inference(model, **optimize)

    def predict(crops):
        inputs = torch.from_numpy(crops).permute(0, 3, 1, 2)
        samples = [PoseDataSample() for _ in crops]
        with torch.inference_mode():
            data = model.data_preprocessor(
                dict(inputs=inputs, data_samples=samples))
            steps = model(data['inputs'], None, mode='tensor').steps
        return steps[:, -1].numpy()

    return predict


def _open_exported(path: str) -> Callable:
    backend = open_graph(path, threads=torch.get_num_threads())
    return lambda crops: backend(crops)['steps'][:, -1]


def open_with_crops(opener: Callable, crops: np.ndarray) -> Callable:
    """Open a network as a function of ``start, stop`` of crops (N, ...)."""
    predict = opener()
    return lambda start, stop: predict(crops[start:stop])
