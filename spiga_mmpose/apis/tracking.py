"""Faces from one frame of a video to the next.

Shapes: N faces, L landmarks.
"""
from copy import deepcopy
from typing import Callable, List, Sequence, Tuple

import numpy as np
import torch
from mmdet.models.task_modules.tracking import KalmanFilter
from mmdet.models.trackers import ByteTracker
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from mmpose.evaluation.functional import nms
from mmpose.structures import PoseDataSample
from mmpose.structures.bbox import bbox_overlaps

from .estimation import landmark_boxes
from .inputs import valid_boxes

# The detector runs on every so many frames (docs/inference.md has the times).
DET_EVERY = 10
# A track that has no face for so many frames ends: about a second.
_RETAINED = 30
# A face is lost when the mean score of its landmarks falls below this share
# of the best that it had. On synthetic faces the synthetic model scores 0.79
# to 0.83, half covered 0.76 to 0.81, and where there is no face 0.28 to 0.68.
_LEAST_SCORE = 0.75
# IoU below which a box found in a box is that of another thing: a face that
# moves by a third of its size, both ways, from frame to frame has 0.29.
_LEAST_OVERLAP = 0.3
# IoU above which two sets of landmarks are of one face.
_SAME_FACE = 0.5
# Runs of the detector without a face before what is followed is let go.
_PATIENCE = 10

# Of images with boxes and their scores, a data sample of each, as
# SPIGAInferencer.estimate.
Estimate = Callable[[Sequence[Tuple[np.ndarray, np.ndarray, np.ndarray]]],
                    List[PoseDataSample]]


class FaceIds:
    """Identities of boxes over the frames of a video, by MMDet's ByteTracker.

    Boxes are matched with those that a Kalman filter predicts for the tracks,
    so that two faces that cross keep their identities, and a face that comes
    back within 30 frames, near where it was heading, is the same. Scores play
    no part: every box gets an identity.
    """

    def __init__(self) -> None:
        try:
            # Thresholds below any score: the tracker would drop the rest.
            self._tracker = ByteTracker(
                motion=dict(type=KalmanFilter),
                obj_score_thrs=dict(high=-1., low=-1.), init_track_thr=-1.,
                weight_iou_with_det_scores=False, num_tentatives=2,
                num_frames_retain=_RETAINED)
        except RuntimeError as error:
            raise ImportError(
                'following faces through a video needs the package lap: pip '
                'install -r requirements/video.txt') from error
        self._frame = 0

    @property
    def count(self) -> int:
        """Identities given so far."""
        return int(self._tracker.num_tracks)

    def __call__(self, boxes: np.ndarray) -> np.ndarray:
        """Identities (N,) of the boxes (N, 4) of the next frame: integers from
        0, each once. N may be 0; also frames without a face are frames."""
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        sample = DetDataSample(
            metainfo=dict(frame_id=self._frame),
            pred_instances=InstanceData(
                bboxes=torch.from_numpy(boxes),
                labels=torch.zeros(len(boxes), dtype=torch.long),
                scores=torch.ones(len(boxes))))
        found = self._tracker.track(sample)
        self._frame += 1
        # Keep the last box of each track alone; MMDet would keep all.
        for track in self._tracker.tracks.values():
            for item in self._tracker.memo_items:
                del track[item][:-1]
        # All boxes come back, in another order.
        ids = np.empty(len(boxes), np.int64)
        ids[_order(boxes)] = found.instances_id.numpy()[_order(
            found.bboxes.numpy())]
        return ids


def _order(boxes: np.ndarray) -> np.ndarray:
    return np.lexsort(boxes.T)


class FaceFollower:
    """Landmarks of all faces in the frames of a video, with identities.

    The rule, frame by frame:

    * Each face is looked for in the tight box of its own last landmarks.
    * It is **lost** when its box has left the image; when the mean score of
      its landmarks falls below 0.75 of the best that it had; when the tight
      box of the landmarks overlaps the box in which they were looked for by an
      IoU below 0.3 (a jump, or a change of size, that no face makes from a
      frame to the next); when its landmarks lie on those of a face that scores
      better (IoU over 0.5); or when the detector has not found it for 10 *
      ``det_every`` frames.
    * The detector runs on the first frame, on every frame on which a face is
      lost, and ``det_every`` frames after its last run. What it finds away
      from the faces that are followed (IoU at most 0.3) is a new face.
    * Identities are those of :class:`FaceIds` for the landmark boxes. A face
      that was lost and is found again usually keeps its own.

    ``detect`` and ``estimate`` are as ``SPIGAInferencer``'s. ``detections``
    counts the runs of the detector so far, ``losses`` the faces lost, each
    time. A ``det_every`` below 1 is a ``ValueError``, a missing package
    ``lap`` an ``ImportError``.
    """

    def __init__(self, detect: Callable, estimate: Estimate,
                 det_every: int = DET_EVERY) -> None:
        if det_every < 1:
            raise ValueError('det_every: expected at least 1 frame, found '
                             f'{det_every}')
        self.detect = detect
        self.estimate = estimate
        self.det_every = det_every
        self.detections = self.losses = 0
        self._ids = FaceIds()
        self._faces = _asked(np.zeros((0, 4), np.float32), np.zeros(0))
        self._since = det_every - 1  # frames since the detector ran

    @property
    def identities(self) -> int:
        """Different faces so far."""
        return self._ids.count

    def __call__(self, image: np.ndarray) -> PoseDataSample:
        """The faces of the next frame (H, W, 3) BGR, uint8: what ``estimate``
        gives of all N.

        Of ``pred_instances``, ``bboxes`` (N, 4) are the tight boxes of the
        landmarks, and there are ``track_ids`` (N,); ``best_scores`` (N,) and
        ``undetected`` (N,) see :func:`_asked`.
        """
        sample = self._follow(image)
        lost = len(self._faces) - len(sample.pred_instances)
        self.losses += lost
        self._since += 1
        if lost or self._since >= self.det_every:
            sample = self._find(image, sample)
        faces = sample.pred_instances
        faces.track_ids = self._ids(faces.bboxes)
        # The caller may change what it gets (``clone`` shares the arrays).
        self._faces = deepcopy(faces)
        return sample

    def _follow(self, image: np.ndarray) -> PoseDataSample:
        """Those faces of the last frame that are not lost."""
        sample, asked = self._look(image, self._faces)
        faces = sample.pred_instances
        overlaps = bbox_overlaps(torch.from_numpy(asked.bboxes),
                                 torch.from_numpy(faces.bboxes),
                                 is_aligned=True).numpy()
        good = ((_mean_scores(faces) >= _LEAST_SCORE * faces.best_scores)
                & (overlaps >= _LEAST_OVERLAP)
                & (faces.undetected < _PATIENCE * self.det_every))
        sample.pred_instances = _each_once(faces[good])
        return sample

    def _find(self, image: np.ndarray,
              sample: PoseDataSample) -> PoseDataSample:
        """The followed faces, and new ones that the detector finds."""
        self.detections += 1
        self._since = 0
        followed = sample.pred_instances
        boxes, scores = self.detect(image)
        # (detections, followed faces)
        same = bbox_overlaps(
            torch.from_numpy(np.asarray(boxes, np.float32)),
            torch.from_numpy(followed.bboxes)).numpy() > _LEAST_OVERLAP
        followed.undetected[same.any(0)] = 0
        new = ~same.any(1)
        found, _ = self._look(image, _asked(boxes[new], scores[new]))
        if not len(found.pred_instances):
            return sample
        if len(followed):
            found.pred_instances = _each_once(
                InstanceData.cat([followed, found.pred_instances]))
        return found

    def _look(self, image: np.ndarray, asked: InstanceData) -> tuple:
        """Landmarks in boxes of :func:`_asked`: the data sample, its boxes
        tight around the landmarks, and what of ``asked`` it is of: not boxes
        outside the image, nor those whose landmarks are outside or no numbers.
        """
        size = image.shape[1::-1]
        asked = asked[valid_boxes(asked.bboxes, *size)[0]]
        [sample] = self.estimate([(image, asked.bboxes, asked.bbox_scores)])
        faces = sample.pred_instances
        faces.bboxes = landmark_boxes(faces.keypoints).astype(np.float32)
        faces.best_scores = np.maximum(asked.best_scores, _mean_scores(faces))
        faces.undetected = asked.undetected + 1
        valid = valid_boxes(faces.bboxes, *size)[0]
        sample.pred_instances = faces[valid]
        return sample, asked[valid]


def _asked(boxes: np.ndarray, scores: np.ndarray) -> InstanceData:
    """Boxes (N, 4) and scores (N,) of a detector as faces to look for, with
    the best mean landmark score so far, and the frames since the detector
    found the face."""
    return InstanceData(bboxes=np.asarray(boxes, np.float32),
                        bbox_scores=np.asarray(scores, np.float32),
                        best_scores=np.zeros(len(boxes), np.float32),
                        undetected=np.full(len(boxes), -1))


def _mean_scores(faces: InstanceData) -> np.ndarray:
    """(N,) means over the landmarks; 0 without a landmark."""
    scores = faces.keypoint_scores
    return scores.sum(1) / max(scores.shape[1], 1)


def _each_once(faces: InstanceData) -> InstanceData:
    """Without the worse of two sets of landmarks on one face."""
    ranked = np.column_stack([faces.bboxes, _mean_scores(faces)])
    return faces[np.sort(nms(ranked, _SAME_FACE)).astype(np.int64)]
