# CSPNeXt-m, the backbone of RTMPose-m.
_base_ = ['base.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='CSPNeXt',
        deepen_factor=0.67,
        widen_factor=0.75,
        out_indices=(1, 2, 3, 4)),
    neck=dict(
        type='mmdet.YOLOV3Neck',
        num_scales=4,
        in_channels=(768, 384, 192, 96),
        out_channels=(256, 128, 64, 64)))
