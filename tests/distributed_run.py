"""A short training of the tiny network in one or several processes.

    python distributed_run.py WORK_DIR BATCH_SIZE
    torchrun --nproc_per_node 2 distributed_run.py WORK_DIR BATCH_SIZE

Writes WORK_DIR/result.pth: mean loss over the processes by iteration, metrics
and weights. BatchNorm stays in evaluation mode: its batch statistics are those
of one process.
"""
import os
import os.path as osp
import sys

import small_models
import torch
from mmengine.config import Config
from mmengine.dist import all_reduce, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from spiga_mmpose.engine import launch_on_cpu


class Watch(Hook):
    priority = 'VERY_LOW'

    def __init__(self):
        self.losses, self.metrics = [], {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        for module in runner.model.modules():
            if 'BatchNorm' in type(module).__name__:
                module.eval()

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


def main():
    work_dir, batch_size = sys.argv[1], int(sys.argv[2])
    cfg = config(work_dir, batch_size)
    launch_on_cpu(cfg)
    runner = Runner.from_cfg(cfg)
    watch = Watch()
    runner.register_hook(watch)
    runner.train()
    if is_main_process():
        model = getattr(runner.model, 'module', runner.model)
        torch.save(
            dict(
                losses=watch.losses,
                metrics=watch.metrics,
                weights=model.state_dict()), osp.join(work_dir, 'result.pth'))


if __name__ == '__main__':
    main()
