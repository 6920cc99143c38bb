"""OpenCV's frontal-face cascade as an MMDet detector: nothing to download.

A cascade is fast and small and finds upright frontal faces; it misses turned
and covered ones and now and then takes a hand for a face. It is here so that
a fresh clone can go from a photograph to landmarks.
"""
import os.path as osp
from typing import Tuple

import cv2
import numpy as np
from mmdet.registry import MODELS

from .opencv_face_detector import OpenCVFaceDetector

# Cascade weight that is taken for an even chance of a face. In the six
# photographs of MMPose's face test data most faces weigh 3 to 11 and most of
# what is no face -1 to 2.5. No calibration: there are too few of them.
_EVEN_WEIGHT = 2.0


def find_faces(cascade: 'cv2.CascadeClassifier', image: np.ndarray,
               scale_factor: float = 1.1, min_neighbors: int = 3,
               max_side: int = 1280) -> Tuple[np.ndarray, np.ndarray]:
    """Boxes and scores of the faces that a cascade finds.

    Args:
        cascade (cv2.CascadeClassifier): The cascade.
        image (np.ndarray): (H, W, 3) BGR, (H, W, 4) BGRA, (H, W) or (H, W, 1)
            grey, uint8.
        scale_factor (float): Ratio of neighbouring search scales, over 1.
        min_neighbors (int): Overlapping hits that make a face.
        max_side (int): Images with a longer side are searched at this size
            (px); the boxes are of the image as given.

    Returns:
        tuple: As :meth:`OpenCVFaceDetector.find`. The score is the logistic
        function of the cascade's last stage sum; it orders faces, it is no
        probability.
    """
    if image.ndim == 3 and image.shape[2] > 1:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    else:
        gray = image.reshape(image.shape[:2])
    shrink = min(1., max_side / max(gray.shape))
    if shrink < 1:
        size = [max(1, round(side * shrink)) for side in gray.shape[::-1]]
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    found, _, weights = cascade.detectMultiScale3(
        gray, scaleFactor=scale_factor, minNeighbors=min_neighbors,
        outputRejectLevels=True)
    boxes = np.array(found, np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    grown = np.divide(image.shape[1::-1], gray.shape[::-1])
    boxes *= np.tile(grown, 2).astype(np.float32)
    weights = np.array(weights, np.float64).reshape(-1)
    scores = (1 / (1 + np.exp(_EVEN_WEIGHT - weights))).astype(np.float32)
    order = np.argsort(-scores, kind='stable')
    return boxes[order], scores[order]


@MODELS.register_module()
class HaarFaceDetector(OpenCVFaceDetector):
    """A Haar cascade of OpenCV behind MMDet's detector interface.

    With ``configs/detection/haar_face.py`` it works in
    ``mmdet.apis.init_detector``, ``DetInferencer`` and as the ``det_model``
    of ``MMPoseInferencer`` (with ``det_cat_ids=[0]``).

    Args:
        cascade (str): File name of a cascade that the OpenCV wheel carries,
            or the path of any cascade's XML file; ValueError if it is none.
            Defaults to the frontal faces (R. Lienhart; Viola and Jones, CVPR
            2001).
        scale_factor, min_neighbors, max_side: See :func:`find_faces`.
        **kwargs: Of :class:`OpenCVFaceDetector`.
    """

    def __init__(self,
                 cascade: str = 'haarcascade_frontalface_default.xml',
                 scale_factor: float = 1.1, min_neighbors: int = 3,
                 max_side: int = 1280, **kwargs) -> None:
        super().__init__(**kwargs)
        if not scale_factor > 1:
            raise ValueError('HaarFaceDetector: scale_factor must be over 1, '
                             f'found {scale_factor}')
        if max_side < 1:
            raise ValueError('HaarFaceDetector: max_side must be at least 1 '
                             f'px, found {max_side}')
        self.cascade = _load_cascade(cascade)
        self.scale_factor = scale_factor
        self.min_neighbors = min_neighbors
        self.max_side = max_side

    def find(self, image: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Boxes and scores of the faces, see :func:`find_faces`."""
        return find_faces(self.cascade, image, self.scale_factor,
                          self.min_neighbors, self.max_side)


def _load_cascade(path: str) -> 'cv2.CascadeClassifier':
    if not osp.dirname(path):
        path = osp.join(cv2.data.haarcascades, path)
    if not osp.isfile(path):
        raise ValueError(
            f'no cascade {path}: the opencv-python wheel carries those named '
            'haarcascade_*.xml (a system OpenCV may not); install '
            'opencv-python, or give the path of an .xml file')
    cascade = cv2.CascadeClassifier()
    try:
        if cascade.load(path):
            return cascade
    except (cv2.error, SystemError):  # by OpenCV version, on broken XML
        pass
    raise ValueError(f'{path}: not a cascade that OpenCV can load')
