"""OpenCV's frontal-face cascade as an MMDet detector; nothing to download.

``MMPoseInferencer(pose2d=..., det_model='configs/detection/haar_face.py',
det_cat_ids=[0])`` or ``mmdet.apis.init_detector`` on this file.
"""
custom_imports = dict(
    imports=['spiga_mmpose.models.detectors'], allow_failed_imports=False)
default_scope = 'mmdet'

model = dict(
    type='HaarFaceDetector',
    cascade='haarcascade_frontalface_default.xml',
    scale_factor=1.1,  # ratio of neighbouring search scales
    min_neighbors=3,  # overlapping hits that make a face
    max_side=1280,  # px; larger images are searched at this size
    backbone=dict(),  # MMDet's init_detector wants the key
    # The cascade takes BGR pixels from 0 to 255: nothing is normalised.
    data_preprocessor=dict(type='DetDataPreprocessor'))

# No Resize: the boxes are those of the image as it is.
test_pipeline = [
    # MMDet wants its own loader, to put another in its place for arrays; the
    # backend is ours, and names the file that is bad.
    dict(type='LoadImageFromFile', backend_args=dict(backend='face_image')),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape')),
]
# Only the class name and the colour are read from the data set.
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(
        type='CocoDataset',
        metainfo=dict(classes=('face', ), palette=[(90, 200, 250)]),
        pipeline=test_pipeline))

visualizer = dict(type='DetLocalVisualizer')

# From the cascade's boxes to landmark boxes: medians of the 1,610 of 1,675
# faces of HELEN and LFPW, 68 points, that the cascade finds, the shift to the
# side set to 0. docs/boxes.md has what it is worth. Only this project's own
# tools read it.
box_calibration = dict(shift=(0., 0.145), scale=(0.838, 0.821))
