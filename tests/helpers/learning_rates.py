"""Learning rates of a config's stages, in trainings that take no time."""
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpose.registry import DATASETS, MODELS


@MODELS.register_module()
class NoModel(BaseModel):
    """Has the modules that stages freeze, and learns nothing."""

    def __init__(self):
        super().__init__()
        self.train_cfg = None
        self.backbone = torch.nn.ModuleDict(
            dict(
                pose_branches=torch.nn.Linear(1, 1),
                pose_layers=torch.nn.Linear(1, 1)))
        self.head = torch.nn.ModuleDict(dict(steps=torch.nn.Linear(1, 1)))

    def forward(self, *args, **kwargs):
        raise NotImplementedError

    def train_step(self, data, optim_wrapper):
        optim_wrapper.step()
        return dict(loss=torch.zeros(()))


@DATASETS.register_module()
class NoFaces(torch.utils.data.Dataset):

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return index


class Rates(Hook):
    """Learning rate of the first parameter group at every iteration."""
    priority = 'VERY_LOW'

    def __init__(self):
        self.seen = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.seen.append(runner.optim_wrapper.param_groups[0]['lr'])


def learning_rates(work_dir, stages, iters=1, **changes):
    """Train the stages; returns the learning rate of every iteration.

    The name of the folder must be that of no other run.
    """
    config = dict(
        model=dict(type='NoModel'),
        work_dir=str(work_dir),
        experiment_name=work_dir.name,
        default_scope='mmpose',
        train_dataloader=dict(
            batch_size=1,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(type='NoFaces', length=iters)),
        stages=stages,
        train_cfg=dict(type='StagedTrainLoop'),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=1.)),
        custom_hooks=[dict(type='StageHook')],
        default_hooks=dict(timer=None, logger=None, checkpoint=None),
        log_level='ERROR')
    runner = Runner.from_cfg(Config(dict(config, **changes)))
    rates = Rates()
    runner.register_hook(rates)
    runner.train()
    return rates.seen
