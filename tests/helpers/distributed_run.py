"""A short training of the tiny network in one or several processes.

    python distributed_run.py WORK_DIR BATCH_SIZE [BAD]
    torchrun --nproc_per_node 2 distributed_run.py WORK_DIR BATCH_SIZE [BAD]

Writes WORK_DIR/result.pth: mean loss over the processes by iteration, metrics,
weights, and how far they are apart between the processes. BatchNorm stays in
evaluation mode: its batch statistics are those of one process. With BAD the
last process's crops are NaN in that iteration, and two iterations make a step.
"""
import os
import os.path as osp
import sys

import small_models
import torch
from mmengine.config import Config
from mmengine.dist import all_reduce, get_dist_info, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from spiga_mmpose.engine import launch_on_cpu


class Watch(Hook):
    priority = 'VERY_LOW'

    def __init__(self, bad=None):
        self.bad, self.losses, self.metrics = bad, [], {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for module in runner.model.modules():
            if 'BatchNorm' in type(module).__name__:
                module.eval()
        rank, world_size = get_dist_info()
        if runner.iter == self.bad and rank == world_size - 1:
            data_batch['inputs'] = [
                crop * float('nan') for crop in data_batch['inputs']
            ]

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        loss = outputs['loss'].clone()
        all_reduce(loss, 'mean')
        self.losses.append(loss.item())

    def after_val_epoch(self, runner, metrics=None):
        self.metrics = dict(metrics)


def config(work_dir, batch_size):
    faces = dict(
        type='SyntheticFaceDataset',
        num_faces=1000,
        image_size=small_models.SIZE,
        pipeline=small_models.pipeline())
    return Config(
        dict(
            model=small_models.estimator(),
            work_dir=work_dir,
            experiment_name=osp.basename(work_dir),
            default_scope='mmpose',
            launcher='pytorch' if 'RANK' in os.environ else 'none',
            train_dataloader=dict(
                batch_size=batch_size,
                num_workers=0,
                sampler=dict(type='EpochBlockSampler', epoch_size=12),
                dataset=faces),
            val_dataloader=dict(
                batch_size=3,
                num_workers=0,
                sampler=dict(
                    type='DefaultSampler', shuffle=False, round_up=False),
                dataset=dict(
                    faces,
                    num_faces=7,  # not the same number for each process
                    seed=1,
                    test_mode=True,
                    pipeline=small_models.pipeline(labels=False))),
            val_evaluator=[
                dict(type='FaceAlignmentMetric', norm='lnd_bbox'),
                dict(type='HeadPoseMetric')
            ],
            val_cfg=dict(),
            train_cfg=dict(by_epoch=True, max_epochs=2),
            optim_wrapper=dict(
                optimizer=dict(type='SGD', lr=1e-3),
                clip_grad=dict(max_norm=1.)),
            default_hooks=dict(
                logger=dict(type='LoggerHook', interval=100),
                checkpoint=None),
            custom_hooks=[dict(type='NonFiniteLossHook')],
            find_unused_parameters=True,
            randomness=dict(seed=0),
            log_level='ERROR'))


def apart(weights):
    """Largest difference of a weight between the processes."""
    found = []
    for value in weights.values():
        low, high = value.double().clone(), value.double().clone()
        all_reduce(low, 'min')
        all_reduce(high, 'max')
        found.append((high - low).max())
    return torch.stack(found).max().item()


def main():
    work_dir, batch_size = sys.argv[1], int(sys.argv[2])
    bad = int(sys.argv[3]) if len(sys.argv) > 3 else None
    cfg = config(work_dir, batch_size)
    if bad is not None:
        cfg.optim_wrapper.accumulative_counts = 2
    launch_on_cpu(cfg)
    runner = Runner.from_cfg(cfg)
    watch = Watch(bad)
    runner.register_hook(watch)
    runner.train()
    weights = getattr(runner.model, 'module', runner.model).state_dict()
    result = dict(
        losses=watch.losses,
        metrics=watch.metrics,
        weights=weights,
        apart=apart(weights))
    if is_main_process():
        torch.save(result, osp.join(work_dir, 'result.pth'))


if __name__ == '__main__':
    main()
