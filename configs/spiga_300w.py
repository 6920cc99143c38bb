# SPIGA on 300W public from MMPose's JSON: data/300w/{annotations,images}.
# docs/data.md says how to get it; spiga_300w_json.py reads what is converted
# here.
_base_ = ['spiga_wflw.py']
landmark_set = '300w_68'
codec = dict(_base_.codec, landmark_set=landmark_set)
model = dict(
    backbone=dict(landmark_set=landmark_set),
    head=dict(landmark_set=landmark_set, decoder=codec))

faces = dict(
    landmark_set=landmark_set,
    # Without a checkpoint MMPose looks here for names and mirror pairs.
    metainfo=dict(from_file='configs/_base_/datasets/300w.py'),
    data_root='data/300w/')
train_pipeline = [
    *_base_.augmentation,
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackFaceInputs')
]
train_dataloader = dict(
    dataset=dict(
        **faces,
        ann_file='annotations/face_landmarks_300w_train.json',
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        **faces, ann_file='annotations/face_landmarks_300w_valid.json'))
test_dataloader = dict(
    dataset=dict(
        **faces,
        ann_file='annotations/face_landmarks_300w_valid.json',
        # Named as in the authors' files: ibug is the challenging subset.
        subsets=dict(
            _delete_=True,
            common='annotations/face_landmarks_300w_valid_common.json',
            ibug='annotations/face_landmarks_300w_valid_challenge.json')))

val_evaluator = [
    dict(type='FaceAlignmentMetric', landmark_set=landmark_set),
    dict(type='HeadPoseMetric', landmark_set=landmark_set, rounded=True)
]
test_evaluator = val_evaluator
