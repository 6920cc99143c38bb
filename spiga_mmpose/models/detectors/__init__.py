"""Face detectors that stand where any MMDet detector stands."""
from .haar_face_detector import HaarFaceDetector

__all__ = ['HaarFaceDetector']
