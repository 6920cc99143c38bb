"""MMPose's visualizer for faces with landmarks and head pose."""
from itertools import zip_longest
from typing import List, Sequence, Tuple, Union

import cv2
import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample
from mmpose.visualization import PoseLocalVisualizer

from spiga_mmpose.landmark_sets import (LandmarkSet, find_landmark_set,
                                        load_landmark_set)
from .drawing import (WHITE, draw_box, draw_indices, draw_landmarks,
                      draw_pose_axes, face_size, landmark_style, pose_frame,
                      text_band, text_height)
from .labels import angle_label, box_label, draw_labels

# The faintest landmark that is drawn at all is drawn at this opacity.
_FAINTEST = 0.25
# An image is enlarged at most so many times, and to so many px.
_MAX_ENLARGEMENT, _MAX_SIDE = 8, 4096


@VISUALIZERS.register_module()
class SPIGAVisualizer(PoseLocalVisualizer):
    """Draws landmarks by facial part, edges, pose axes, angles and boxes.

    It stands wherever ``PoseLocalVisualizer`` does, takes and gives RGB, and
    shows the truth at the left of what is predicted, each above its name, when
    ``draw_gt`` is set and the sample has annotated landmarks. Sizes follow the
    face: ``radius`` and ``line_width``, which MMPose's inferencer sets, have
    no effect. The score of a landmark is its opacity.

    Fields of ``pred_instances`` (of ``gt_instances`` likewise) that are drawn:
    ``keypoints``, ``keypoint_scores`` or ``keypoints_visible``, ``head_poses``
    and with them ``landmark_steps`` (see
    :func:`~spiga_mmpose.visualization.pose_frame`), ``bboxes``,
    ``bbox_scores`` and ``track_ids`` (N,), integers; below 0: no track.

    Args:
        landmark_set (str | LandmarkSet, optional): The landmark set, its name
            or path: parts, edges and, for the pose axes, the rigid head.
            Defaults to that after which the data set is called
            (``dataset_name`` in its metainfo), see
            :func:`~spiga_mmpose.landmark_sets.find_landmark_set`. Where there
            is none, colours and links are those of the metainfo and there are
            no pose axes.
        draw (tuple[str]): What to draw of each face: ``'landmarks'`` with
            their edges, ``'pose'``: axes and angles.
        min_face (int): An image whose smallest face is smaller than this many
            px is enlarged before drawing, so that it stays legible; what
            ``add_datasample`` returns is larger then. 0: never.
        **kwargs: Of ``PoseLocalVisualizer``.

    Examples:
        >>> visualizer = SPIGAVisualizer(landmark_set='wflw_98')
        >>> drawn = visualizer.add_datasample(
        ...     'faces', image_rgb, merge_data_samples(samples),
        ...     draw_gt=False, draw_bbox=True, out_file='faces.jpg')
    """

    def __init__(self,
                 name: str = 'visualizer',
                 landmark_set: Union[str, LandmarkSet, None] = None,
                 draw: Sequence[str] = ('landmarks', 'pose'),
                 min_face: int = 0,
                 **kwargs) -> None:
        super().__init__(name=name, **kwargs)
        if isinstance(landmark_set, str):
            landmark_set = load_landmark_set(landmark_set)
        self.landmark_set = landmark_set
        self.draw = tuple(draw)
        self.min_face = min_face

    def set_dataset_meta(self, dataset_meta: dict, *args, **kwargs) -> None:
        """Take the data set's colours and links, and its landmark set."""
        super().set_dataset_meta(dataset_meta, *args, **kwargs)
        if self.landmark_set is None:
            self.landmark_set = find_landmark_set(
                self.dataset_meta.get('dataset_name'))

    @master_only
    def add_datasample(self,
                       name: str,
                       image: np.ndarray,
                       data_sample: PoseDataSample,
                       draw_gt: bool = True,
                       draw_bbox: bool = False,
                       **kwargs) -> np.ndarray:
        """Draw a sample; see ``PoseLocalVisualizer.add_datasample``.

        Args:
            image (np.ndarray): (H, W, 3) RGB, uint8. It is not changed.
            data_sample (:obj:`PoseDataSample`): Of one face or, merged, of all
                faces of the image; in image px.
            draw_gt (bool): Show the truth, where there is one, at the left.
            draw_bbox (bool): Draw the boxes, with track ids, and scores below
                1.
            **kwargs: Among them ``kpt_thr`` (landmarks of a lower score are
                left out), ``show_kpt_idx``, ``out_file``.
        """
        draw_gt = draw_gt and 'keypoints' in data_sample.get(
            'gt_instances', {})
        factor = self._enlargement(image, data_sample)
        if factor > 1:
            image = cv2.resize(image, None, None, factor, factor,
                               cv2.INTER_CUBIC)
        # MMPose would draw the boxes over the texts.
        data_sample = _instructed(data_sample, factor, draw_bbox, draw_gt)
        return super().add_datasample(
            name, image, data_sample, draw_gt=draw_gt, **kwargs)

    def draw_faces(self, name: str, image: np.ndarray,
                   sample: PoseDataSample) -> np.ndarray:
        """As :meth:`add_datasample`, of the faces that were found.

        With boxes, without truth; no landmark is left out for its score. The
        image itself where no face was found.
        """
        if not len(sample.pred_instances):
            return image
        return self.add_datasample(
            name, image, sample, draw_gt=False, draw_bbox=True, kpt_thr=0)

    def _draw_instances_kpts(self,
                             image: np.ndarray,
                             instances: InstanceData,
                             kpt_thr: float = 0.3,
                             show_kpt_idx: bool = False,
                             skeleton_style: str = 'mmpose') -> np.ndarray:
        """Draw boxes, landmarks, axes, then the texts, on a copy."""
        canvas = np.ascontiguousarray(image).copy()
        boxes = _array(instances.get('bboxes', np.zeros((0, 4))))
        boxes = boxes if instances.get('boxed', False) else boxes[:0]
        for box in boxes:
            draw_box(canvas, box)
        keypoints = _array(
            instances.get('transformed_keypoints',
                          instances.get('keypoints', np.zeros((0, 0, 2)))))
        if len(keypoints) and 'landmarks' in self.draw:
            opacity = _opacity(instances, kpt_thr)
            self._draw_landmarks(canvas, keypoints, opacity, show_kpt_idx)
        posed = 'pose' in self.draw and 'head_poses' in instances
        if len(keypoints) and posed:
            self._draw_axes(canvas, instances, keypoints)
        self._draw_texts(canvas, instances, keypoints, boxes, posed)
        if 'heading' in instances:
            height = text_height(min(canvas.shape[:2]) / 2)
            canvas = np.concatenate([
                canvas,
                text_band([instances.heading], canvas.shape[1], height)
            ])
        self.set_image(canvas)
        return self.get_image()

    def _draw_landmarks(self, canvas, keypoints, opacity, numbered) -> None:
        colors, links = self._style(keypoints.shape[1])
        for face, strength in zip(keypoints, opacity):
            draw_landmarks(canvas, face, colors, links, strength)
            if numbered:
                shown = np.where(strength[:, None] > 0, face, np.nan)
                draw_indices(canvas, shown, colors)

    def _draw_axes(self, canvas, instances, keypoints) -> None:
        if self.landmark_set is None or self.landmark_set.head_model is None:
            return
        places = keypoints
        if 'landmark_steps' in instances:
            places = _array(instances.landmark_steps)[:, 0]
        poses = _array(instances.head_poses)
        for pose, face, place in zip(poses, keypoints, places):
            frame = pose_frame(self.landmark_set.head_model, pose, place)
            draw_pose_axes(canvas, pose, *frame, face_size(face))

    @staticmethod
    def _draw_texts(canvas, instances, keypoints, boxes, posed) -> None:
        """Track ids and scores on the boxes, angles beside the faces."""
        corners = [
            np.concatenate([points, np.reshape(box, (-1, 2))])
            for points, box in zip_longest(
                keypoints, boxes, fillvalue=np.zeros((0, 2)))
        ]
        faces = np.array([_box_of(points) for points in corners])
        labels = [
            box_label(i, boxes[i], label)
            for i, label in enumerate(_labels(instances, len(boxes))) if label
        ]
        if posed:
            poses = _array(instances.head_poses)
            labels += [
                angle_label(i, faces[i], poses[i])
                for i in range(len(keypoints))
            ]
        draw_labels(canvas, labels, faces)

    def _style(self, count: int) -> Tuple[np.ndarray, np.ndarray]:
        """Colours (L, 3) and links (N, 2) for faces of ``count`` landmarks."""
        if self.landmark_set is None:
            colors = self.dataset_meta.get('keypoint_colors')
            if colors is None or len(colors) != count:
                return np.tile(WHITE, (count, 1)), np.zeros((0, 2), int)
            links = self.dataset_meta.get('skeleton_links', [])
            return np.array(colors), np.array(links, int).reshape(-1, 2)
        if count != self.landmark_set.num_landmarks:
            raise ValueError(
                f'SPIGAVisualizer: landmark_set {self.landmark_set.name!r} '
                f'has {self.landmark_set.num_landmarks} landmarks, the sample '
                f'has {count}; set landmark_set in the visualizer config to '
                'the set of the model')
        return landmark_style(self.landmark_set)

    def _enlargement(self, image, data_sample) -> float:
        """Factor by which the image is enlarged."""
        instances = data_sample.get('pred_instances') or data_sample.get(
            'gt_instances')
        if not self.min_face or not instances or 'keypoints' not in instances:
            return 1.
        smallest = min(map(face_size, _array(instances.keypoints)))
        return min(self.min_face / smallest, _MAX_ENLARGEMENT,
                   _MAX_SIDE / max(image.shape[:2]))


def _array(values) -> np.ndarray:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values)


def _box_of(points: np.ndarray) -> np.ndarray:
    """Box (4,) of the points that are finite; NaN if there is none."""
    points = points[np.isfinite(points).all(-1)]
    if not len(points):
        return np.full(4, np.nan)
    return np.concatenate([points.min(0), points.max(0)])


def _opacity(instances: InstanceData, threshold: float) -> np.ndarray:
    """(N, L) opacity by score; 0 below the threshold."""
    shape = instances.keypoints.shape[:2]
    scores = instances.get('keypoint_scores',
                           instances.get('keypoints_visible', np.ones(shape)))
    scores = _array(scores)
    if scores.ndim == 3:  # (N, L, 2): visible, and weight
        scores = scores[..., 0]
    scores = np.nan_to_num(np.broadcast_to(scores, shape).astype(float))
    opacity = _FAINTEST + (1 - _FAINTEST) * np.clip(scores, 0, 1)
    return np.where(scores < threshold, 0, opacity)


def _labels(instances: InstanceData, count: int) -> List[str]:
    """Text of each box: its track id, and its score where it is below 1."""
    scores = _array(instances.get('bbox_scores', np.ones(count)))
    tracks = _array(instances.get('track_ids', np.full(count, -1)))
    labels = []
    for _, score, track in zip(range(count), scores, tracks):
        parts = [f'id {track:.0f}'] if track >= 0 else []
        parts += [f'{score:.2f}'] if score < 1 else []
        labels.append(' '.join(parts))
    return labels


def _instructed(data_sample: PoseDataSample, factor: float, boxed: bool,
                named: bool) -> PoseDataSample:
    """A copy of the sample in px of an image enlarged by a factor, whose
    instances tell how they are drawn."""
    instructed = data_sample.clone()
    for key, heading in (('gt_instances', 'truth'),
                         ('pred_instances', 'prediction')):
        if key not in data_sample:
            continue
        instances = data_sample.get(key).clone()
        instances.set_metainfo(dict(boxed=boxed))
        if named:
            instances.set_metainfo(dict(heading=heading))
        for name in ('keypoints', 'transformed_keypoints', 'landmark_steps',
                     'bboxes'):
            if factor > 1 and name in instances:
                # Pixel centres are at integers.
                moved = (_array(instances.get(name)) + 0.5) * factor - 0.5
                instances.set_field(moved, name)
        instructed.set_field(instances, key)
    return instructed
