"""A backend where one of MMPose's models stands."""
from typing import List

import numpy as np
import torch
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.structures import PoseDataSample

from spiga_mmpose.codecs import SPIGALabel
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.heads.predictions import pack_predictions
from .backends import Backend


class BackendEstimator:
    """Images and boxes in, data samples out, by an exported graph.

    For ``mmpose.apis.inference_topdown`` and
    :func:`~spiga_mmpose.apis.estimate_faces`. It needs no config: the file
    says how to crop.

    Args:
        backend (Backend): Of :func:`~spiga_mmpose.deployment.open_graph`.

    Raises:
        ValueError: If the landmark set of the graph is none of the package.
    """
    test_cfg: dict = {}

    def __init__(self, backend: Backend):
        info = backend.info
        landmarks = load_landmark_set(info.landmark_set)
        size = (info.input_size, info.input_size)
        self.backend = backend
        self.dataset_meta = parse_pose_metainfo(landmarks.metainfo())
        self.decoder = SPIGALabel(size, info.landmark_set)
        self.cfg = Config(
            dict(
                default_scope='mmpose',
                visualizer=dict(landmark_set=info.landmark_set),
                test_dataloader=dict(
                    dataset=dict(pipeline=[
                        dict(type='LoadFaceImage'),
                        dict(type='FaceBoxCenterScale', padding=info.padding),
                        dict(
                            type='SPIGACrop',
                            input_size=size,
                            sampling=info.sampling,
                            border=info.border),
                        dict(type='PackFaceInputs')
                    ]))))

    def test_step(self, data: dict) -> List[PoseDataSample]:
        """Predictions of a batch.

        Args:
            data (dict): ``inputs``, crops (3, size, size) uint8, and
                ``data_samples``, as the pipeline of ``cfg`` gives them.

        Returns:
            list[PoseDataSample]: The samples with ``pred_instances``, as
            :class:`GATCascadeHead` fills them.
        """
        samples = data['data_samples']
        crops = torch.stack(list(data['inputs'])).permute(0, 2, 3, 1)
        found = {
            name: torch.from_numpy(np.array(value))
            for name, value in self.backend(crops.numpy()).items()
        }
        instances = pack_predictions(
            self.decoder,
            samples,
            keypoints=found['steps'][:, -1],
            scores=found['scores'],
            poses=found.get('pose'),
            steps=found['steps'],
            attention=found.get('attention'))
        return TopdownPoseEstimator.add_pred_to_datasample(
            self, instances, None, samples)
