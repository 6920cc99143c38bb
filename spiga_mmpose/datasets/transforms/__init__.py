"""Pipeline steps: loading, boxes, crop, augmentation, packing."""
from .boxes import (BoxFromLandmarks, FaceBoxCenterScale, FaceRandomBox,
                    FaceRandomFlip, SPIGACrop)
from .corruptions import (CORRUPTIONS, AddNoise, BlurFace, CompressJPEG,
                          CoverFace, CropByBox, DimLight, EnlargeBox, ShiftBox,
                          ShrinkFace, TightenBox, TurnBox)
from .loading import BadSampleError, LoadFaceImage, PackFaceInputs
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
