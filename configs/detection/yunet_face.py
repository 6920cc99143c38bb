"""OpenCV's YuNet as an MMDet detector; needs its ONNX file.

``tools/demo.py photo.jpg --det yunet --det-weights FILE.onnx``; for MMPose's
and MMDet's own tools copy this file beside itself and name the ONNX file in
the copy.
"""
_base_ = ['haar_face.py']

model = dict(
    _delete_=True,
    type='YuNetFaceDetector',
    onnx_file='',  # face_detection_yunet_2023mar.onnx of OpenCV's model zoo
    min_score=0.3,
    max_overlap=0.3,
    max_side=1280,  # px; larger images are searched at this size
    backbone=dict(),  # MMDet's init_detector wants the key
    # The network takes BGR pixels from 0 to 255: nothing is normalised.
    data_preprocessor=dict(type='DetDataPreprocessor'))

box_calibration = None  # not measured: the project has no ONNX file
