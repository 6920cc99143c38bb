# SPIGA on WFLW from MMPose's JSON: data/wflw/{annotations,images}.
# docs/data.md says how to get it; spiga_wflw_json.py reads what is converted
# here.
_base_ = ['_base_/spiga_model.py', '_base_/spiga_schedule.py']
landmark_set = 'wflw_98'
codec = dict(
    type='SPIGALabel',
    input_size=_base_.input_size,
    landmark_set=landmark_set)
model = dict(
    backbone=dict(landmark_set=landmark_set),
    head=dict(landmark_set=landmark_set, decoder=codec))

dataset_type = 'CocoFaceDataset'
faces = dict(
    type=dataset_type,
    landmark_set=landmark_set,
    data_root='data/wflw/')
train_pipeline = [
    *_base_.augmentation,
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackFaceInputs')
]
train_dataloader = dict(
    dataset=dict(
        **faces,
        ann_file='annotations/face_landmarks_wflw_train.json',
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        **faces, ann_file='annotations/face_landmarks_wflw_test.json'))
test_dataloader = dict(
    dataset=dict(
        **faces,
        ann_file='annotations/face_landmarks_wflw_test.json',
        subsets={
            name: f'annotations/face_landmarks_wflw_test_{file}.json'
            for name, file in dict(
                pose='largepose',
                expression='expression',
                illumination='illumination',
                makeup='makeup',
                occlusion='occlusion',
                blur='blur').items()
        }))

val_evaluator = [
    dict(type='FaceAlignmentMetric', landmark_set=landmark_set),
    dict(type='HeadPoseMetric', landmark_set=landmark_set, rounded=True)
]
test_evaluator = val_evaluator
