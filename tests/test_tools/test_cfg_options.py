"""--cfg-options that cannot be meant."""
import os.path as osp

import pytest
from cfg_options import merge_options
from command_line import OneLineParser, add_cfg_options, run_runner
from mmengine.config import Config
from mmpose.registry import HOOKS, MODELS


@pytest.fixture(scope='module')
def merged(repo):
    config = Config.fromfile(osp.join(repo, 'configs', 'spiga_synthetic.py'))

    def merge(*options):
        parser = OneLineParser('tool', '')
        add_cfg_options(parser)
        found = config.copy()
        merge_options(
            found, parser.parse_args(['--cfg-options', *options]).cfg_options)
        return found

    return merge


@pytest.mark.parametrize(
    'text', ['seed', '=3', 'a..b=3', 'a=[1,2', 'a=(1,2]', 'a=[1,(2]'])
def test_what_does_not_parse(merged, capsys, text):
    with pytest.raises(SystemExit) as end:
        merged('work_dir=here', text)
    line = capsys.readouterr().err
    assert end.value.code == 2 and line.count('\n') == 1
    assert 'expected KEY=VALUE' in line and repr(text) in line


@pytest.mark.parametrize('option, words', [
    ('model=3', 'expected one of them: model.type='),
    ('model.backbone=resnet50', 'model.backbone.type='),
    ('optim_wrapper.optimizer=Adam', 'optim_wrapper.optimizer.type='),
    ('train_dataloader=4', 'train_dataloader.batch_size='),
    ('stages=12', 'dicts below stages.*stages.0='),
    ('model.backbone.chanels=32', "HourglassPoseNet has no .*'channels'"),
    ('model.head.num_gat=2', "GATCascadeHead has no .*'num_gats'"),
    ('optim_wrapper.optimizer.betass=1', "Adam has no 'betass'.*'betas'"),
    ('train_dataloader.batchsize=4', "DataLoader has no .*'batch_size'"),
    ('train_dataloader.dataset.num_face=4', "no 'num_face'.*'num_faces'"),
    ('default_hooks.chekpoint.interval=1', "no 'chekpoint'.*'checkpoint'"),
    ('train_cfg.val_intervals=1', "no 'val_intervals'.*'val_interval'"),
])
def test_what_has_no_place(merged, option, words):
    with pytest.raises(ValueError, match=words) as error:
        merged(option)
    message = str(error.value)
    assert f'--cfg-options {option.split("=")[0]}' in message
    assert len(message) < 400 and '\n' not in message


def test_what_has(merged):
    found = merged(
        'model.init_cfg=None', 'model.backbone.depth=2', 'val_cfg=None',
        'model.test_cfg.output_attention=True', 'optim_wrapper.dtype=bfloat16',
        'default_hooks.mine.type=EmptyCacheHook',
        'default_hooks.mine.priority=9', 'train_dataloader.pin_memory=True',
        'optim_wrapper.accumulative_counts=2',
        'model.backbone.type=mmpretrain.ResNet', 'randomness.deterministic=1')
    assert found.model.backbone.depth == 2 and found.val_cfg is None
    assert found.default_hooks.mine.priority == 9


@pytest.mark.parametrize('build, words', [
    (lambda: MODELS.build(dict(type='HourglassPoseNet', chanels=3)),
     "HourglassPoseNet the argument 'chanels'.*nearest is 'channels'"),
    (lambda: HOOKS.build(dict(type='SafeCheckpointHook', intervall=3)),
     "SafeCheckpointHook the argument 'intervall'.*nearest is 'interval'"),
    (lambda: MODELS.build(dict(type='HourglassPoseNet', channels='x')),
     'HourglassPoseNet cannot be built of its config: '),
    (lambda: MODELS.build(dict(channels='x')), '"type"'),
])
def test_parts_of_a_config_file(build, words):
    with pytest.raises(SystemExit, match=words) as end:
        run_runner(build)
    assert '\n' not in end.value.code and len(end.value.code) < 400


def test_long_messages_keep_both_ends():

    def fail():
        raise ValueError('begins ' + 'x' * 2000 + ' ends')

    with pytest.raises(SystemExit, match='error: begins.* ends$') as end:
        run_runner(fail)
    assert len(end.value.code) < 400


def test_a_key_that_is_given_twice(merged, capsys):
    with pytest.raises(SystemExit):
        merged('work_dir=here', 'randomness.seed=1', 'work_dir=there')
    assert 'work_dir is given twice' in capsys.readouterr().err
