"""Metadata of an exported file, which needs no config beside it.

It stands in the file as JSON under ``KEY``: in ONNX among ``metadata_props``,
in OpenVINO's IR as ``rt_info``.
"""
import dataclasses
import json
from dataclasses import dataclass
from typing import Dict, List, Optional

import torch.nn as nn
from mmpose.registry import TRANSFORMS
from torch import Tensor

from spiga_mmpose.version import __version__

KEY = 'spiga_mmpose'
# Raised when a reader of older files would go wrong.
FORMAT_VERSION = 1

_UNITS = dict(
    steps='x, y in [0, 1] of the crop; entry 0 where the cascade starts, the '
    'last the landmarks',
    pose='yaw, pitch, roll in degrees (positive: to the right edge of the '
    'image, up, clockwise), tx, ty, tz in head units',
    scores='in [0, 1]',
    attention='step, layer, head, landmark, what it attends to; rows sum to 1')


@dataclass(frozen=True)
class GraphInfo:
    """Facts of an exported graph."""
    landmark_set: str
    num_landmarks: int
    input_size: int  # side of the square crop, px
    # Side of the square that is cropped, over the longer side of the face
    # box, about its centre.
    padding: float
    sampling: str  # how the crop is sampled, see SPIGACrop
    border: str  # what lies outside the image, see SPIGACrop
    # What the graph subtracts from 0 to 255, and divides by, in the order of
    # the channels after bgr_to_rgb: whether it swaps them first.
    mean: List[float]
    std: List[float]
    bgr_to_rgb: bool
    precision: str  # 'fp32', 'bf16', 'fp16' or 'int8'
    batch: Optional[int]  # faces a call; None: any number
    outputs: Dict[str, List[int]]  # name and shape, for one face
    units: Dict[str, str]  # what the numbers of each output mean
    calibration: Optional[str] = None  # faces that int8's ranges are seen on
    fit_pose: bool = False  # to the landmarks, see GATCascadeHead.predict
    input: str = 'crops: (batch, size, size, 3) uint8, B, G, R'
    package_version: str = __version__
    format_version: int = FORMAT_VERSION

    def to_json(self) -> str:
        """The facts as JSON."""
        return json.dumps(dataclasses.asdict(self))


def describe(model: nn.Module,
             precision: str,
             batch: Optional[int],
             outputs: Dict[str, Tensor],
             calibration: Optional[str] = None) -> GraphInfo:
    """Facts of a model that is to be exported.

    Args:
        model (nn.Module): With its config as ``cfg``, whose test pipeline says
            how to crop; else a ``ValueError``.
        outputs (dict[str, Tensor]): What it gave for some faces.
        precision, batch, calibration: See :class:`GraphInfo`.
    """
    padding, size, sampling, border = crop_rule(model.cfg)
    landmarks = model.head.landmark_set
    preprocessor = model.data_preprocessor
    return GraphInfo(
        landmark_set=landmarks.name,
        num_landmarks=landmarks.num_landmarks,
        input_size=size,
        padding=padding,
        sampling=sampling,
        border=border,
        mean=preprocessor.mean.flatten().tolist(),
        std=preprocessor.std.flatten().tolist(),
        bgr_to_rgb=preprocessor._channel_conversion,
        precision=precision,
        batch=batch,
        outputs={
            name: list(value.shape[1:])
            for name, value in outputs.items()
        },
        units={name: _UNITS[name] for name in outputs},
        calibration=calibration,
        fit_pose=bool((model.test_cfg or {}).get('fit_pose', False)))


def crop_rule(config) -> tuple:
    """Padding, size, sampling and border of a config's test pipeline;
    ``ValueError`` if it does not say how it crops, or not to a square."""
    pipeline = config.test_dataloader.dataset.pipeline
    padding = crop = None
    for step in pipeline:
        if step['type'] in ('FaceBoxCenterScale', 'GetBBoxCenterScale'):
            padding = TRANSFORMS.build(step).padding
        elif step['type'] in ('SPIGACrop', 'TopdownAffine'):
            crop = TRANSFORMS.build(step)
    if padding is None or crop is None:
        raise ValueError(
            'the test pipeline of the config does not say how a face is '
            'cropped: expected FaceBoxCenterScale and SPIGACrop in it, found '
            f'{[step["type"] for step in pipeline]}')
    width, height = crop.input_size
    if width != height:
        raise ValueError('the crop of the config must be square, found '
                         f'{width} x {height}')
    # TopdownAffine has no choice of these.
    return (padding, width, getattr(crop, 'sampling', 'bilinear'),
            getattr(crop, 'border', 'zero'))


def read_info(path: str, text: Optional[str]) -> GraphInfo:
    """Facts from the JSON ``text`` of a file; ``ValueError``, which names the
    file, if there is none, or it is of another version."""
    again = 'export it again with tools/deployment/export.py'
    try:
        facts = json.loads(text or '')
        version = facts['format_version']
    except (ValueError, TypeError, KeyError):
        raise ValueError(
            f'{path}: it does not describe itself: cut short, or not written '
            f'by spiga_mmpose; {again}') from None
    if version != FORMAT_VERSION:
        raise ValueError(
            f'{path}: of format {version}, written by spiga_mmpose '
            f'{facts.get("package_version")}; this version reads format '
            f'{FORMAT_VERSION}; {again}')
    try:
        return GraphInfo(**facts)
    except TypeError as error:
        raise ValueError(f'{path}: its description is damaged ({error}); '
                         f'{again}') from None
