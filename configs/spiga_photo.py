# A small network for photographs: 68 landmarks and head pose, trained on two
# CPU cores from weights that synthetic faces gave. The data are 300-W's, in
# the authors' JSON format: data/300w_photos (docs/photographs.md).
_base_ = ['_base_/small_network.py', '_base_/face_data.py']

landmark_set = '300w_68'
input_size = (128, 128)
padding = 1.45
codec = dict(
    type='SPIGALabel', input_size=input_size, landmark_set=landmark_set)

# One stage, end to end. The rate falls in the last 32 epochs; the weights are
# averaged, so that any checkpoint is as good as its epoch allows.
load_from = 'checkpoints/spiga_synthetic_long.pth'
warm_up = dict(type='LinearLR', end=200, start_factor=0.05, by_epoch=False)
cosine = dict(
    type='CosineAnnealingLR',
    begin=64,
    eta_min_ratio=0.01,
    convert_to_iter_based=True)
stages = [
    dict(
        name='end-to-end',
        length=96,
        lr=2e-3,
        schedulers=[warm_up, cosine],
        losses=('maps', 'pose', 'cascade'),
        frozen=())
]
custom_hooks = [
    dict(type='TransferHook'),
    *_base_.custom_hooks,
    dict(
        type='EMAHook',
        ema_type='ExpMomentumEMA',
        momentum=0.001,
        gamma=500,
        update_buffers=True),
]
train_cfg = dict(val_interval=5)
# At the backbone's rate the cascade learns nothing.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'head.steps': dict(lr_mult=0.25)}))

channels = 128
model = dict(
    backbone=dict(
        landmark_set=landmark_set,
        input_size=input_size[0],
        channels=channels,
        stem_channels=(24, 64),
        depth=4),
    head=dict(
        in_channels=channels,
        landmark_set=landmark_set,
        windows=(0.25, 0.125, 0.0625),  # 8, 4 and 2 of 32 cells
        window_samples=4,
        embed_channels=96,
        position_channels=(96, 96),
        gat_channels=96,
        offset_channels=(96, 48),
        supervision=dict(soft_argmax='mass'),
        decoder=codec),
    # The landmarks know the pose better than its layers do: on val.json
    # 1.67 degrees in place of 2.41.
    test_cfg=dict(fit_pose=True))

dataset_type = 'SPIGAJsonDataset'
faces = dict(
    type=dataset_type,
    landmark_set=landmark_set,
    # Without a checkpoint MMPose looks here for names and mirror pairs.
    metainfo=dict(from_file='configs/_base_/datasets/300w.py'),
    data_mode=_base_.data_mode,
    data_root='data/300w_photos/',
    data_prefix=dict(img='images/'))
# For the world, not for the test set: heads that lie on their side, things
# and masks before the face, small and compressed photographs, no colour.
box_noise = dict(
    type='FaceRandomBox', shift=0.08, scale=0.2, keep_size=True)
train_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='BoxFromLandmarks'),
    dict(type='FaceRandomFlip', prob=0.5),
    dict(type='FaceBoxCenterScale', padding=padding),
    dict(
        type='RandomChoice',
        transforms=[[dict(box_noise, rotate=30)],
                    [dict(box_noise, rotate=110)]],
        prob=[0.8, 0.2]),
    dict(type='SPIGACrop', input_size=input_size),
    dict(type='RandomOccluder', landmark_set=landmark_set, prob=0.35),
    dict(type='RandomHSV', limit=0.5),
    dict(type='RandomGrayscale', prob=0.1, keep_channels=True),
    dict(type='RandomBlur', prob=0.3),
    dict(type='RandomLowQuality', prob=0.3),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackFaceInputs')
]
val_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='BoxFromLandmarks'),
    dict(type='FaceBoxCenterScale', padding=padding),
    dict(type='SPIGACrop', input_size=input_size),
    dict(type='PackFaceInputs')
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(**faces, ann_file='train.json', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(**faces, ann_file='val.json', pipeline=val_pipeline))
test_dataloader = dict(
    val_dataloader,
    dataset=dict(val_dataloader['dataset'], ann_file='common.json'))
val_evaluator = [
    dict(type='FaceAlignmentMetric', landmark_set=landmark_set),
    dict(type='HeadPoseMetric', landmark_set=landmark_set, rounded=True)
]
test_evaluator = val_evaluator
