# SPIGA on 300W in MMPose's layout: data/300w/{annotations,images}.
_base_ = [
    '_base_/face_pipelines.py', '_base_/spiga_model.py',
    '_base_/spiga_schedule.py'
]
landmark_set = '300w_68'
codec = dict(
    type='SPIGALabel',
    input_size=_base_.input_size,
    landmark_set=landmark_set)
model = dict(
    backbone=dict(landmark_set=landmark_set),
    head=dict(landmark_set=landmark_set, decoder=codec))

dataset_type = 'CocoFaceDataset'
data_mode = 'topdown'
data_root = 'data/300w/'
# Without a checkpoint MMPose looks here for names and mirror pairs.
metainfo = dict(from_file='configs/_base_/datasets/300w.py')
train_pipeline = [
    *_base_.augmentation,
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackFaceInputs')
]
train_dataloader = dict(
    batch_size=24,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        landmark_set=landmark_set,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/face_landmarks_300w_train.json',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=24,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        landmark_set=landmark_set,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/face_landmarks_300w_test.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='FaceAlignmentMetric', landmark_set=landmark_set),
    dict(type='HeadPoseMetric', landmark_set=landmark_set, rounded=True)
]
test_evaluator = val_evaluator
