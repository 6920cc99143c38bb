# COFW-68 has no training set of its own: the training of 300W private, tested
# on its 507 faces. JSON of the authors or of
# dataset_converters/cofw68_to_spiga.py.
_base_ = ['spiga_300w_private.py']
test_faces = dict(
    _delete_=True,
    type=_base_.dataset_type,
    landmark_set=_base_.landmark_set,
    metainfo=_base_.faces.metainfo,
    data_mode=_base_.data_mode,
    data_root='data/cofw68/',
    ann_file='annotations/test.json',
    test_mode=True,
    pipeline=_base_.val_pipeline)
val_dataloader = dict(dataset=test_faces)
test_dataloader = val_dataloader
