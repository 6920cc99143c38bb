# The same with the cascade on a stock backbone, end to end.
_base_ = ['overfit.py']
stages = [
    dict(
        _base_.stages[0],
        name='end-to-end',
        losses=('pose', 'cascade'),
        frozen=())
]
train_dataloader = dict(batch_size=4)  # for its BatchNorm
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        _delete_=True, type='ResNet', depth=50, out_indices=(0, 1, 2, 3)),
    neck=dict(
        type='mmdet.YOLOV3Neck',
        num_scales=4,
        in_channels=(2048, 1024, 512, 256),
        out_channels=(256, 128, 64, 64)),
    head=dict(
        supervision=None,
        pose_regressor=dict(type='FeaturePoseRegressor'),
        loss_pose=dict(type='PoseL2Loss', loss_weight=0.06)))
