"""Runs of some of a config's stages."""
import os.path as osp

import pytest
from mmengine.config import Config

from spiga_mmpose.engine import select_stages


@pytest.fixture
def config(repo):
    config = Config.fromfile(osp.join(repo, 'configs', 'spiga_wflw.py'))
    config.load_from = 'stage_before.pth'
    return config


def stages_of(config):
    return [h for h in config.custom_hooks if h.type == 'StageHook'][0].stages


def test_the_last_stage_alone(config):
    select_stages(config, ['cascade'])
    assert [stage.name for stage in stages_of(config)] == ['cascade']
    assert config.train_cfg.max_epochs == 150
    assert config.optim_wrapper.optimizer.lr == 1e-4
    scheduler, = config.param_scheduler
    assert (scheduler.begin, scheduler.end) == (0, 150)
    assert scheduler.milestones == [100]


def test_stages_keep_their_order_and_close_up(config):
    select_stages(config, ['cascade', 'landmarks'])
    assert [s.name for s in stages_of(config)] == ['landmarks', 'cascade']
    assert config.train_cfg.max_epochs == 600
    assert [(s.begin, s.end)
            for s in config.param_scheduler] == [(0, 450), (450, 600)]
    assert [s.milestones for s in config.param_scheduler] == [[380], [100]]


def test_all_stages_change_nothing(config):
    before = config.to_dict()
    select_stages(config, [stage.name for stage in stages_of(config)])
    assert config.to_dict() == before


def test_a_warm_up_by_iterations_belongs_to_the_first_stage(repo):
    path = osp.join(repo, 'configs', 'spiga_synthetic.py')
    config = Config.fromfile(path)
    select_stages(config, ['landmarks'])
    assert [s.type for s in config.param_scheduler] == ['LinearLR']
    config = Config.fromfile(path)
    config.load_from = 'multitask.pth'
    select_stages(config, ['cascade'])
    assert [s.type for s in config.param_scheduler] == ['CosineAnnealingLR']


def test_stages_by_iteration(config):
    config.train_cfg = dict(by_epoch=False, max_iters=750)
    for scheduler in config.param_scheduler:
        scheduler.by_epoch = False
    select_stages(config, ['multitask'])
    assert config.train_cfg.max_iters == 150
    assert [(s.begin, s.end) for s in config.param_scheduler] == [(0, 150)]


def test_unknown_names_are_named(config):
    with pytest.raises(ValueError, match="'casade'.*'landmarks'"):
        select_stages(config, ['casade'])


@pytest.mark.parametrize('names,message', [
    (['cascade'], "'cascade' would start from random .*/multitask.pth"),
    (['cascade', 'multitask'], "'multitask' would .*/landmarks.pth"),
])
def test_a_later_stage_needs_weights(config, names, message):
    config.load_from = None
    with pytest.raises(ValueError, match=message):
        select_stages(config, names)
    config.resume = True
    select_stages(config, names)


def test_the_first_stage_needs_none(config):
    config.load_from = None
    select_stages(config, ['landmarks', 'cascade'])
    assert config.train_cfg.max_epochs == 600


def test_a_config_without_stages(config):
    config.custom_hooks = []
    with pytest.raises(ValueError, match='StageHook'):
        select_stages(config, ['cascade'])


def test_a_schedule_that_belongs_nowhere(config):
    config.param_scheduler[0].by_epoch = False
    config.param_scheduler[0].begin = 7
    with pytest.raises(ValueError, match='MultiStepLR begins at 7'):
        select_stages(config, ['landmarks'])
