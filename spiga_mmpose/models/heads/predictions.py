"""What the heads share: labels in, predictions out."""
from typing import NamedTuple, Optional, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads.base_head import BaseHead
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor

from spiga_mmpose.geometry import (crop_to_image, mirror_fit, mirror_pose,
                                   normalised_to_grid, wrap_degrees)
from spiga_mmpose.landmark_sets import LandmarkSet


class Labels(NamedTuple):
    """Labels of a batch on the model's device (see :class:`SPIGALabel`)."""
    keypoints: Tensor  # (B, L, 2) normalised
    keypoint_weights: Tensor  # (B, L)
    poses: Tensor  # (B, 6)
    pose_weights: Tensor  # (B,)


# What MMPose's estimator, heads and inferencer put into test_cfg, and what
# this package's heads read.
TEST_KEYS = ('flip_test', 'flip_mode', 'shift_heatmap', 'shift_coords',
             'output_heatmaps', 'output_keypoint_indices', 'output_attention',
             'predict_by', 'fit_pose')
TRAIN_KEYS = ('losses', 'compute_acc')


def check_keys(name: str, config: Optional[dict],
               known: Sequence[str]) -> dict:
    """The config, or an empty one; ValueError on keys that nobody reads."""
    config = config or {}
    unknown = sorted(set(config) - set(known))
    if unknown:
        raise ValueError(f'{name} has the unknown keys {unknown}; known are '
                         f'{list(known)}')
    return config


def check_choice(name: str, value: str, *known: str) -> None:
    """ValueError if an argument is none of those that are known."""
    if value not in known:
        raise ValueError(f'{name} must be one of {list(known)}, found '
                         f'{value!r}')


def collect_labels(batch_data_samples: Sequence,
                   landmark_set: LandmarkSet) -> Labels:
    """The stacked labels of B data samples; ValueError if they are of another
    number of landmarks than the set of the head that learns from them."""
    labels = [sample.gt_instance_labels for sample in batch_data_samples]
    stacked = Labels(*(torch.cat([getattr(label, key) for label in labels])
                       for key in ('keypoint_labels', 'keypoint_weights',
                                   'pose_labels', 'pose_weights')))
    if stacked.keypoints.shape[1] != landmark_set.num_landmarks:
        raise ValueError(
            f'the labels have {stacked.keypoints.shape[1]} landmarks, the '
            f"head's set {landmark_set.name!r} {landmark_set.num_landmarks}: "
            'give data set, codec, backbone and head the same landmark_set')
    return stacked


def point_scores(point_maps: Tensor, keypoints: Tensor) -> Tensor:
    """Response (B, L), in [0, 1], of each landmark's own point map, of those
    (B, L, H, W) in [0, 1], at the landmark (B, L, 2), normalised."""
    B, L, H, W = point_maps.shape
    return F.grid_sample(
        point_maps.float().reshape(B * L, 1, H, W),
        normalised_to_grid(keypoints.float(), W).view(B * L, 1, 1, 2),
        padding_mode='border',
        align_corners=False).view(B, L)


def mirror_keypoints(keypoints: Tensor, flip_indices: Sequence[int],
                     width: int) -> Tensor:
    """Landmarks (..., L, 2) of the mirrored crop, back in the crop.

    Both are normalised. Pixel i of a crop of ``width`` px becomes pixel
    ``width - 1 - i``, so unit x becomes ``1 - x - 1 / width``;
    ``flip_indices`` is the mirror partner of each landmark.
    """
    x = 1 - keypoints[..., 0] - 1 / width
    mirrored = torch.stack([x, keypoints[..., 1]], -1)
    return mirrored[..., list(flip_indices), :]


def average_flip(outputs: dict, flipped: dict, batch_data_samples: Sequence,
                 landmark_set: LandmarkSet) -> dict:
    """Mean of the outputs on the crop and on its mirror image.

    Both are named tensors, see :func:`pack_predictions`; data samples have
    ``input_size``. The landmark set tells the mirror pairs, which a data set
    of another name or a checkpoint without metainfo may not have, and its head
    model how far the pose of a mirrored face is from the mirrored pose.
    Attention is the unmirrored crop's.
    """
    flip_indices = landmark_set.flip_indices.tolist()
    width = batch_data_samples[0].metainfo['input_size'][0]
    mean = dict(outputs)
    for key in ('keypoints', 'steps'):
        if outputs.get(key) is not None:
            mirrored = mirror_keypoints(flipped[key], flip_indices, width)
            mean[key] = (outputs[key] + mirrored) / 2
    mean['scores'] = (outputs['scores'] +
                      flipped['scores'][:, flip_indices]) / 2
    if outputs.get('poses') is not None:
        mirrored = mirror_pose(flipped['poses'], mirror_fit(landmark_set))
        difference = mirrored - outputs['poses']
        difference = torch.cat(
            [wrap_degrees(difference[:, :3]), difference[:, 3:]], 1)
        mean['poses'] = outputs['poses'] + difference / 2
    return mean


def pack_predictions(decoder,
                     batch_data_samples: Sequence,
                     keypoints: Tensor,
                     scores: Tensor,
                     poses: Optional[Tensor] = None,
                     steps: Optional[Tensor] = None,
                     attention: Optional[Tensor] = None,
                     fit_pose: bool = False) -> list:
    """Named tensors to one ``InstanceData`` a face.

    The estimator maps ``keypoints`` from crop to image px, and only them;
    the steps are mapped here with the same numbers.

    Args:
        decoder (SPIGALabel): The codec; ValueError if there is none.
        batch_data_samples (list[PoseDataSample]): B samples with
            ``input_size``, ``input_center`` and ``input_scale``.
        keypoints (Tensor): (B, L, 2) normalised.
        scores (Tensor): (B, L) in [0, 1].
        poses (Tensor, optional): (B, 6).
        steps (Tensor, optional): (B, S + 1, L, 2) normalised.
        attention (Tensor, optional): (B, S, layers, heads, L, L).
        fit_pose (bool): Fit the rigid head to the landmarks and give its
            pose in place of ``poses``, where a fit can be made.

    Returns:
        list[InstanceData]: B times ``keypoints`` (1, L, 2) crop px,
        ``keypoint_scores`` (1, L), and where given ``head_poses`` (1, 6),
        ``landmark_steps`` (1, S + 1, L, 2) **image** px, ``attention``.
    """
    if decoder is None:
        raise ValueError('the head has no decoder: set decoder=codec in its '
                         'config to predict')
    encoded = to_numpy(torch.cat([keypoints, scores[..., None]], -1))
    extras = {
        name: to_numpy(value)
        for name, value in (('head_poses', poses), ('landmark_steps', steps),
                            ('attention', attention)) if value is not None
    }
    if fit_pose and poses is not None:
        fitted, valid = decoder.fit_poses(decoder.decode(encoded)[0])
        extras['head_poses'] = np.where(valid[:, None], fitted,
                                        extras['head_poses'])
    instances = []
    for i, sample in enumerate(batch_data_samples):
        points, of_points = decoder.decode(encoded[i:i + 1])
        instance = InstanceData(keypoints=points, keypoint_scores=of_points)
        for name, value in extras.items():
            value = value[i:i + 1]
            if name == 'landmark_steps':
                size, center, scale = (
                    sample.metainfo[f'input_{key}']
                    for key in ('size', 'center', 'scale'))
                value = crop_to_image(value * np.asarray(size), center, scale,
                                      size).astype(np.float32)
            instance.set_field(value, name)
        instances.append(instance)
    return instances


class FaceHead(BaseHead):
    """Base of the heads: prediction, with the flip test and maps.

    A head has ``decoder``, ``landmark_set`` and ``outputs(feats, test_cfg)``,
    the named tensors of a prediction, see :func:`pack_predictions`.
    """

    def map_stack(self, feats) -> Optional[int]:
        """Index of the stack whose maps are given out; None: there is none."""
        return -1

    def predict(self, feats, batch_data_samples: Sequence,
                test_cfg: Optional[dict] = None):
        """Landmarks, scores, pose and steps of each face.

        Args:
            feats (tuple | list[tuple]): The backbone's output; two of them
                under flip test.
            batch_data_samples (list[PoseDataSample]): With metainfo of the
                crop.
            test_cfg (dict, optional): ``flip_test`` (default off);
                ``fit_pose`` (default off): the pose of the rigid head fitted
                to the landmarks in place of the network's;
                ``output_heatmaps``. Of the cascade also ``output_attention``
                and ``predict_by``: ``'maps'``, ``'pose'`` (the projected head
                model) or ``'cascade'``; default: the best of the trained
                parts.

        Returns:
            list[InstanceData] | tuple: See :func:`pack_predictions`; with
            ``output_heatmaps`` also a list of ``PixelData``, one a face, with
            ``heatmaps`` (L, H, W), the point maps, and ``edges`` (E, H, W),
            both of the crop and in [0, 1].
            ``mmpose.structures.merge_data_samples`` keeps the heatmaps alone.
        """
        test_cfg = check_keys('test_cfg', test_cfg, TEST_KEYS)
        if test_cfg.get('flip_test', False):
            outputs = average_flip(
                *(self.outputs(one, test_cfg) for one in feats),
                batch_data_samples, self.landmark_set)
            feats = feats[0]
        else:
            outputs = self.outputs(feats, test_cfg)
        instances = pack_predictions(
            self.decoder,
            batch_data_samples,
            fit_pose=test_cfg.get('fit_pose', False),
            **outputs)
        if not test_cfg.get('output_heatmaps', False):
            return instances
        stack = self.map_stack(feats)
        if stack is None:
            return instances
        maps = (stacks[stack].detach().float().cpu()
                for stacks in (feats.points, feats.edges))
        return instances, [PixelData(heatmaps=points, edges=edges)
                           for points, edges in zip(*maps)]
