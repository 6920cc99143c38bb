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

warm_up = dict(type='LinearLR', end=100, start_factor=0.1, by_epoch=False)
cosine = dict(
    type='CosineAnnealingLR', eta_min_ratio=0.005, convert_to_iter_based=True)
parts = {
    'landmarks': (('maps', ), ('backbone.pose_branches',
                               'backbone.pose_layers', 'head.steps')),
    'multitask': (('maps', 'pose'), ('head.steps', )),
    'cascade': (('cascade', ), ('backbone', )),
}


def stage(name, length, lr, *schedulers):
    losses, frozen = parts.get(name, (('maps', 'pose', 'cascade'), ()))
    return dict(
        name=name,
        length=length,
        lr=lr,
        schedulers=list(schedulers),
        losses=losses,
        frozen=frozen)


variants = {
    'three stages': {},
    'one stage': {
        'stages': [stage('one', 8, 4e-3, warm_up, cosine)],
        # The cascade keeps the rate that is best for it.
        'optim_wrapper.paramwise_cfg.custom_keys': {
            'head.steps': dict(lr_mult=0.25)
        },
    },
    'four stages, the last end to end': {
        'stages': [
            stage('landmarks', 3, 4e-3, warm_up),
            stage('multitask', 6, 4e-3, cosine),
            stage('cascade', 3, 1e-3, dict(cosine, eta_min_ratio=0.02)),
            stage('end-to-end', 2, 3e-4,
                  dict(cosine, eta_min_ratio=2e-5 / 3e-4)),
        ],
    },
}
