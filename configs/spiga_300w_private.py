# SPIGA on 300W private: trained on all of 300W public, tested on the test set
# of the challenge. JSON of the authors or of 300w_to_spiga.py.
_base_ = ['spiga_300w_json.py']
test_faces = dict(
    ann_file='annotations/300wprivate_test.json',
    subsets='annotations/300wprivate_test_subsets.json')
train_dataloader = dict(
    dataset=dict(ann_file='annotations/300wprivate_train.json'))
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
