"""A training step and the loader, each in several ways.

Shape alphabet: B batch.
"""
import json
import os
import os.path as osp
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Dict
from unittest import mock

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, MODELS

from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.heads import multi_task_head
from .plain_maps import PlainMaps

# Where the config's data set is not there: photographs of drawn faces.
_PICTURE = 1024, 768  # width and height, px
_FACE = 512  # side of the drawn face in it, px
_DRAWN = 256  # side at which it is drawn, px
_STAND_IN = 64  # pictures
_SEED = 77


@dataclass(frozen=True)
class StepKind:
    """A way to train.

    Attributes:
        maps_ready (bool): The loader has drawn the maps: the plain way.
        bf16 (bool): Autocast to bfloat16.
        recompute (bool): Gradient checkpointing (``with_cp``).
    """
    maps_ready: bool = False
    bf16: bool = False
    recompute: bool = False


STEPS = {
    'plain fp32': StepKind(maps_ready=True),
    'fp32': StepKind(),
    'fp32, with_cp': StepKind(recompute=True),
    'bf16': StepKind(bf16=True),
    'bf16, with_cp': StepKind(bf16=True, recompute=True),
}


def training_set(config: Config, folder: str):
    """The config's training set, or drawn photographs in its place.

    Args:
        config (Config): Of a training.
        folder (str): Of :func:`draw_photographs`.

    Returns:
        tuple: The data set with the config's own augmentation, and what it
        is, in words.

    Raises:
        ValueError: If the config's data set is not there and the drawn faces
            are not labelled with its landmarks.
    """
    init_default_scope('mmpose')
    wanted = config.train_dataloader.dataset
    try:
        return DATASETS.build(wanted), 'the training set of the config'
    except (OSError, ValueError):
        name = config.model.head.get('landmark_set', 'wflw_98')
        draw_photographs(folder, name)
        return DATASETS.build(
            dict(
                type='SPIGAJsonDataset',
                landmark_set=name,
                data_mode='topdown',
                data_root=folder,
                ann_file='faces.json',
                pipeline=wanted.pipeline)), (
                    'drawn faces in JPEG files of {} x {} px, since the '
                    'training set of the config is not there'.format(
                        *_PICTURE))


def draw_photographs(folder: str, landmark_set: str) -> None:
    """Write JPEG files of a drawn face each, and ``faces.json``.

    Args:
        folder (str): Where to; what is there already is kept.
        landmark_set (str): ``'wflw_98'`` or ``'300w_68'``.

    Raises:
        ValueError: If it is another landmark set.
    """
    path = osp.join(folder, 'faces.json')
    if osp.exists(path):
        return
    faces = SyntheticFaceDataset(
        _STAND_IN, _SEED, image_size=_DRAWN, landmark_set=landmark_set)
    ids = load_landmark_set(landmark_set).annotation_ids
    os.makedirs(folder, exist_ok=True)
    x, y = ((side - _FACE) // 2 for side in _PICTURE)
    rows = []
    for i in range(_STAND_IN):
        face = faces.get_data_info(i)
        image = cv2.resize(face['img'], (_FACE, _FACE))
        picture = cv2.copyMakeBorder(image, y, y, x, x, cv2.BORDER_REFLECT)
        cv2.imwrite(osp.join(folder, f'{i}.jpg'), picture)
        points = face['keypoints'][0] * (_FACE / _DRAWN) + [x, y]
        low, high = points.min(0), points.max(0)
        rows.append(
            dict(
                imgpath=f'{i}.jpg',
                bbox=[*low.tolist(), *(high - low).tolist()],
                headpose=None,
                ids=ids,
                landmarks=points.tolist(),
                visible=[1] * len(ids)))
    with open(path, 'w') as file:
        json.dump(rows, file)


class Loader:
    """What one worker of the loader does, without the others.

    Args:
        path (str): Of the config.
        folder (str): See :func:`training_set`.
        with_maps (bool): It draws the maps as well: the plain way.
    """

    def __init__(self, path: str, folder: str, with_maps: bool) -> None:
        config = Config.fromfile(path)
        self.faces, self._words = training_set(config, folder)
        self.maps = plain_maps(config) if with_maps else None
        self._next = 0

    def words(self) -> str:
        """What is loaded."""
        return self._words

    def load(self, count: int) -> None:
        """Load, augment and pack the next faces."""
        for _ in range(count):
            sample = self.faces[self._next % len(self.faces)]
            if self.maps is not None:
                self.maps(sample)
            self._next += 1


def plain_maps(config: Config) -> PlainMaps:
    """The plain transform with the sizes of a config's network."""
    head = config.model.head
    supervision = head.get('supervision') or head
    return PlainMaps(
        load_landmark_set(head.get('landmark_set', 'wflw_98')),
        head.decoder.input_size[0] // 4,
        (supervision.get('sigma_points', 1.5),
         supervision.get('sigma_edges', 1.)))


class Step:
    """A network in training, and a batch for it.

    Args:
        path (str): Of the config.
        folder (str): See :func:`training_set`.
        kind (StepKind): How it is trained.
        batch (int): B.
    """

    def __init__(self, path: str, folder: str, kind: StepKind,
                 batch: int) -> None:
        config = Config.fromfile(path)
        faces, _ = training_set(config, folder)
        if kind.recompute:
            config.model.backbone.with_cp = True
        torch.manual_seed(0)
        self.model = MODELS.build(config.model)
        self.model.train()
        if config.get('stages'):
            config.optim_wrapper.optimizer.lr = config.stages[0].lr
        optimizer = dict(
            config.optim_wrapper,
            type='CpuAmpOptimWrapper' if kind.bf16 else 'OptimWrapper')
        self.optimizer = build_optim_wrapper(self.model, optimizer)
        samples = [faces[i % len(faces)] for i in range(batch)]
        self.maps = None
        if kind.maps_ready:
            draw = plain_maps(config)
            samples = [draw(sample) for sample in samples]
            self.maps = {
                f'draw_{name[:-1]}_maps': torch.from_numpy(
                    np.stack([sample.pop(name) for sample in samples]))
                for name in ('points', 'edges')
            }
        self.data = pseudo_collate(samples)

    def run(self) -> Dict[str, float]:
        """Forward, backward, and the step of the optimizer; the losses."""
        with ExitStack() as stack:
            for name, maps in (self.maps or {}).items():
                stack.enter_context(
                    mock.patch.object(multi_task_head, name,
                                      lambda *_, maps=maps: maps))
            losses = self.model.train_step(self.data, self.optimizer)
        return {name: value.item() for name, value in losses.items()}
