"""Pipeline steps: loading, boxes, crop, augmentation, packing."""
from .boxes import (BoxFromLandmarks, FaceBoxCenterScale, FaceRandomBox,
                    FaceRandomFlip)
from .crop import SPIGACrop
from .formatting import PackFaceInputs
from .loading import BadSampleError, LoadFaceImage
from .photometric import RandomBlur, RandomHSV, RandomOcclusion

__all__ = [
    'BadSampleError', 'BoxFromLandmarks', 'FaceBoxCenterScale',
    'FaceRandomBox', 'FaceRandomFlip', 'LoadFaceImage', 'PackFaceInputs',
    'RandomBlur', 'RandomHSV', 'RandomOcclusion', 'SPIGACrop'
]
