"""Pipeline steps: loading, boxes, crop, augmentation, packing."""
from .boxes import (BoxFromLandmarks, FaceBoxCenterScale, FaceRandomBox,
                    FaceRandomFlip)
from .corruptions import (CORRUPTIONS, AddNoise, BlurFace, CompressJPEG,
                          CoverFace, CropByBox, DimLight, EnlargeBox, ShiftBox,
                          ShrinkFace, TightenBox, TurnBox)
from .crop import SPIGACrop
from .formatting import PackFaceInputs
from .loading import BadSampleError, LoadFaceImage
from .photometric import (RandomBlur, RandomHSV, RandomLowQuality,
                          RandomOccluder, RandomOcclusion)

__all__ = [
    'CORRUPTIONS', 'AddNoise', 'BadSampleError', 'BlurFace',
    'BoxFromLandmarks', 'CompressJPEG', 'CoverFace', 'CropByBox', 'DimLight',
    'EnlargeBox', 'FaceBoxCenterScale', 'FaceRandomBox', 'FaceRandomFlip',
    'LoadFaceImage', 'PackFaceInputs', 'RandomBlur', 'RandomHSV',
    'RandomLowQuality', 'RandomOccluder', 'RandomOcclusion', 'SPIGACrop',
    'ShiftBox', 'ShrinkFace', 'TightenBox', 'TurnBox'
]
