"""From what a user names to what estimates: weights, an exported file, and
the program that runs it."""
import hashlib
import os.path as osp
from typing import Optional, Union

import torch
import torch.nn as nn
from mmengine.logging import print_log

from spiga_mmpose.deployment import BackendEstimator, export_model, open_graph
from spiga_mmpose.deployment.backends import check_threads
from spiga_mmpose.deployment.extras import require
from spiga_mmpose.version import __version__
from .estimation import load_model
from .weights import DEFAULT, cache_folder, checksum, find_weights

# What runs a network, and the suffix of the files that it runs.
SUFFIXES = dict(onnxruntime='.onnx', openvino='.xml')
BACKENDS = ('torch', *SUFFIXES)


def load_estimator(weights: Optional[str] = None, model: Optional[str] = None,
                   device: str = 'cpu', backend: Optional[str] = None,
                   threads: Optional[int] = None
                   ) -> Union[nn.Module, BackendEstimator]:
    """What :func:`~spiga_mmpose.apis.estimate_images` takes for a model.

    Arguments and errors: :class:`~spiga_mmpose.apis.SPIGAInferencer`. Other
    backends than torch get float32, on the CPU.
    """
    check_threads(threads)
    if backend is not None and backend not in BACKENDS:
        raise ValueError(f'backend: expected one of {", ".join(BACKENDS)}, '
                         f'found {backend!r}')
    if is_exported(weights):
        raise ValueError(f'{weights} is an exported file, not weights: give '
                         'it as the model, without weights (model=...)')
    if is_exported(model):
        if weights is not None:
            raise ValueError(f'{model} holds its weights: leave the weights '
                             f'{weights} out')
        if backend and SUFFIXES.get(backend) != osp.splitext(model)[1]:
            wanted = (f'an {SUFFIXES[backend]} file'
                      if backend in SUFFIXES else 'a config and weights')
            raise ValueError(f'{model} is not for the backend {backend}, '
                             f'which takes {wanted}: leave the backend out, '
                             'the name of the file tells it')
        return BackendEstimator(open_graph(model, threads))
    checkpoint, config = find_weights(weights or DEFAULT)
    if (model or config) is None:
        raise ValueError(f'{weights}: these weights do not tell their '
                         'config: give it as well (model=...)')
    if backend in SUFFIXES:
        return _exported_once(model or config, checkpoint, backend, threads)
    if threads:
        torch.set_num_threads(threads)
    return load_model(model or config, checkpoint, device)


def is_exported(path: Optional[str]) -> bool:
    """Return whether a path is an exported file, by its ending."""
    return osp.splitext(path or '')[1] in SUFFIXES.values()


def _exported_once(config: str, checkpoint: str, backend: str,
                   threads: Optional[int]) -> BackendEstimator:
    """The model of a config in a backend, by an exported file in the cache."""
    require(backend)
    model = load_model(config, checkpoint, 'cpu')
    # A file for whatever makes the graph: weights, config and package.
    facts = f'{checksum(checkpoint)} {model.cfg.to_dict()} {__version__}'
    key = hashlib.sha256(facts.encode()).hexdigest()[:16]
    stem = osp.splitext(osp.basename(checkpoint))[0]
    path = osp.join(cache_folder(), 'exported',
                    f'{stem}-{key}{SUFFIXES[backend]}')
    if osp.isfile(path):
        try:
            return BackendEstimator(open_graph(path, threads), model)
        except ValueError:
            pass  # damaged: written again
    print_log(f'{checkpoint} is exported for {backend}, once, into {path}; '
              'this takes a minute or so', 'current')
    try:
        export_model(model, path)
    except OSError as error:
        raise ValueError(f'cannot write into the cache {cache_folder()}: '
                         f'{error.strerror}; set XDG_CACHE_HOME') from None
    return BackendEstimator(open_graph(path, threads), model)
