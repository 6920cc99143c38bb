# Does a data set read right? A smaller network, without augmentation, learns
# the few faces that it is then tested on: their NME must fall below 1 %.
#
#   DATA_ROOT=FOLDER python tools/train.py \
#       configs/experiments/spiga_wflw_overfit.py
#
# FOLDER holds test_wflw.json, in MMPose's form, and the images that it names.
_base_ = ['../spiga_wflw.py']
faces = dict(
    type=_base_.dataset_type,
    landmark_set=_base_.landmark_set,
    data_mode=_base_.data_mode,
    data_root='{{$DATA_ROOT:data/wflw/}}',
    ann_file='test_wflw.json',
    data_prefix=dict(img=''))
train_pipeline = [
    *_base_.val_pipeline[:-1],
    dict(type='GenerateTarget', encoder=_base_.codec),
    dict(type='PackFaceInputs')
]
# An epoch is 25 times the faces.
loader = dict(batch_size=4, num_workers=0, persistent_workers=False)
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

epochs = (32, 24)
rate = 2e-3
starts = (0, epochs[0])
names = ('multitask', 'cascade')
losses = (('maps', 'pose'), ('cascade', ))
frozen = (('head.steps', ), ('backbone', ))
stages = [
    dict(name=n, length=e, lr=rate, losses=l, frozen=f)
    for n, e, l, f in zip(names, epochs, losses, frozen)
]
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='StageHook', stages=stages),
]
optim_wrapper = dict(optimizer=dict(lr=rate))
train_cfg = dict(max_epochs=sum(epochs), val_interval=8)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        begin=start,
        end=start + length,
        T_max=length,
        eta_min_ratio=0.01,
        convert_to_iter_based=True) for start, length in zip(starts, epochs)
]
default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=8, save_best=None))
model = dict(
    backbone=dict(num_stacks=1, channels=64, stem_channels=(24, 48)),
    head=dict(
        in_channels=64,
        embed_channels=64,
        position_channels=(64, 64),
        gat_channels=64,
        num_gats=2,
        offset_channels=(64, 32),
        loss_weight=16.,
        # The coordinates first: the paper's weights want longer runs.
        supervision=dict(coord_weight=16., maps_weight=1., pose_weight=0.06)))
