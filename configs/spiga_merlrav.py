# SPIGA on MERL-RAV, 68 points of which those that the head hides have no
# label. JSON of the authors or of dataset_converters/merlrav_to_spiga.py.
_base_ = ['spiga_300w_private.py']
data_root = 'data/merlrav/'
test_faces = dict(
    data_root=data_root,
    ann_file='annotations/test.json',
    subsets='annotations/test_subsets.json')
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='annotations/train.json'))
val_dataloader = dict(dataset=test_faces)
test_dataloader = val_dataloader

alignment, pose = _base_.val_evaluator
# As published: the sum of the errors over 68, whatever is labelled.
val_evaluator = [dict(alignment, divide_by='all'), pose]
test_evaluator = val_evaluator
