# SPIGA as released and as the paper trains it. Every [?] below is a choice
# that neither the paper nor the release tells. The landmark set stands in the
# data set's config.
_base_ = ['face_data.py']

model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        # The release's input: BGR / 255.
        mean=[0, 0, 0],
        std=[255, 255, 255],
        bgr_to_rgb=False),
    backbone=dict(
        type='HourglassPoseNet',
        input_size=_base_.input_size[0],
        num_stacks=4,
        channels=256,
        stem_channels=(64, 128),
        depth=4,  # 3: the paper's 8 x 8 bottleneck
        shared_pose_layer=True),  # [?]
    head=dict(
        type='GATCascadeHead',
        in_channels=256,
        windows=(0.25, 0.125, 0.0625),  # 16, 8, 4 of 64 cells
        window_samples=7,
        embed_channels=512,
        position_channels=(256, 256),
        gat_channels=256,
        num_gats=4,
        num_heads=4,
        offset_channels=(256, 128, 64, 32),
        self_message=True,  # False: the paper's sum over the others
        two_convs=False,  # True: the paper's 7x7 and 1x1
        offset_activation='hardtanh',  # 'arctan': the paper's
        detach_steps=False,  # [?] True: each step learns for itself
        loss=dict(type='SmoothL1CoordLoss', beta=0.01),  # [?] beta, units
        supervision=dict(
            type='MultiTaskHead',
            loss_coord=dict(type='SmoothL1CoordLoss', beta=0.01),  # [?]
            loss_maps=dict(
                type='WeightedAdaptiveWingLoss',
                alpha=2.1,
                omega=14.,
                epsilon=1.,
                theta=0.5,
                weight_map=True),  # [?]
            loss_pose=dict(type='PoseL2Loss', squared=False),  # [?]
            coord_weight=4.,
            points_weight=50.,
            edges_weight=50.,
            pose_weight=1.,
            subpixel=True,  # [?] False: rounded to cells, as released
            coord_maps='heatmaps',  # [?]
            soft_argmax='mass')),  # [?] docs/recipe_choices.md
    train_cfg=dict(losses=('maps', 'pose', 'cascade')),
    test_cfg=dict(flip_test=False))
