# Faces that are drawn, never downloaded: endless ones to train on, 1,000 to
# validate on, and 1,000 others to test on. They say nothing about accuracy
# on photographs.
dataset_type = 'SyntheticFaceDataset'
data_mode = 'topdown'
landmark_set = 'wflw_98'
# The faces are drawn at 128 px; 64 px see the most of them in a given time.
input_size = (64, 64)
padding = 1.6  # of the box: each side by this factor
codec = dict(
    type='SPIGALabel', input_size=input_size, landmark_set=landmark_set)

train_pipeline = [
    dict(type='FaceRandomFlip', prob=0.5),
    dict(type='FaceBoxCenterScale', padding=padding),
    # The box jitters as a detector's does; faces lean by up to 40 degrees
    # already.
    dict(type='FaceRandomBox', rotate=0, shift=0.05, scale=0.15),
    dict(type='SPIGACrop', input_size=input_size),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackFaceInputs')
]
# Synthetic faces need no loading; photographs, at inference, do.
val_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='FaceBoxCenterScale', padding=padding),
    dict(type='SPIGACrop', input_size=input_size),
    dict(type='PackFaceInputs')
]

train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    collate_fn=dict(type='collate_faces'),
    drop_last=True,
    sampler=dict(type='EpochBlockSampler', epoch_size=3200),
    dataset=dict(
        type=dataset_type,
        num_faces=10_000_000,
        seed=0,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        num_faces=1000,
        seed=1,
        test_mode=True,
        pipeline=val_pipeline))
test_dataloader = dict(
    val_dataloader, dataset=dict(val_dataloader['dataset'], seed=2))

# Headline: error over the size of the landmark box, since the distance of the
# eyes shrinks with yaw; the inter-ocular one beside it in the test.
val_evaluator = [
    dict(
        type='FaceAlignmentMetric',
        landmark_set=landmark_set,
        norm='lnd_bbox',
        threshold=10),
    dict(type='HeadPoseMetric', landmark_set=landmark_set)
]
test_evaluator = [
    *val_evaluator,
    dict(
        type='FaceAlignmentMetric',
        landmark_set=landmark_set,
        norm='corners',
        threshold=10,
        prefix='corners')
]
