"""SPIGALabel: landmarks in normalised coordinates, and their pose."""
from typing import Optional, Tuple

import numpy as np
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS

from spiga_mmpose.geometry import fit_pose
from spiga_mmpose.landmark_sets import load_landmark_set


@KEYPOINT_CODECS.register_module()
class SPIGALabel(BaseKeypointCodec):
    """Landmarks in normalised coordinates and the head pose fitted to them.

    The pose is always computed from the landmarks as they are in the crop,
    so it agrees with them whatever the augmentation did. Maps are not made
    here: they are drawn on the model's device where a loss needs them.

    Note:
        - instance number: N (1 in top-down estimation)
        - landmark number: L
        - crop size: [w, h], square

    Encoded:
        - keypoint_labels (np.ndarray): (N, L, 2) normalised coordinates,
          float32
        - keypoint_weights (np.ndarray): (N, L), 1 where the landmark is
          labelled and inside the crop (and in view, with ``hidden='mask'``),
          else 0: it counts in no loss of landmarks or maps
        - pose_labels (np.ndarray): (N, 6) yaw, pitch, roll in degrees, tx,
          ty, tz in head units; zeros where there is no pose
        - pose_weights (np.ndarray): (N,), 1 where at least four robust
          landmarks are valid (paper, 2.1: annotations of pose come from the
          landmarks and a rigid head), else 0

    Args:
        input_size (tuple[int, int]): Width and height of the crop, px.
        landmark_set (str): Name or path of the landmark set.
        hidden (str): What becomes of labelled landmarks that cannot be seen
            (``keypoints_hidden``: occluded by the annotation, or under the
            rectangle of :class:`RandomOcclusion`). ``'train'``: they are
            trained as those in view. ``'mask'``: their weight is 0. The pose
            is fitted to all labelled landmarks either way. Defaults to
            ``'train'``, as the release (PyPI package ``spiga`` 0.0.6), whose
            rectangle changes the visibilities but not the mask of the
            targets, and ADNet, which the paper follows: the published errors
            count hidden landmarks too, and faces are covered for the network
            to learn where such landmarks are.

    Raises:
        ValueError: If the crop is not square, ``hidden`` is neither, or (on
            encoding) a face has another number of landmarks than the set, or
            a labelled landmark is not finite.
    """

    auxiliary_encode_keys = {'keypoints_hidden'}
    label_mapping_table = dict(
        keypoint_labels='keypoint_labels',
        keypoint_weights='keypoint_weights',
        pose_labels='pose_labels',
        pose_weights='pose_weights')

    def __init__(self,
                 input_size: Tuple[int, int] = (256, 256),
                 landmark_set: str = 'wflw_98',
                 hidden: str = 'train') -> None:
        super().__init__()
        if hidden not in ('train', 'mask'):
            raise ValueError("SPIGALabel: expected hidden='train' or 'mask', "
                             f'found {hidden!r}')
        self.hidden = hidden
        if input_size[0] != input_size[1]:
            raise ValueError('SPIGALabel needs a square crop (the camera of '
                             f'the head model is), found {input_size}')
        self.input_size = tuple(input_size)
        self.landmark_set = load_landmark_set(landmark_set)
        self._robust = np.zeros(self.landmark_set.num_landmarks, bool)
        self._robust[self.landmark_set.robust_ids] = True

    def encode(self,
               keypoints: np.ndarray,
               keypoints_visible: Optional[np.ndarray] = None,
               keypoints_hidden: Optional[np.ndarray] = None) -> dict:
        """Encode landmarks, see the class.

        Args:
            keypoints (np.ndarray): (N, L, 2) crop px.
            keypoints_visible (np.ndarray, optional): (N, L), above 0.5 where
                the landmark is labelled. Defaults to all labelled.
            keypoints_hidden (np.ndarray, optional): (N, L), above 0.5 where
                it cannot be seen. Defaults to all in view.
        """
        expected = self.landmark_set.num_landmarks
        if keypoints.ndim != 3 or keypoints.shape[1:] != (expected, 2):
            raise ValueError(
                f'landmark set {self.landmark_set.name!r} has {expected} '
                f'landmarks: expected keypoints of shape (N, {expected}, 2), '
                f'found {keypoints.shape}')
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2], np.float32)
        labelled = keypoints_visible > 0.5
        if not np.isfinite(keypoints[labelled]).all():
            raise ValueError('a labelled landmark is NaN or infinite; mark '
                             'it as not visible or fix the annotation')
        size = self.input_size[0]
        keypoints = np.where(labelled[..., None], keypoints, 0)
        inside = ((keypoints >= 0) & (keypoints <= size - 1)).all(-1)
        counted = labelled & inside
        if self.hidden == 'mask' and keypoints_hidden is not None:
            counted &= keypoints_hidden <= 0.5
        poses, has_pose = self.fit_poses(keypoints, labelled)
        return dict(
            keypoint_labels=(keypoints / size).astype(np.float32),
            keypoint_weights=counted.astype(np.float32),
            pose_labels=poses,
            pose_weights=has_pose.astype(np.float32))

    def fit_poses(
        self,
        keypoints: np.ndarray,
        labelled: Optional[np.ndarray] = None
    ) -> Tuple[np.ndarray, np.ndarray]:
        """Head poses fitted to the robust landmarks.

        Args:
            keypoints (np.ndarray): (N, L, 2) crop px.
            labelled (np.ndarray, optional): (N, L) bool. Defaults to all.

        Returns:
            tuple: poses (N, 6), see the class, and valid (N,) bool; zeros and
            False where :func:`~spiga_mmpose.geometry.fit_pose` finds none.
        """
        poses = np.zeros((len(keypoints), 6), np.float32)
        valid = np.zeros(len(keypoints), bool)
        if self.landmark_set.head_model is None:
            return poses, valid
        if labelled is None:
            labelled = np.ones(keypoints.shape[:2], bool)
        for n, points in enumerate(keypoints):
            pose = fit_pose(self.landmark_set.head_model, points,
                            labelled[n] & self._robust, self.input_size[0])
            if pose is not None:
                poses[n], valid[n] = pose, True
        return poses, valid

    def decode(self, encoded: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Normalised coordinates (N, L, 2), or (N, L, 3) with scores, to
        keypoints (N, L, 2) in crop px and scores (N, L) in [0, 1] (ones where
        none are given)."""
        keypoints = encoded[..., :2] * self.input_size[0]
        scores = encoded[..., 2].copy() if encoded.shape[-1] == 3 else (
            np.ones(encoded.shape[:2], np.float32))
        return keypoints, scores
