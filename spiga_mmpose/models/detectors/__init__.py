"""Face detectors that stand where any MMDet detector stands."""
from .haar_face_detector import HaarFaceDetector
from .opencv_face_detector import OpenCVFaceDetector
from .yunet_face_detector import YuNetFaceDetector

__all__ = ['HaarFaceDetector', 'OpenCVFaceDetector', 'YuNetFaceDetector']
