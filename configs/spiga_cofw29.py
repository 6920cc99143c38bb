# SPIGA on COFW with its own 29 points, in MMPose's layout:
# data/cofw/{annotations,images}. docs/landmark_sets.md says where the head of
# this set comes from.
_base_ = ['spiga_wflw.py']
landmark_set = 'cofw_29'
codec = dict(_base_.codec, landmark_set=landmark_set)
model = dict(
    backbone=dict(landmark_set=landmark_set),
    head=dict(landmark_set=landmark_set, decoder=codec))

faces = dict(
    landmark_set=landmark_set,
    # Without a checkpoint MMPose looks here for names and mirror pairs.
    metainfo=dict(from_file='configs/_base_/datasets/cofw.py'),
    data_root='data/cofw/')
train_pipeline = [
    *_base_.augmentation,
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackFaceInputs')
]
train_dataloader = dict(
    dataset=dict(
        **faces,
        ann_file='annotations/cofw_train.json',
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(**faces, ann_file='annotations/cofw_test.json'))
test_dataloader = dict(
    dataset=dict(val_dataloader['dataset'], subsets=dict(_delete_=True)))

val_evaluator = [
    dict(type='FaceAlignmentMetric', landmark_set=landmark_set),
    dict(type='HeadPoseMetric', landmark_set=landmark_set, rounded=True)
]
test_evaluator = val_evaluator
