# A wider network of the same kind, trained for longer: at most two hours on
# two CPU cores. Its checkpoint is checkpoints/spiga_synthetic_long.pth.
_base_ = ['spiga_synthetic.py']

epochs = (48, 14, 14)
starts = (0, epochs[0], epochs[0] + epochs[1])
stages = [
    dict(stage, length=length)
    for stage, length in zip(_base_.stages, epochs)
]
custom_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='SampleSeedHook'),
    dict(type='StageHook', stages=stages),
]
train_cfg = dict(max_epochs=sum(epochs), val_interval=12)
param_scheduler = [
    _base_.param_scheduler[0],
    *[
        dict(
            type='CosineAnnealingLR',
            begin=start,
            end=start + length,
            T_max=length,
            eta_min_ratio=0.005,
            by_epoch=True,
            convert_to_iter_based=True)
        for start, length in zip(starts, epochs)
    ]
]
channels = 96
model = dict(
    backbone=dict(channels=channels, stem_channels=(24, 64)),
    head=dict(in_channels=channels))
