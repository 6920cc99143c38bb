# A wider network of the same kind, trained for longer, in bf16: at most two
# hours on two CPU cores. Its checkpoint, in half precision, is
# checkpoints/spiga_synthetic_long.pth.
_base_ = ['spiga_synthetic.py']

multitask, cascade = _base_.stages[1:]
stages = [
    dict(multitask, length=96, lr=4e-3),
    dict(cascade, length=8, lr=1e-3),
    # The cascade asks the features for what it needs, and gets it.
    dict(
        name='end-to-end',
        length=26,
        lr=6e-4,
        losses=('maps', 'pose', 'cascade'),
        frozen=()),
]
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='StageHook', stages=stages),
]
train_cfg = dict(max_epochs=130, val_interval=13)
optim_wrapper = dict(type='CpuAmpOptimWrapper')
param_scheduler = [
    _base_.param_scheduler[0],
    *[
        dict(
            _base_.param_scheduler[1],
            begin=begin,
            end=end,
            T_max=end - begin)
        for begin, end in ((0, 96), (96, 104), (104, 130))
    ]
]
channels = 128
model = dict(
    backbone=dict(channels=channels, stem_channels=(24, 64)),
    head=dict(
        in_channels=channels,
        window_samples=4,
        embed_channels=96,
        position_channels=(96, 96),
        gat_channels=96,
        offset_channels=(96, 48)))
