# A fourth stage, which the paper does not have: everything trained together.
_base_ = ['spiga_wflw.py']
stages = [
    *_base_.stages,
    dict(
        name='end-to-end',
        length=50,
        lr=1e-4,
        losses=('maps', 'pose', 'cascade'),
        frozen=())
]
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='StageHook', stages=stages),
]
train_cfg = dict(max_epochs=800)
param_scheduler = [
    *_base_.param_scheduler,
    dict(type='MultiStepLR', begin=750, end=800, milestones=[30], gamma=0.1),
]
