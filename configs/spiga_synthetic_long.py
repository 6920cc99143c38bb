# A wider network of the same kind, trained for longer, in bf16: at most two
# hours on two CPU cores. Its checkpoint, in half precision, is
# checkpoints/spiga_synthetic_long.pth.
_base_ = ['spiga_synthetic.py']

cosine = _base_.cosine
multitask, cascade = _base_.stages[1:]
stages = [
    dict(multitask, length=96, schedulers=[_base_.warm_up, cosine]),
    dict(cascade, length=8),
    # The cascade asks the features for what it needs, and gets it.
    dict(
        name='end-to-end',
        length=26,
        lr=6e-4,
        schedulers=[dict(cosine, eta_min_ratio=2e-5 / 6e-4)],
        losses=('maps', 'pose', 'cascade'),
        frozen=()),
]
train_cfg = dict(val_interval=13)
optim_wrapper = dict(type='CpuAmpOptimWrapper')
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
