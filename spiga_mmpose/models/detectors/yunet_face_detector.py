"""OpenCV's YuNet as an MMDet detector.

A small network (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector",
Machine Intelligence Research 2023) that also finds turned and partly covered
faces. Its file is in OpenCV's model zoo (github.com/opencv/opencv_zoo, MIT);
:func:`spiga_mmpose.apis.weights.find_yunet` fetches it.
"""
import os.path as osp
from typing import Sequence, Tuple

import cv2
import numpy as np
import torch
from mmdet.registry import MODELS
from mmpose.structures.bbox import bbox_overlaps

from .opencv_face_detector import OpenCVFaceDetector

# Of two boxes that share more than this of the smaller one the better stays.
_SAME_FACE = 0.5
_LEAST_SIDE = 32  # px


@MODELS.register_module()
class YuNetFaceDetector(OpenCVFaceDetector):
    """``cv2.FaceDetectorYN`` behind MMDet's detector interface.

    The network finds faces of 16 to 480 px well; larger ones get boxes on
    their parts. So an image is searched at two sizes: at the second the
    largest face is small enough. Of boxes in one another the better stays.

    ``configs/detection/yunet_face.py`` works wherever a config of MMDet
    does, once it names the file (``model.onnx_file``).

    Args:
        onnx_file (str): Path of the network; ValueError if OpenCV cannot
            read it.
        min_score (float): Faces that score less are not given, 0 to 1.
        max_overlap (float): Of two boxes with a higher IoU the better stays.
        sides (Sequence[int]): Longer sides at which an image is searched,
            px; one that is smaller is not enlarged. The boxes are of the
            image as given.
        **kwargs: Of :class:`OpenCVFaceDetector`.
    """

    def __init__(self, onnx_file: str = '', min_score: float = 0.5,
                 max_overlap: float = 0.3,
                 sides: Sequence[int] = (1280, 320), **kwargs) -> None:
        super().__init__(**kwargs)
        if not osp.isfile(onnx_file):
            raise ValueError(
                f'YuNet needs its ONNX file, found no file {onnx_file!r}: '
                'fetch face_detection_yunet_2023mar.onnx from '
                'github.com/opencv/opencv_zoo and name it by --det-weights '
                'FILE (det_weights= in Python), or as model.onnx_file in the '
                "detector's config")
        if not sides or min(sides) < 1:
            raise ValueError('YuNetFaceDetector: sides must be at least 1 '
                             f'px, found {sides!r}')
        self.sides = sides
        try:
            self.network = cv2.FaceDetectorYN.create(onnx_file, '', (320, 320),
                                                     min_score, max_overlap)
        except cv2.error as error:
            raise ValueError(f'{onnx_file}: not a network that OpenCV can '
                             f'read: {error.err}') from None

    def find(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Boxes and scores of the faces, see :class:`OpenCVFaceDetector`."""
        if image.shape[2] == 1:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        longer = max(image.shape[:2])
        sides = {min(side, longer) for side in self.sides}
        found = np.concatenate([self._find_at(image, side / longer)
                                for side in sorted(sides, reverse=True)])
        found = found[np.argsort(-found[:, 4], kind='stable')]
        found = found[_each_once(found[:, :4])]
        return found[:, :4], found[:, 4]

    def _find_at(self, image: np.ndarray, shrink: float) -> np.ndarray:
        """(N, 5) x1, y1, x2, y2 in px of the image, and score, float32."""
        given = np.array(image.shape[1::-1])
        size = np.maximum(np.round(given * shrink), 1).astype(int)
        if shrink < 1:
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        # Of an image of few px OpenCV reads memory that is not the image's.
        right, bottom = np.where(size < _LEAST_SIDE, 2 * _LEAST_SIDE - size,
                                 0).tolist()
        image = cv2.copyMakeBorder(image, 0, bottom, 0, right,
                                   cv2.BORDER_CONSTANT)
        self.network.setInputSize(image.shape[1::-1])
        _, faces = self.network.detect(image)
        # A row: x, y, width, height, five points (x, y), score.
        faces = np.zeros((0, 15)) if faces is None else np.asarray(faces)
        boxes = faces[:, [0, 1, 2, 3, 14]].astype(np.float32)
        boxes[:, 2:4] += boxes[:, :2]
        boxes[:, :4] *= np.tile(given / size, 2).astype(np.float32)
        return boxes


def _each_once(boxes: np.ndarray) -> list:
    """Places of the boxes (N, 4), best first, that share little with a
    better one."""
    boxes = torch.from_numpy(boxes)
    share = bbox_overlaps(boxes, boxes, mode='iof')  # of the first one
    same = torch.maximum(share, share.T).numpy() > _SAME_FACE
    kept = []
    for place, others in enumerate(same):
        if not others[kept].any():
            kept.append(place)
    return kept
