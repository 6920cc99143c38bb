# ResNet-50. The neck restores the resolution: from the coarsest map to the
# finest, which comes last, where heads look.
_base_ = ['base.py']
model = dict(
    backbone=dict(
        _delete_=True, type='ResNet', depth=50, out_indices=(0, 1, 2, 3)),
    neck=dict(
        type='mmdet.YOLOV3Neck',
        num_scales=4,
        in_channels=(2048, 1024, 512, 256),
        out_channels=(256, 128, 64, 64)))
