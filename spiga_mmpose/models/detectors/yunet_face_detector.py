"""OpenCV's YuNet as an MMDet detector; the user brings its ONNX file.

A small network (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector",
Machine Intelligence Research 2023) that also finds turned and partly covered
faces. The file, ``face_detection_yunet_2023mar.onnx``, is in OpenCV's model
zoo (github.com/opencv/opencv_zoo, MIT).
"""
import os.path as osp
from typing import Tuple

import cv2
import numpy as np
from mmdet.registry import MODELS

from .opencv_face_detector import OpenCVFaceDetector


@MODELS.register_module()
class YuNetFaceDetector(OpenCVFaceDetector):
    """``cv2.FaceDetectorYN`` behind MMDet's detector interface.

    ``configs/detection/yunet_face.py`` makes it usable where a config of
    MMDet is, once the file is named in it (``model.onnx_file``).

    Args:
        onnx_file (str): Path of the network.
        min_score (float): Faces that score less are not given, 0 to 1.
            Defaults to 0.3.
        max_overlap (float): Of two boxes with a higher IoU the better stays.
            Defaults to 0.3.
        max_side (int): Images with a longer side are searched at this size
            (px); the boxes are of the image as given. Defaults to 1280.
        **kwargs: Of :class:`OpenCVFaceDetector`.

    Raises:
        ValueError: If the file is absent or OpenCV cannot read it.
    """

    def __init__(self,
                 onnx_file: str = '',
                 min_score: float = 0.3,
                 max_overlap: float = 0.3,
                 max_side: int = 1280,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if not osp.isfile(onnx_file):
            raise ValueError(
                f'YuNet needs its ONNX file, found no file {onnx_file!r}: '
                'fetch face_detection_yunet_2023mar.onnx from '
                'github.com/opencv/opencv_zoo and name it by --det-weights '
                'FILE (det_weights= in Python), or as model.onnx_file in the '
                "detector's config")
        if max_side < 1:
            raise ValueError('YuNetFaceDetector: max_side must be at least 1 '
                             f'px, found {max_side}')
        self.max_side = max_side
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
        given = np.array(image.shape[1::-1])
        size = np.maximum(
            np.round(given * min(1., self.max_side / max(given))), 1)
        size = tuple(size.astype(int).tolist())
        if size != tuple(given):
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        self.network.setInputSize(size)
        _, faces = self.network.detect(image)
        # A row: x, y, width, height, five points (x, y), score.
        faces = np.zeros((0, 15)) if faces is None else np.asarray(faces)
        boxes, scores = faces[:, :4].astype(np.float32), faces[:, 14]
        boxes[:, 2:] += boxes[:, :2]
        boxes *= np.tile(given / size, 2).astype(np.float32)
        order = np.argsort(-scores, kind='stable')
        return boxes[order], scores[order].astype(np.float32)
