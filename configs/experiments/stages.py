# The paper's three stages, the same network trained in one, and with an
# end-to-end stage behind, in the same time, half that of
# configs/spiga_synthetic.py: an epoch of the backbone takes 0.14 s an
# iteration, one of the cascade 0.23, one of everything 0.33 (measured on two
# CPU cores).
#
#   python tools/analysis_tools/compare.py configs/experiments/stages.py \
#       --out work_dirs/stages
base = 'configs/spiga_synthetic.py'
seeds = (0, 1, 2)
metrics = ('NME', 'occlusion/NME', 'NPE90', 'step0/NME', 'MAE')
options = {
    'train_cfg.val_interval': 1,
    'train_dataloader.sampler.epoch_size': 1600,
}

landmarks = dict(
    name='landmarks',
    lr=4e-3,
    losses=('maps', ),
    frozen=('backbone.pose_branches', 'backbone.pose_layers', 'head.steps'))
multitask = dict(
    name='multitask',
    lr=4e-3,
    losses=('maps', 'pose'),
    frozen=('head.steps', ))
cascade = dict(
    name='cascade', lr=1e-3, losses=('cascade', ), frozen=('backbone', ))
everything = dict(losses=('maps', 'pose', 'cascade'), frozen=())
warm_up = dict(
    type='LinearLR', begin=0, end=100, start_factor=0.1, by_epoch=False)
cosine = dict(
    type='CosineAnnealingLR',
    eta_min_ratio=0.005,
    by_epoch=True,
    convert_to_iter_based=True)
hook = 'custom_hooks.3.stages'

variants = {
    'three stages': {},
    'one stage': {
        hook: [dict(everything, name='one', length=8, lr=4e-3)],
        'train_cfg.max_epochs':
        8,
        'param_scheduler':
        [warm_up, dict(cosine, begin=0, end=8, T_max=8)],
        # The cascade keeps the rate that is best for it.
        'optim_wrapper.paramwise_cfg.custom_keys': {
            'head.steps': dict(lr_mult=0.25)
        },
    },
    'four stages, the last end to end': {
        hook: [
            dict(landmarks, length=3),
            dict(multitask, length=6),
            dict(cascade, length=3),
            dict(everything, name='end-to-end', length=2, lr=3e-4),
        ],
        'train_cfg.max_epochs':
        14,
        'param_scheduler': [
            warm_up,
            dict(cosine, begin=3, end=9, T_max=6),
            dict(cosine, begin=9, end=12, T_max=3),
            dict(cosine, begin=12, end=14, T_max=2),
        ],
    },
}
