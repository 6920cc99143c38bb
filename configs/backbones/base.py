# What the stock backbones of this folder share: GATCascadeHead on synthetic
# faces, end to end, with as many faces as spiga_synthetic.py sees. Nothing
# here was tuned to a backbone. A config adds the backbone, a neck if it needs
# one, and the channels of the last map that comes out.
_base_ = ['../spiga_synthetic.py']

stages = [
    dict(
        name='end-to-end',
        length=16,
        lr=1e-3,
        schedulers=[_base_.warm_up, _base_.cosine],
        losses=('pose', 'cascade'),
        frozen=())
]
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            '_delete_': True,
            'head.pose_regressor.linear': dict(lr_mult=10.)
        }))

model = dict(
    # As MMPose's own configs of these backbones.
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    head=dict(
        # A stock backbone has no point and edge maps to supervise.
        supervision=None,
        pose_regressor=dict(type='FeaturePoseRegressor', channels=64),
        loss_pose=dict(type='PoseL2Loss', loss_weight=0.06)))
