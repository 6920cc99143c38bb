# A wider network of the same kind, trained for longer: at most two hours on
# two CPU cores. Its checkpoint is checkpoints/spiga_synthetic_long.pth.
_base_ = ['spiga_synthetic.py']

multitask, cascade = _base_.stages[1:]
stages = [
    dict(multitask, length=48, lr=4e-3),
    dict(multitask, name='multitask-again', length=40, lr=1e-3),
    dict(cascade, length=12, lr=1e-3),
]
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='StageHook', stages=stages),
]
train_cfg = dict(max_epochs=100, val_interval=12)
param_scheduler = [
    _base_.param_scheduler[0],
    *[
        dict(
            _base_.param_scheduler[1],
            begin=begin,
            end=end,
            T_max=end - begin) for begin, end in ((0, 48), (48, 88), (88, 100))
    ]
]
channels = 96
model = dict(
    backbone=dict(channels=channels, stem_channels=(24, 64)),
    head=dict(in_channels=channels))
