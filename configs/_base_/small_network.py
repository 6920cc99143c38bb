# What the small networks share, beside their sizes: on synthetic faces and on
# photographs.
_base_ = ['default_runtime.py']

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1.),  # each stage has its own
    clip_grad=dict(max_norm=40.),
    # The pose is in degrees and its layer starts near zero.
    paramwise_cfg=dict(
        custom_keys={'backbone.pose_layers': dict(lr_mult=10.)}))
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=50),
    checkpoint=dict(
        type='SafeCheckpointHook', interval=1, max_keep_ckpts=2))

model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[0, 0, 0],
        std=[255, 255, 255],
        bgr_to_rgb=False),
    backbone=dict(type='HourglassPoseNet', num_stacks=1),
    head=dict(
        type='GATCascadeHead',
        num_gats=2,
        loss_weight=16.,
        supervision=dict(
            type='MultiTaskHead',
            coord_weight=16.,
            # At the paper's 4 to 50, Adaptive Wing rules the first minutes.
            points_weight=1.,
            edges_weight=1.,
            pose_weight=0.06)),
    train_cfg=dict(losses=('maps', 'pose', 'cascade')),
    test_cfg=dict(flip_test=False))
