"""MultiTaskHead: the landmark and pose supervision of the MTN.

Paper 2.1 and supplementary 1.1, equations 1 and 2.
"""
from typing import Callable, Optional, Sequence, Tuple

import torch
from mmpose.registry import KEYPOINT_CODECS, MODELS
from torch import Tensor

from spiga_mmpose.landmark_sets import load_landmark_set
from ..backbones.hourglass_pose_net import HourglassFeatures
from ..layers import soft_argmax
from ..targets import draw_edge_maps, draw_point_maps
from .predictions import (TRAIN_KEYS, FaceHead, check_choice, check_keys,
                          collect_labels, point_scores)


@MODELS.register_module()
class MultiTaskHead(FaceHead):
    """Losses on the maps and poses of every stack; landmarks by soft-argmax.

    It has no weights: ``HourglassPoseNet`` makes the maps. With stack
    weights 2^(h-1), h = 1..M::

        loss = sum_h 2^(h-1) [coord_weight L_coord
                              + points_weight L_points
                              + edges_weight L_edges
                              + pose_weight L_pose]

    Args:
        landmark_set (str): Name or path of the landmark set.
        loss_coord (dict): Loss of soft-argmax coordinates, on [-1, 1] as in
            ADNet (https://arxiv.org/abs/2109.05721), which the paper follows.
        loss_maps (dict): Loss of point and edge maps.
        loss_pose (dict): Loss of the pose.
        coord_weight, pose_weight (float): Lambda_c and lambda_p (paper: 4, 1).
        points_weight, edges_weight (float): Of the point and of the edge maps
            (paper: lambda_att, 50, for both). 0 draws none.
        coord_maps (str): Where the coordinates are read: ``'heatmaps'``, each
            stack's prediction, or ``'points'``, its point maps (published
            nowhere).
        soft_argmax (str): ``'mass'`` as in ADNet, or ``'softmax'`` (published
            nowhere), see :func:`spiga_mmpose.models.layers.soft_argmax`.
        temperature (float): Factor on the maps before the spatial softmax;
            small maps take a smaller one. Unused with ``'mass'``.
        subpixel (bool): Centre the point maps where the landmarks are, or in
            the nearest cell (release).
        sigma_points, sigma_edges (float): Gaussian of the point maps and
            across the edge maps, cells (paper: 1.5, 1).
        decoder (dict, optional): The codec, :class:`SPIGALabel`.
        init_cfg (dict, optional): MMEngine initialisation.

    Raises:
        ValueError: If ``coord_maps`` or ``soft_argmax`` is neither of those
            named, or ``maps_weight`` is given; in use, if the features are
            not those of ``HourglassPoseNet`` for the same landmark set.
    """

    def __init__(self,
                 landmark_set: str = 'wflw_98',
                 loss_coord: dict = dict(type='SmoothL1CoordLoss', beta=0.01),
                 loss_maps: dict = dict(type='WeightedAdaptiveWingLoss'),
                 loss_pose: dict = dict(type='PoseL2Loss'),
                 coord_weight: float = 4.,
                 points_weight: float = 50.,
                 edges_weight: float = 50.,
                 pose_weight: float = 1.,
                 coord_maps: str = 'heatmaps',
                 soft_argmax: str = 'mass',
                 temperature: float = 16.,
                 subpixel: bool = True,
                 sigma_points: float = 1.5,
                 sigma_edges: float = 1.,
                 decoder: Optional[dict] = None,
                 init_cfg: Optional[dict] = None,
                 **unknown):
        if 'maps_weight' in unknown:
            raise ValueError(
                'MultiTaskHead has no maps_weight any more: set points_weight '
                f'and edges_weight, here both to {unknown["maps_weight"]}')
        super().__init__(init_cfg, **unknown)
        check_choice('coord_maps', coord_maps, 'heatmaps', 'points')
        check_choice('soft_argmax', soft_argmax, 'mass', 'softmax')
        self.landmark_set = load_landmark_set(landmark_set)
        self.register_buffer(
            'edge_to_point',
            torch.from_numpy(self.landmark_set.edge_to_point),
            persistent=False)
        self.loss_coord = MODELS.build(loss_coord)
        self.loss_maps = MODELS.build(loss_maps)
        self.loss_pose = MODELS.build(loss_pose)
        self.coord_weight = coord_weight
        self.points_weight = points_weight
        self.edges_weight = edges_weight
        self.pose_weight = pose_weight
        self.coord_maps = coord_maps
        self.temperature = temperature
        self.soft_argmax = soft_argmax
        self.subpixel = subpixel
        self.sigma_points = sigma_points
        self.sigma_edges = sigma_edges
        self.decoder = KEYPOINT_CODECS.build(decoder) if decoder else None

    def forward(self, feats: HourglassFeatures) -> Tuple[Tensor, Tensor]:
        """Landmarks (B, L, 2), normalised, and pose (B, 6) of the last
        stack."""
        self._check(feats)
        maps = getattr(feats, self.coord_maps)[-1]
        return self.locate(maps), feats.poses[-1]

    def loss(self, feats: HourglassFeatures, batch_data_samples: Sequence,
             train_cfg: Optional[dict] = None) -> dict:
        """Weighted losses, summed over the stacks: ``loss_coord``,
        ``loss_points``, ``loss_edges``, ``loss_pose``, where they count.

        Data samples have the labels of :class:`SPIGALabel`. ``losses`` of the
        ``train_cfg`` says which of ``'maps'`` (coordinates and maps) and
        ``'pose'`` count; both by default.
        """
        self._check(feats)
        train_cfg = check_keys('train_cfg', train_cfg, TRAIN_KEYS)
        wanted = train_cfg.get('losses', ('maps', 'pose'))
        labels = collect_labels(batch_data_samples, self.landmark_set)
        losses = {}
        if 'maps' in wanted:
            losses.update(self._map_losses(feats, labels))
        if 'pose' in wanted:
            losses['loss_pose'] = self.pose_weight * _over_stacks(
                feats.poses, lambda pose: self.loss_pose(
                    pose.float(), labels.poses, labels.pose_weights))
        return losses

    def _map_losses(self, feats, labels) -> dict:
        points, weights = labels.keypoints, labels.keypoint_weights
        losses = dict(loss_coord=self.coord_weight * _over_stacks(
            getattr(feats, self.coord_maps), lambda maps: self.loss_coord(
                self.locate(maps) * 2 - 1, points * 2 - 1, weights)))
        size = feats[-1].shape[-2:]
        if self.points_weight != 0:
            point_maps = draw_point_maps(points, weights, size,
                                         self.sigma_points, self.subpixel)
            losses['loss_points'] = self.points_weight * _over_stacks(
                feats.points,
                lambda maps: self.loss_maps(maps, point_maps, weights))
        facial_edges = list(self.landmark_set.edges.values())
        if facial_edges and self.edges_weight != 0:
            edge_maps = draw_edge_maps(points, weights, facial_edges, size,
                                       self.sigma_edges)
            # An edge of one valid landmark is unknown, not a dot: so are the
            # lower brows of 98 landmarks where a photograph has 68.
            known = (weights @ self.edge_to_point > 1).float()  # (B, E)
            losses['loss_edges'] = self.edges_weight * _over_stacks(
                feats.edges,
                lambda maps: self.loss_maps(maps, edge_maps, known))
        return losses

    def outputs(self, feats: HourglassFeatures,
                test_cfg: Optional[dict] = None) -> dict:
        """Named tensors of a prediction: keypoints, scores, poses."""
        keypoints, poses = self.forward(feats)
        if self.landmark_set.head_model is None:
            poses = None  # nothing could have taught it
        return dict(
            keypoints=keypoints,
            scores=point_scores(feats.points[-1], keypoints),
            poses=poses)

    def locate(self, heatmaps: Tensor) -> Tensor:
        """Landmarks (B, L, 2), normalised, of heatmaps (B, L, H, W)."""
        return soft_argmax(heatmaps, self.temperature, self.soft_argmax)

    def _check(self, feats):
        if not isinstance(feats, HourglassFeatures):
            raise ValueError(
                'MultiTaskHead reads the maps and poses of HourglassPoseNet, '
                f'found features of type {type(feats).__name__}; put another '
                'head on this backbone, e.g. GATCascadeHead')
        maps, count = feats.points[-1], self.landmark_set.num_landmarks
        if maps.shape[1] != count:
            raise ValueError(
                f'the backbone gives {maps.shape[1]} point maps, the set '
                f'{self.landmark_set.name!r} of the head has {count} '
                'landmarks: give both the same landmark_set')


def _over_stacks(outputs: Sequence[Tensor], loss: Callable) -> Tensor:
    """Sum of the losses of the stacks, each weighing twice the one before."""
    return sum(2.**h * loss(output) for h, output in enumerate(outputs))
