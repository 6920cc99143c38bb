# SPIGA on 300W public from the JSON of SPIGA's authors or of 300w_to_spiga.py,
# with the test subsets common (helen and lfpw) and ibug, the challenging one.
# The full set is all faces.
_base_ = ['spiga_300w.py']
dataset_type = 'SPIGAJsonDataset'
faces = dict(
    _delete_=True,
    type=dataset_type,
    landmark_set=_base_.landmark_set,
    metainfo=_base_.faces.metainfo,
    data_mode=_base_.data_mode,
    data_root='data/300w/')
test_faces = dict(
    **faces,
    ann_file='annotations/300wpublic_test.json',
    subsets='annotations/300wpublic_test_subsets.json',
    test_mode=True,
    pipeline=_base_.val_pipeline)
train_dataloader = dict(
    dataset=dict(
        **faces,
        ann_file='annotations/300wpublic_train.json',
        pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=test_faces)
test_dataloader = val_dataloader
