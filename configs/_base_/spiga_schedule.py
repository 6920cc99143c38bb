_base_ = ['default_runtime.py']

# The paper's stages (supplementary 1.1 and 1.2), in one run. The number of
# epochs of the cascade is published nowhere; 150 is chosen. The paper trains
# in mixed precision: --amp. It is not the default, because MMEngine builds no
# AmpOptimWrapper without a GPU, and these configs run on a CPU, too.
stages = [
    dict(
        name='landmarks',
        length=450,
        lr=1e-3,
        schedulers=[dict(type='MultiStepLR', milestones=[380], gamma=0.1)],
        losses=('maps', ),
        frozen=('backbone.pose_branches', 'backbone.pose_layers',
                'head.steps')),
    dict(
        name='multitask',
        length=150,
        lr=1e-3,
        schedulers=[dict(type='MultiStepLR', milestones=[100], gamma=0.1)],
        losses=('maps', 'pose'),
        frozen=('head.steps', )),
    dict(
        name='cascade',
        length=150,
        lr=1e-4,
        schedulers=[dict(type='MultiStepLR', milestones=[100], gamma=0.1)],
        losses=('cascade', ),
        frozen=('backbone', )),
]
train_cfg = dict(val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1.))  # each stage has its own
auto_scale_lr = dict(base_batch_size=24)
default_hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook',
        interval=10,
        max_keep_ckpts=3,
        save_best='NME',
        rule='less'))
# Every stage trains other parts, so other parameters get no gradient.
find_unused_parameters = True
