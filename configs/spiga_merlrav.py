# SPIGA on MERL-RAV, 68 points of which those that the head hides have no
# label. JSON of the authors or of dataset_converters/merlrav_to_spiga.py.
_base_ = ['spiga_300w.py']
dataset_type = 'SPIGAJsonDataset'
faces = dict(
    _delete_=True,
    type=dataset_type,
    landmark_set=_base_.landmark_set,
    data_mode=_base_.data_mode,
    data_root='data/merlrav/')
test_faces = dict(
    **faces,
    ann_file='annotations/test.json',
    subsets='annotations/test_subsets.json',
    test_mode=True,
    pipeline=_base_.val_pipeline)
train_dataloader = dict(
    dataset=dict(
        **faces,
        ann_file='annotations/train.json',
        pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=test_faces)
test_dataloader = val_dataloader

val_evaluator = [
    # As published: the sum of the errors over 68, whatever is labelled.
    dict(
        type='FaceAlignmentMetric',
        landmark_set=_base_.landmark_set,
        norm='lnd_bbox',
        threshold=7,
        divide_by='all'),
    dict(
        type='HeadPoseMetric', landmark_set=_base_.landmark_set, rounded=True)
]
test_evaluator = val_evaluator
