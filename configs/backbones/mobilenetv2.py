# MobileNetV2.
_base_ = ['base.py']
model = dict(
    backbone=dict(_delete_=True, type='MobileNetV2', out_indices=(1, 2, 4, 7)),
    neck=dict(
        type='mmdet.YOLOV3Neck',
        num_scales=4,
        in_channels=(1280, 96, 32, 24),
        out_channels=(256, 128, 64, 64)))
