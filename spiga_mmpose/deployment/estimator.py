"""A backend where one of MMPose's models stands."""
from typing import Dict, List, Optional

import numpy as np
import torch
import torch.nn as nn
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.structures import PoseDataSample
from torch import Tensor

from spiga_mmpose.codecs import SPIGALabel
from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from spiga_mmpose.models.heads.predictions import (TEST_KEYS, average_flip,
                                                   check_keys,
                                                   pack_predictions)
from .backends import Backend
from .metadata import GraphInfo


class BackendEstimator:
    """Images and boxes in, data samples out, by an exported graph.

    For ``mmpose.apis.inference_topdown`` and
    :func:`~spiga_mmpose.apis.estimate_faces`. It needs no config: the file
    says how to crop.

    Args:
        backend (Backend): Of :func:`~spiga_mmpose.deployment.open_graph`.
        model (nn.Module, optional): The model that the graph was exported
            from, for its head, config, data set and ``test_cfg``. Without it
            they are made from what the graph says of itself, and ``head`` is
            None.

    Raises:
        ValueError: If the landmark set of the graph is none of the package and
            there is no model.
    """

    def __init__(self, backend: Backend, model: Optional[nn.Module] = None):
        self.backend = backend
        info = backend.info
        if model is None:
            self.head = None
            self.landmark_set = _find_landmark_set(backend)
            self.decoder = SPIGALabel((info.input_size, info.input_size),
                                      info.landmark_set)
            self.dataset_meta = parse_pose_metainfo(
                self.landmark_set.metainfo())
            self.cfg = _make_config(info)
            self.test_cfg = dict(fit_pose=info.fit_pose)
        else:
            self.head = model.head
            self.landmark_set = model.head.landmark_set
            self.decoder = model.head.decoder
            self.dataset_meta = model.dataset_meta
            self.cfg = model.cfg
            self.test_cfg = model.test_cfg

    @property
    def test_cfg(self) -> dict:
        """Of :meth:`GATCascadeHead.predict`; what the graph has not is
        refused with a ``ValueError``."""
        return self._test_cfg

    @test_cfg.setter
    def test_cfg(self, config: Optional[dict]) -> None:
        config = check_keys('test_cfg', config, TEST_KEYS)
        source = self.backend.source
        if (config.get('output_attention')
                and 'attention' not in self.backend.info.outputs):
            raise ValueError(
                f'{source} gives no attention: export it with --attention '
                '(tools/deployment/export.py), or take the backend torch')
        if config.get('output_heatmaps'):
            raise ValueError(
                f'{source} gives no landmark and edge maps, as no exported '
                'file does: take the backend torch')
        if config.get('predict_by') not in (None, 'cascade'):
            raise ValueError(
                f'{source} predicts by its cascade alone, not by '
                f'{config["predict_by"]!r}: take the backend torch')
        self._test_cfg = config

    def test_step(self, data: dict) -> List[PoseDataSample]:
        """Predictions of a batch, as the pipeline of ``cfg`` packs it: the
        data samples with ``pred_instances``, as :class:`GATCascadeHead` fills
        them."""
        samples = data['data_samples']
        crops = np.stack(
            [crop.permute(1, 2, 0).numpy() for crop in data['inputs']])
        named = self._outputs(crops)
        if self.test_cfg.get('flip_test'):
            mirrored = self._outputs(crops[:, :, ::-1])
            named = average_flip(named, mirrored, samples, self.landmark_set)
        instances = pack_predictions(
            self.decoder,
            samples,
            fit_pose=self.test_cfg.get('fit_pose', False),
            **named)
        return TopdownPoseEstimator.add_pred_to_datasample(
            self, instances, None, samples)

    def _outputs(self, crops: np.ndarray) -> Dict[str, Tensor]:
        """Named tensors of a prediction, see :func:`pack_predictions`."""
        found = {
            name: torch.from_numpy(value)
            for name, value in self.backend(crops).items()
        }
        attention = found.get('attention')
        return dict(
            keypoints=found['steps'][:, -1],
            scores=found['scores'],
            poses=found.get('pose'),
            steps=found['steps'],
            attention=attention
            if self.test_cfg.get('output_attention') else None)


def _find_landmark_set(backend: Backend) -> LandmarkSet:
    info, reason = backend.info, None
    try:
        # By name alone: a file from a stranger opens no other.
        if info.landmark_set.endswith('.json'):
            raise ValueError('a path, not a name')
        landmarks = load_landmark_set(info.landmark_set)
        if landmarks.num_landmarks != info.num_landmarks:
            reason = (f'has {info.num_landmarks} landmarks there and '
                      f'{landmarks.num_landmarks} in this package')
    except ValueError:
        reason = 'is none of this package'
    if reason:
        raise ValueError(
            f'{backend.source}: its landmark set {info.landmark_set!r} '
            f'{reason}; give the config and the weights that it was exported '
            "from, with backend='onnxruntime' or 'openvino', instead")
    return landmarks


def _make_config(info: GraphInfo) -> Config:
    size = (info.input_size, info.input_size)
    pipeline = [
        dict(type='LoadFaceImage'),
        dict(type='FaceBoxCenterScale', padding=info.padding),
        dict(
            type='SPIGACrop',
            input_size=size,
            sampling=info.sampling,
            border=info.border),
        dict(type='PackFaceInputs')
    ]
    return Config(
        dict(
            default_scope='mmpose',
            visualizer=dict(landmark_set=info.landmark_set),
            test_dataloader=dict(dataset=dict(pipeline=pipeline))))
