# A fourth stage, which the paper does not have: everything trained together.
_base_ = ['spiga_wflw.py']
stages = [
    *_base_.stages,
    dict(
        name='end-to-end',
        length=50,
        lr=1e-4,
        schedulers=[dict(type='MultiStepLR', milestones=[30], gamma=0.1)],
        losses=('maps', 'pose', 'cascade'),
        frozen=())
]
