# The network of spiga_photo.py for WFLW's 98 landmarks. Photographs teach the
# 68 that 300-W labels (the other 30 are masked), synthetic faces all 98. It
# starts from what fits of the 68-landmark network.
_base_ = ['spiga_photo.py']

landmark_set = 'wflw_98'
codec = dict(_base_.codec, landmark_set=landmark_set)
load_from = 'checkpoints/spiga_photo.pth'
stages = [
    dict(
        _base_.stages[0],
        length=20,
        schedulers=[_base_.warm_up,
                    dict(_base_.cosine, begin=6)])
]
model = dict(
    backbone=dict(landmark_set=landmark_set),
    head=dict(landmark_set=landmark_set, decoder=codec))

photographs = dict(
    _base_.faces,
    landmark_set=landmark_set,
    annotated_set='300w_68',
    metainfo=dict(from_file='configs/_base_/datasets/wflw.py'))
# Both end in the pipeline of the combined data set.
loading = _base_.train_pipeline[:1]
train_pipeline = [
    *_base_.train_pipeline[1:6],
    dict(type='RandomOccluder', landmark_set=landmark_set, prob=0.35),
    *_base_.train_pipeline[7:-2],
    dict(type='GenerateTarget', encoder=codec),
    _base_.train_pipeline[-1],
]
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='SeededCombinedDataset',
        metainfo=photographs['metainfo'],
        datasets=[
            dict(**photographs, ann_file='train.json', pipeline=loading),
            dict(
                type='SyntheticFaceDataset',
                num_faces=100_000,
                image_size=192,
                pipeline=[]),
        ],
        # 840 synthetic faces beside the 1,675 photographs of an epoch
        sample_ratio_factor=[1., 0.0084],
        pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        **photographs,
        ann_file='val.json',
        test_mode=True,
        pipeline=_base_.val_pipeline))
test_dataloader = dict(
    dataset=dict(val_dataloader['dataset'], ann_file='common.json'))
val_evaluator = [
    dict(type='FaceAlignmentMetric', landmark_set=landmark_set, threshold=8),
    dict(type='HeadPoseMetric', landmark_set=landmark_set, rounded=True)
]
test_evaluator = val_evaluator
