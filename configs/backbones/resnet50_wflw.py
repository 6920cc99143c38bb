# ResNet-50 on WFLW: 256 px crops, the head as released, ImageNet's weights to
# start from (downloaded). Nobody has trained it yet.
_base_ = ['../spiga_wflw.py']
stages = [
    dict(
        name='end-to-end',
        length=60,
        lr=5e-4,
        schedulers=[
            dict(type='LinearLR', end=500, start_factor=0.1, by_epoch=False),
            dict(type='MultiStepLR', milestones=[40, 55])
        ],
        losses=('pose', 'cascade'),
        frozen=())
]

channels = 128
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=50,
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(
            type='Pretrained', checkpoint='torchvision://resnet50')),
    neck=dict(
        type='mmdet.YOLOV3Neck',
        num_scales=4,
        in_channels=(2048, 1024, 512, 256),
        out_channels=(256, 128, 128, channels)),
    head=dict(
        in_channels=channels,
        supervision=None,
        pose_regressor=dict(type='FeaturePoseRegressor'),
        # Degrees beside coordinates on [-1, 1].
        loss_pose=dict(type='PoseL2Loss', loss_weight=0.01)))
