"""GATCascadeHead: landmarks by a cascade of graph-attention regressors.

Paper 2.2, 2.3 and supplementary 1.2; sizes as in the authors' release
(https://github.com/andresprados/SPIGA, PyPI ``spiga`` 0.0.6).

Shape alphabet: B batch, L landmarks, S steps, C channels, H x W map.
"""
from typing import NamedTuple, Optional, Sequence, Tuple

import torch
import torch.nn as nn
from mmpose.registry import KEYPOINT_CODECS, MODELS
from torch import Tensor

from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import load_landmark_set
from ..layers import StrictShapes
from .cascade_step import CascadeStep
from .predictions import (TRAIN_KEYS, FaceHead, check_choice, check_keys,
                          collect_labels, point_scores)
from .trained_parts import PARTS, TrainedParts


class CascadeOutputs(NamedTuple):
    """Tensors of a forward pass."""
    steps: Tensor  # (B, S + 1, L, 2) normalised; entry 0: where they start
    poses: Optional[Tensor]  # (B, 6) degrees and head units
    scores: Tensor  # (B, L) in [0, 1]


def last_map(feats) -> Tensor:
    """The best feature map (B, C, H, W) of a backbone's output: the last of
    the tuple; MSPN and RSN give a list of maps a stage."""
    last = feats[-1]
    return last if isinstance(last, Tensor) else last[-1]


@MODELS.register_module()
class GATCascadeHead(TrainedParts, StrictShapes, FaceHead):
    """Projected head model, then S steps that each move every landmark.

    Works on any backbone: it needs a feature map (the last of the tuple) and
    a pose. ``HourglassPoseNet`` gives both; for others set
    ``pose_regressor``. With ``initial_shape='mean'`` it needs no pose.

    Checkpoints carry a record of the parts that are trained, see
    :class:`TrainedParts`, so that a checkpoint of any training stage predicts
    as well as that stage can: by the maps' soft-argmax, with the pose, or by
    the cascade. ``StageHook`` writes it. Without a record, as after a training
    without stages, the prediction is by the cascade. Such a training leaves
    the record of a checkpoint that it starts from: after that of an early
    stage set ``test_cfg=dict(predict_by='cascade')``.

    Args:
        in_channels (int): C of the feature map.
        landmark_set (str): Name or path of the landmark set.
        initial_shape (str): Where the landmarks start: ``'pose'``, the head
            model of the set, projected by the pose (paper, 2.1), or
            ``'mean'``, the mean shape of the set, the same for every face.
        windows (Sequence[float]): Side of the window of each of the S >= 1
            steps, as a share of the map's side, in (0, 1]. Release and paper:
            16, 8 and 4 of 64 cells.
        window_samples, embed_channels, position_channels, gat_channels,
            num_gats, num_heads, offset_channels, position,
            shared_attention, self_message, two_convs, offset_activation:
            See :class:`CascadeStep`; the defaults are the release's.
        detach_steps (bool): Stop the gradient between the steps, so that each
            step learns for itself alone (published nowhere). Off: the first
            steps learn to leave the later ones a good start. The projected
            head model never gets a gradient: the pose has its own loss.
        loss (dict): Loss of the landmarks after each step, on [-1, 1], with
            the factor ``loss_weight`` (float).
        supervision (dict, optional): Config of :class:`MultiTaskHead`, whose
            losses and soft-argmax come in for the stages before the cascade.
            It gets this head's landmark set.
        pose_regressor (dict, optional): Part that estimates the pose
            (B, 6) from the last feature map (B, C, H, W) where the backbone
            gives none, e.g. ``dict(type='FeaturePoseRegressor')``. It gets
            this head's ``in_channels``.
        loss_pose (dict): Loss of the ``pose_regressor``.
        decoder (dict, optional): The codec, :class:`SPIGALabel`.
        init_cfg (dict, optional): MMEngine initialisation.

    Raises:
        ValueError: If an argument is none of those named above, or the
            landmark set has no shape to start from; in use, if feature maps
            or labels are not what the config says, or nothing gives a pose.
    """

    def __init__(self,
                 in_channels: int = 256,
                 landmark_set: str = 'wflw_98',
                 initial_shape: str = 'pose',
                 windows: Sequence[float] = (0.25, 0.125, 0.0625),
                 window_samples: int = 7,
                 embed_channels: int = 512,
                 position_channels: Sequence[int] = (256, 256),
                 gat_channels: int = 256,
                 num_gats: int = 4,
                 num_heads: int = 4,
                 offset_channels: Sequence[int] = (256, 128, 64, 32),
                 position: str = 'add',
                 shared_attention: bool = False,
                 self_message: bool = True,
                 two_convs: bool = False,
                 offset_activation: str = 'hardtanh',
                 detach_steps: bool = False,
                 loss: dict = dict(type='SmoothL1CoordLoss', beta=0.01),
                 loss_weight: float = 1.,
                 supervision: Optional[dict] = None,
                 pose_regressor: Optional[dict] = None,
                 loss_pose: dict = dict(type='PoseL2Loss'),
                 decoder: Optional[dict] = None,
                 init_cfg: Optional[dict] = None):
        super().__init__(init_cfg)
        self.landmark_set = landmarks = load_landmark_set(landmark_set)
        check_choice('initial_shape', initial_shape, 'pose', 'mean')
        check_choice('position', position, 'add', 'stack', 'none')
        check_choice('offset_activation', offset_activation, 'hardtanh',
                     'arctan')
        if not windows or not all(0 < window <= 1 for window in windows):
            raise ValueError(
                'windows must be shares of the side of the map, over 0 and at '
                f'most 1, e.g. (16/64, 8/64, 4/64), found {windows!r}')
        field = dict(pose='head_model', mean='mean_shape')[initial_shape]
        start = getattr(landmarks, field)
        if start is None:
            raise ValueError(
                f'landmark set {landmarks.name!r} has no {field}, where '
                f'GATCascadeHead(initial_shape={initial_shape!r}) starts its '
                'cascade')
        self.initial_shape = initial_shape
        self.in_channels = in_channels
        # (L, 3) head units, or (L, 2) normalised.
        self.register_buffer(
            'start', torch.tensor(start, dtype=torch.float32),
            persistent=False)
        self.steps = nn.ModuleList(
            CascadeStep(
                in_channels, landmarks.num_landmarks, window,
                window_samples=window_samples, embed_channels=embed_channels,
                position_channels=position_channels,
                gat_channels=gat_channels, num_gats=num_gats,
                num_heads=num_heads, offset_channels=offset_channels,
                position=position, shared_attention=shared_attention,
                self_message=self_message, two_convs=two_convs,
                offset_activation=offset_activation) for window in windows)
        self.detach_steps = detach_steps
        self.loss_module = MODELS.build(loss)
        self.loss_weight = loss_weight
        self.supervision = MODELS.build(
            dict(supervision, landmark_set=landmark_set)
        ) if supervision else None
        self.pose_regressor = MODELS.build(
            dict(dict(in_channels=in_channels), **pose_regressor)
        ) if pose_regressor else None
        self.loss_pose = MODELS.build(loss_pose)
        self.decoder = KEYPOINT_CODECS.build(decoder) if decoder else None

    def forward(self, feats: Tuple[Tensor]) -> CascadeOutputs:
        """Landmarks of every step, pose and scores, of feature maps (B, C, H,
        W), the best last."""
        steps, poses, _ = self.cascade(feats)
        return CascadeOutputs(steps, poses, self._scores(feats, steps[:, -1]))

    def cascade(self, feats) -> Tuple[Tensor, Optional[Tensor], list]:
        """Run all steps.

        Returns:
            tuple: steps (B, S + 1, L, 2) normalised, poses (B, 6) or None,
            and the attention (B, heads, L, L) by step and layer.
        """
        poses = self._pose(feats)
        if self.initial_shape == 'mean':
            points = self.start.expand(last_map(feats).shape[0], -1, -1)
        else:
            with torch.autocast(poses.device.type, enabled=False):
                points = project_head(self.start, poses.detach())
        trajectory, attentions = [points], []
        # Windows are read plane by plane: from channels-last maps that takes
        # longer.
        field = last_map(feats).contiguous()
        if field.shape[1] != self.in_channels:
            raise ValueError(
                f'the last feature map has {field.shape[1]} channels, '
                f'GATCascadeHead expected {self.in_channels}: set in_channels '
                'of the head (model.head.in_channels) to what backbone and '
                'neck give')
        for step in self.steps:
            if self.detach_steps:
                points = points.detach()
            offsets, attention = step(field, points)
            points = points + offsets
            trajectory.append(points)
            attentions.append(attention)
        return torch.stack(trajectory, 1), poses, attentions

    def _pose(self, feats) -> Optional[Tensor]:
        if self.landmark_set.head_model is None:
            return None  # nothing could have taught it
        if getattr(feats, 'poses', None):
            if self.pose_regressor is not None:
                raise ValueError(
                    'this backbone gives a head pose of its own: leave '
                    'pose_regressor of GATCascadeHead out')
            return feats.poses[-1].float()
        if self.pose_regressor is not None:
            return self.pose_regressor(last_map(feats)).float()
        if self.initial_shape == 'mean':
            return None
        raise ValueError(
            'this backbone gives no head pose: add pose_regressor='
            "dict(type='FeaturePoseRegressor') to GATCascadeHead, or "
            "initial_shape='mean'")

    def _scores(self, feats, keypoints) -> Tensor:
        """Response of the last trained point map, or ones without maps."""
        stack = self.map_stack(feats)
        if stack is None:
            return keypoints.new_ones(keypoints.shape[:2])
        return point_scores(feats.points[stack], keypoints)

    def map_stack(self, feats) -> Optional[int]:
        """Index of the last stack whose maps are trained, or None."""
        maps = getattr(feats, 'points', ())
        if not maps:
            return None
        # The release has no maps of the last stack; see the converter.
        trained = self.trained_parts
        untrained = 'cascade' in trained and 'maps' not in trained
        return -2 if untrained and len(maps) > 1 else -1

    def loss(self, feats: Tuple[Tensor], batch_data_samples: Sequence,
             train_cfg: Optional[dict] = None) -> dict:
        """Losses of the parts that the training stage trains, by name, and
        ``nme_step{s}``, the mean landmark error in per cent of the crop, for
        the log.

        Data samples have the labels of :class:`SPIGALabel`. ``losses`` of the
        ``train_cfg`` says which of ``'maps'``, ``'pose'`` and ``'cascade'``
        count; all by default.
        """
        train_cfg = check_keys('train_cfg', train_cfg, TRAIN_KEYS)
        wanted = train_cfg.get('losses', PARTS)
        unknown = sorted(set(wanted) - set(PARTS))
        if unknown:
            raise ValueError(f'train_cfg.losses names {unknown}; known are '
                             f'{list(PARTS)}')
        losses = {}
        if self.supervision is not None:
            losses = self.supervision.loss(feats, batch_data_samples,
                                           dict(losses=wanted))
        labels = collect_labels(batch_data_samples, self.landmark_set)
        if 'cascade' in wanted:
            steps, pose, _ = self.cascade(feats)
            losses.update(self.cascade_losses(steps, labels))
        if (self.pose_regressor is not None and 'pose' in wanted
                and self.landmark_set.head_model is not None):
            if 'cascade' not in wanted:
                pose = self._pose(feats)
            losses['loss_pose'] = self.loss_pose(pose, labels.poses,
                                                 labels.pose_weights)
        if not losses:
            raise ValueError(f'no loss for train_cfg.losses={wanted}: the '
                             'head has neither supervision nor '
                             'pose_regressor for it')
        return losses

    def cascade_losses(self, steps: Tensor, labels) -> dict:
        """Loss and NME (% of the crop) after each of the steps (B, S + 1, L,
        2), normalised; what is masked counts in neither."""
        target, weights = labels.keypoints, labels.keypoint_weights
        losses = {
            f'loss_step{s}': self.loss_weight * self.loss_module(
                steps[:, s] * 2 - 1, target * 2 - 1, weights)
            for s in range(1, steps.shape[1])
        }
        with torch.no_grad():
            distance = (steps - target[:, None]).norm(dim=-1)
            total = weights.sum().clamp(min=1)
            errors = (distance * weights[:, None]).sum((0, 2)) / total * 100
        losses.update((f'nme_step{s}', e) for s, e in enumerate(errors))
        return losses

    def outputs(self, feats, test_cfg: dict) -> dict:
        trained = self.trained_parts
        by = test_cfg.get('predict_by')
        if by is None:
            by = 'cascade'
            if trained and 'cascade' not in trained:
                by = 'maps' if self.supervision is not None else 'pose'
        if by not in PARTS:
            raise ValueError(f'test_cfg.predict_by is {by!r}; expected one '
                             f'of {list(PARTS)}')
        if by == 'maps':
            if self.supervision is None:
                raise ValueError(
                    "GATCascadeHead predicts by 'maps' only with supervision="
                    "dict(type='MultiTaskHead', ...); trained are "
                    f'{list(trained)}')
            named = self.supervision.outputs(feats)
            if trained and 'pose' not in trained:
                named['poses'] = None
            return named
        steps, poses, attentions = self.cascade(feats)
        if by == 'pose':
            steps = steps[:, :1]
        keypoints = steps[:, -1]
        named = dict(
            keypoints=keypoints,
            scores=self._scores(feats, keypoints),
            poses=poses,
            steps=steps)
        if by == 'cascade' and test_cfg.get('output_attention', False):
            named['attention'] = torch.stack(
                [torch.stack(layers, 1) for layers in attentions], 1)
        return named
