# SPIGA on 300W private: trained on all of 300W public, tested on the test set
# of the challenge. JSON of the authors or of 300w_to_spiga.py.
_base_ = ['spiga_300w.py']
dataset_type = 'SPIGAJsonDataset'
faces = dict(
    _delete_=True,
    type=dataset_type,
    landmark_set=_base_.landmark_set,
    data_mode=_base_.data_mode,
    data_root='data/300w/')
test_faces = dict(
    **faces,
    ann_file='annotations/300wprivate_test.json',
    subsets='annotations/300wprivate_test_subsets.json',
    test_mode=True,
    pipeline=_base_.val_pipeline)
train_dataloader = dict(
    dataset=dict(
        **faces,
        ann_file='annotations/300wprivate_train.json',
        pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=test_faces)
test_dataloader = val_dataloader

val_evaluator = [
    dict(
        type='FaceAlignmentMetric',
        landmark_set=_base_.landmark_set,
        norm='lnd_bbox',
        threshold=7),
    dict(
        type='HeadPoseMetric', landmark_set=_base_.landmark_set, rounded=True)
]
test_evaluator = val_evaluator
