"""Training of the tiny network through the Runner, for the tests."""
import copy

import small_models
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

STAGES = [
    dict(
        name='landmarks',
        length=2,
        lr=1e-3,
        schedulers=[dict(type='MultiStepLR', milestones=[1])],
        losses=('maps', ),
        frozen=('backbone.pose_branches', 'backbone.pose_layers',
                'head.steps')),
    dict(
        name='multitask',
        length=1,
        lr=2e-3,
        schedulers=[dict(type='LinearLR', start_factor=0.5, by_epoch=False)],
        losses=('maps', 'pose'),
        frozen=('head.steps', )),
    dict(
        name='cascade',
        length=1,
        lr=5e-4,
        losses=('cascade', ),
        frozen=('backbone', )),
]
ITERS = 2  # an epoch


class Recorder(Hook):
    """Weights, statistics and learning rates before every iteration."""
    priority = 'VERY_LOW'

    def __init__(self):
        self.states, self.rates, self.names = [], [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.states.append(copy.deepcopy(runner.model.state_dict()))
        self.rates.append(
            [group['lr'] for group in runner.optim_wrapper.param_groups])
        self.names.append(runner.message_hub.get_info('stage'))

    def after_train(self, runner):
        self.states.append(copy.deepcopy(runner.model.state_dict()))


def run(work_dir, name, stages=STAGES, iters=ITERS, hooks=(), **changes):
    """Train the tiny model; returns the runner and the recorder.

    Without ``stages`` it is a plain training of MMEngine.
    """
    config = dict(
        model=small_models.estimator(),
        work_dir=str(work_dir),
        experiment_name=name,
        default_scope='mmpose',
        train_dataloader=dict(
            batch_size=3,
            num_workers=0,
            sampler=dict(type='EpochBlockSampler', epoch_size=3 * iters),
            dataset=dict(
                type='SyntheticFaceDataset',
                num_faces=1000,
                image_size=small_models.SIZE,
                pipeline=small_models.pipeline())),
        stages=stages,
        train_cfg=dict(type='StagedTrainLoop'),
        optim_wrapper=dict(
            optimizer=dict(type='Adam', lr=1. if stages else 1e-3),
            paramwise_cfg=dict(
                custom_keys={'backbone.pose_layers': dict(lr_mult=10.)})),
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=100),
            checkpoint=dict(type='CheckpointHook', interval=1)),
        custom_hooks=[dict(type='StageHook')] if stages else [],
        randomness=dict(seed=0),
        log_level='ERROR')
    config.update(changes)
    runner = Runner.from_cfg(Config(config))
    recorder = Recorder()
    for hook in (recorder, *hooks):
        runner.register_hook(hook)
    runner.train()
    return runner, recorder
