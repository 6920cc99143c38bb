# MobileNetV2.
_base_ = ['base.py']
channels = 64
model = dict(
    backbone=dict(_delete_=True, type='MobileNetV2', out_indices=(1, 2, 4, 6)),
    neck=dict(
        type='mmdet.YOLOV3Neck',
        num_scales=4,
        in_channels=(320, 96, 32, 24),
        out_channels=(256, 128, 64, channels)),
    head=dict(
        in_channels=channels, pose_regressor=dict(in_channels=channels)))
