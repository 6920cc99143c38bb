"""Batches that travel cheaply from the loader's workers."""
import pickle
from typing import Sequence

import torch
from mmengine.registry import FUNCTIONS
from torch.utils.data import get_worker_info


class _ByValue:
    """Arrives as the object itself, its tensors copied."""

    def __init__(self, value):
        self.content = pickle.dumps(value)

    def __reduce__(self):
        return pickle.loads, (self.content, )


@FUNCTIONS.register_module()
def collate_faces(samples: Sequence[dict]) -> dict:
    """Stack the crops; send the small labels by value.

    A face has several small tensors beside its crop. By default each of them
    travels through shared memory, for which the trainer asks the worker one by
    one while the worker is busy with the next batch.

    For training data loaders alone: MMEngine's inferencers take the
    ``collate_fn`` of ``test_dataloader`` for a name, the Runner for a dict.

    Returns:
        dict: ``inputs`` (B, 3, H, W), of one size, and ``data_samples``, a
        list of B.
    """
    data_samples = [sample['data_samples'] for sample in samples]
    if get_worker_info() is not None:
        data_samples = _ByValue(data_samples)
    return dict(
        inputs=torch.stack([sample['inputs'] for sample in samples]),
        data_samples=data_samples)
