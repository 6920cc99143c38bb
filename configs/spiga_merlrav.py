# SPIGA on MERL-RAV, 68 points of which those that the head hides have no
# label. JSON of the authors or of dataset_converters/merlrav_to_spiga.py.
_base_ = ['spiga_300w_json.py']
data_root = 'data/merlrav/'
test_faces = dict(
    data_root=data_root,
    ann_file='annotations/test.json',
    subsets='annotations/test_subsets.json')
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='annotations/train.json'))
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
