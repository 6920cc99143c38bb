"""OpenCV's YuNet as an MMDet detector.

``tools/demo.py photo.jpg --det yunet`` fetches its ONNX file once; for
MMPose's and MMDet's own tools copy this file beside itself and name the ONNX
file in the copy.
"""
_base_ = ['haar_face.py']

model = dict(
    _delete_=True,
    type='YuNetFaceDetector',
    onnx_file='',  # face_detection_yunet_2023mar.onnx of OpenCV's model zoo
    min_score=0.5,
    max_overlap=0.3,
    sides=(1280, 320),  # px; larger images are searched at these sizes
    backbone=dict(),  # MMDet's init_detector wants the key
    # The network takes BGR pixels from 0 to 255: nothing is normalised.
    data_preprocessor=dict(type='DetDataPreprocessor'))

# From its boxes to landmark boxes: medians of 1,675 faces of HELEN and LFPW,
# 68 points, the shift to the side set to 0; see docs/boxes.md.
box_calibration = dict(shift=(0., 0.126), scale=(1.025, 0.757))
