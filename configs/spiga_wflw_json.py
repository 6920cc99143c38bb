# The same from the JSON of SPIGA's authors or of wflw_to_spiga.py, which also
# tells the test subsets (pose, expression, illumination, ...).
_base_ = ['spiga_wflw.py']
dataset_type = 'SPIGAJsonDataset'
faces = dict(
    _delete_=True,
    type=dataset_type,
    landmark_set=_base_.landmark_set,
    data_mode=_base_.data_mode,
    data_root='data/wflw/')
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
