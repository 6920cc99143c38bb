# Does a data set read right? A smaller network, without augmentation, learns
# the few faces that it is then tested on: their NME must fall below 1 %.
#
#   LANDMARK_SET=300w_68 FACES=FOLDER/faces.json python tools/train.py \
#       configs/experiments/overfit.py
#
# FACES is in MMPose's form and names images below its own folder.
_base_ = ['../spiga_wflw.py']
landmark_set = '{{$LANDMARK_SET:wflw_98}}'
folder, _, file = '{{$FACES:data/wflw/test_wflw.json}}'.rpartition('/')
codec = dict(landmark_set=landmark_set)
faces = dict(
    type=_base_.dataset_type,
    landmark_set=landmark_set,
    data_mode=_base_.data_mode,
    data_root=folder,
    ann_file=file,
    data_prefix=dict(img=''))
train_pipeline = [
    *_base_.val_pipeline[:-1],
    dict(
        type='GenerateTarget',
        encoder=dict(_base_.codec, landmark_set=landmark_set)),
    dict(type='PackFaceInputs')
]
# An epoch is 25 times the faces.
loader = dict(batch_size=2, num_workers=0, persistent_workers=False)
train_dataloader = dict(
    **loader,
    dataset=dict(
        _delete_=True,
        type='RepeatDataset',
        times=25,
        dataset=dict(**faces, pipeline=train_pipeline)))
val_dataloader = dict(
    **loader,
    dataset=dict(
        _delete_=True, **faces, test_mode=True, pipeline=_base_.val_pipeline))
test_dataloader = val_dataloader

multitask, cascade = _base_.stages[1:]
cosine = dict(
    type='CosineAnnealingLR', eta_min_ratio=0.01, convert_to_iter_based=True)
stages = [
    dict(multitask, length=32, lr=2e-3, schedulers=[cosine]),
    dict(cascade, length=24, lr=2e-3, schedulers=[cosine])
]
train_cfg = dict(val_interval=8)
val_evaluator = [
    dict(type='FaceAlignmentMetric', landmark_set=landmark_set),
    dict(type='HeadPoseMetric', landmark_set=landmark_set)
]
test_evaluator = val_evaluator
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=8, save_best=None))
model = dict(
    backbone=dict(
        landmark_set=landmark_set,
        num_stacks=1,
        channels=64,
        stem_channels=(24, 48)),
    head=dict(
        landmark_set=landmark_set,
        decoder=codec,
        in_channels=64,
        embed_channels=64,
        position_channels=(64, 64),
        gat_channels=64,
        num_gats=2,
        offset_channels=(64, 32),
        loss_weight=16.,
        # The coordinates first: the paper's weights want longer runs.
        supervision=dict(
            coord_weight=16.,
            points_weight=1.,
            edges_weight=1.,
            pose_weight=0.06)))
