"""int8: the heavy layers on bytes, their ranges seen on training faces.

NNCF does it on the graph in float32. Heavy are the convolutions outside of
the float32 islands (:class:`~spiga_mmpose.models.layers.Float32`) and what
reads the windows; pose, projection, sampling, graph attention, offsets and
the sums of residuals stay in float32.
"""
import logging
from typing import Set, Tuple

import numpy as np
import torch.nn as nn
from mmengine.config import Config
from mmpose.registry import DATASETS
from tqdm import tqdm

from .optimize import outside_islands

CALIBRATION_FACES = 300  # as many as NNCF takes by default


def calibration_crops(config: Config, count: int) -> Tuple[np.ndarray, str]:
    """``count`` faces from all over a config's training data set, or all of
    it, cropped as in the test, (N, size, size, 3) uint8, B, G, R; and in words
    which. ``ValueError`` if the count is below 1, or the data set is not
    there.
    """
    if count < 1:
        raise ValueError('int8 needs at least 1 face to calibrate on, found '
                         f'{count}')
    settings = (config.get('train_dataloader') or {}).get('dataset', {})
    missing = [key for key in ('type', 'pipeline') if key not in settings]
    if missing:
        raise ValueError(
            'int8 calibrates on the training faces of the config: expected a '
            f'data set in train_dataloader.dataset, found none with {missing}')
    pipeline = config.test_dataloader.dataset.pipeline
    dataset = DATASETS.build(dict(settings, pipeline=pipeline))
    total = len(dataset)
    chosen = np.linspace(0, total - 1, min(count, total)).astype(int)
    crops = np.stack([
        dataset[int(i)]['inputs'].permute(1, 2, 0).numpy()
        for i in tqdm(chosen, desc='faces to calibrate on', unit='face')
    ])
    return crops, f'{len(crops)} of {total} faces of {_title(settings)}'


def _title(settings: dict) -> str:
    """Name of a data set, without its folder."""
    return ' '.join([settings['type'], settings.get('ann_file', '')]).strip()


def heavy_layers(graph: nn.Module) -> Set[str]:
    """Parameters by which the exported graph's heavy layers are known: names,
    as in its ``state_dict``, of the weights of the convolutions outside of
    float32 islands, and of the biases of the layers that read the windows."""
    found = set()
    for layer, name, _ in outside_islands(graph):
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            found.add(f'{name}.weight')
        elif isinstance(layer, nn.Linear) and '.visual.' in f'{name}.':
            # The export transposes the weight, which loses its name.
            found.add(f'{name}.bias')
    return found


def quantize(model, crops: np.ndarray, layers: Set[str]):
    """A float32 OpenVINO graph with its heavy layers in int8.

    Args:
        model (openvino.Model): The graph; another one is returned.
        crops (np.ndarray): (N, size, size, 3) uint8, to see ranges on.
        layers (set[str]): Of :func:`heavy_layers`; ``ValueError`` if the graph
            has none of them.
    """
    import nncf
    nncf.set_log_level(logging.WARNING)
    operations = model.get_ops()
    others = [
        op.get_friendly_name() for op in operations
        if not _is_among(op, layers)
    ]
    if len(others) == len(operations):
        raise ValueError('the exported graph has no layer to quantise')
    batches = _batches(crops, model.input(0).get_partial_shape()[0])
    return nncf.quantize(
        model,
        nncf.Dataset(batches),
        # Residual sums have either sign; what follows a ReLU has not.
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(batches),
        # Most of the names are of constants, which it does not look at.
        ignored_scope=nncf.IgnoredScope(names=others, validate=False))


def _is_among(op, layers: Set[str]) -> bool:
    """Return whether the weight or bias of an operation is of the layers."""
    kind = op.get_type_name()
    if kind.startswith('Convolution'):
        values = [op.input_value(1)]
    elif kind == 'MatMul':
        values = [
            value for target in op.output(0).get_target_inputs()
            for value in target.get_node().input_values()
        ]
    else:
        return False
    return any(value.get_node().get_friendly_name() in layers
               for value in values)


def _batches(crops: np.ndarray, batch) -> np.ndarray:
    """(batches, batch, ...) crops; a fixed batch is filled from the first."""
    size = 1 if batch.is_dynamic else batch.get_length()
    count = -(-len(crops) // size)
    return np.resize(crops, (count, size, *crops.shape[1:]))
