"""Training, validating, saving, resuming and testing through the Runner."""
import json
import os.path as osp
import sys

import pytest
import torch
from command_line import run_runner
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.apis.inference import dataset_meta_from_config

from spiga_mmpose.engine import read_stages
from spiga_mmpose.landmark_sets import load_landmark_set


def small_config(repo, work_dir, epochs=3):
    """configs/spiga_synthetic.py with a handful of faces an epoch."""
    config = Config.fromfile(osp.join(repo, 'configs', 'spiga_synthetic.py'))
    lengths = [1, 1, epochs - 2]
    config.merge_from_dict({
        'work_dir': str(work_dir),
        'train_cfg.val_interval': epochs,
        'train_dataloader.batch_size': 4,
        'train_dataloader.sampler.epoch_size': 8,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'val_dataloader.num_workers': 0,
        'val_dataloader.persistent_workers': False,
        'val_dataloader.dataset.num_faces': 8,
        'test_dataloader.num_workers': 0,
        'test_dataloader.persistent_workers': False,
        'test_dataloader.dataset.num_faces': 8,
        'model.backbone.channels': 16,
        'model.backbone.stem_channels': (8, 8),
        'model.head.in_channels': 16,
        'experiment_name': f'test_{osp.basename(str(work_dir))}',
    })
    for stage, length in zip(config.stages, lengths):
        stage.length = length
    return config


def saved(path):
    return torch.load(path, weights_only=True)


class Killed(Exception):
    """In place of the signal that ends a process."""


class Watch(Hook):
    """Remembers the crops of every iteration; ends the run at one of them."""
    priority = 'LOWEST'

    def __init__(self, kill_at=None):
        self.kill_at, self.crops = kill_at, {}

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        names = [sample.img_path for sample in data_batch['data_samples']]
        self.crops[runner.iter] = names, data_batch['inputs']
        if runner.iter == self.kill_at:
            raise Killed


def train(config, kill_at=None):
    runner = Runner.from_cfg(config)
    watch = Watch(kill_at)
    runner.register_hook(watch)
    runner.train()
    return watch


@pytest.fixture(scope='module')
def whole(repo, tmp_path_factory):
    """A run that nobody stopped: its folder and what it saw."""
    folder = tmp_path_factory.mktemp('whole')
    return folder, train(small_config(repo, folder))


def test_train_validate_save_and_test(repo, whole, tmp_path):
    checkpoint = saved(whole[0] / 'epoch_3.pth')
    assert checkpoint['meta']['epoch'] == 3
    assert checkpoint['state_dict']['head.trained'].tolist() == [1, 1, 1]
    for name, value in checkpoint['state_dict'].items():
        assert torch.isfinite(value.float()).all(), name
    config = small_config(repo, tmp_path)
    config.load_from = str(whole[0] / 'epoch_3.pth')
    metrics = Runner.from_cfg(config).test()
    assert metrics['num_faces'] == 8
    for key in ('NME', 'AUC10', 'FR10', 'NPE90', 'step0/NME', 'step3/NME',
                'corners/NME', 'MAE_yaw', 'MAE_pitch', 'MAE_roll', 'MAE'):
        assert key in metrics


@pytest.mark.parametrize('epoch', [1, 2])
def test_killed_within_an_epoch_and_resumed(repo, whole, tmp_path, epoch):
    """Bit for bit the run that nobody stopped: crops, weights, optimiser,
    schedules."""
    folder, seen = whole
    iters = len(seen.crops) // 3
    assert iters == 2
    with pytest.raises(Killed):
        train(small_config(repo, tmp_path), kill_at=epoch * iters)
    assert not (tmp_path / f'epoch_{epoch + 1}.pth').exists()
    config = small_config(repo, tmp_path)
    config.experiment_name = f'test_resumed_{epoch}'
    config.resume = True
    again = train(config)
    assert sorted(again.crops) == list(range(epoch * iters, 3 * iters))
    for iteration, (names, crops) in again.crops.items():
        assert names == seen.crops[iteration][0]
        assert torch.equal(crops, seen.crops[iteration][1])
    expected = saved(folder / 'epoch_3.pth')
    found = saved(tmp_path / 'epoch_3.pth')
    assert found['meta']['iter'] == expected['meta']['iter']
    assert found['param_schedulers'] == expected['param_schedulers']
    for name, value in expected['state_dict'].items():
        assert torch.equal(value, found['state_dict'][name]), name
    assert (found['optimizer']['param_groups'] == expected['optimizer']
            ['param_groups'])
    states = expected['optimizer']['state']
    assert states and found['optimizer']['state'].keys() == states.keys()
    for key, state in states.items():
        for name, value in state.items():
            assert torch.equal(value, found['optimizer']['state'][key][name])


def test_the_stages_train_what_they_say(repo, tmp_path):
    config = small_config(repo, tmp_path / 'stages')
    config.default_hooks.checkpoint.max_keep_ckpts = -1
    Runner.from_cfg(config).train()
    states = [
        saved(tmp_path / 'stages' / f'epoch_{e}.pth')['state_dict']
        for e in (1, 2, 3)
    ]

    def moved(a, b, prefix):
        return {
            not torch.equal(a[name], b[name])
            for name in a if name.startswith(prefix)
            and not name.endswith('num_batches_tracked')
        }

    # Landmarks first, then the pose branch with them, then the cascade on a
    # backbone that is left alone, statistics included.
    assert moved(states[0], states[1], 'backbone.hourglasses') == {True}
    assert True in moved(states[0], states[1], 'backbone.pose_branches')
    assert moved(states[0], states[1], 'head.steps') == {False}
    assert moved(states[1], states[2], 'backbone.') == {False}
    assert True in moved(states[1], states[2], 'head.steps')
    trained = [state['head.trained'].tolist() for state in states]
    assert trained == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_an_unknown_config_key_is_named(repo, tmp_path):
    config = small_config(repo, tmp_path)
    config.model.backbone.chanels = 16
    with pytest.raises(TypeError, match='chanels'):
        Runner.from_cfg(config)


@pytest.fixture
def command_line(repo, load_tool, monkeypatch):
    """Config after the arguments of tools/train.py."""
    tool = load_tool('train.py')

    def parse(*arguments):
        config = osp.join(repo, 'configs', 'spiga_wflw.py')
        monkeypatch.setattr('sys.argv', ['train.py', config, *arguments])
        return tool.make_config(tool.parse_args())

    return parse


class TestArguments:

    def test_defaults(self, command_line):
        config = command_line()
        assert config.work_dir == osp.join('work_dirs', 'spiga_wflw')
        assert config.launcher == 'none' and not config.get('resume')
        assert config.optim_wrapper.type == 'OptimWrapper'

    def test_a_stage_alone_has_a_folder_of_its_own(self, command_line):
        weights = '--cfg-options', 'load_from=multitask.pth'
        alone = command_line('--stages', 'cascade', *weights)
        assert alone.work_dir == osp.join('work_dirs', 'spiga_wflw_cascade')
        named = command_line('--stages', 'cascade', '--work-dir', 'here',
                             *weights)
        assert named.work_dir == 'here'
        named = command_line('--stages', 'cascade', *weights, 'work_dir=here')
        assert named.work_dir == 'here'

    def test_a_stage_needs_weights_to_start_from(self, command_line):
        with pytest.raises(ValueError, match='random weights'):
            command_line('--stages', 'cascade')
        command_line('--stages', 'cascade', '--transfer', 'multitask.pth')
        command_line('--stages', 'cascade', '--resume', 'epoch_3.pth')

    def test_stages(self, command_line):
        config = command_line('--stages', 'cascade', '--cfg-options',
                              'load_from=multitask.pth')
        assert config.load_from == 'multitask.pth'
        assert [stage.name for stage in config.stages] == ['cascade']
        with pytest.raises(ValueError, match='no stages'):
            command_line('--stages', 'nonsense')

    def test_a_config_that_trains_nothing(self, command_line):
        with pytest.raises(ValueError, match='trains nothing.*test.py'):
            command_line('--cfg-options', 'train_cfg=None')

    def test_allow_missing(self, command_line):
        config = command_line('--allow-missing')
        assert config.train_dataloader.dataset.allow_missing
        assert config.val_dataloader.dataset.allow_missing

    def test_amp_without_a_gpu(self, command_line, monkeypatch):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
        config = command_line('--amp')
        assert config.optim_wrapper.type == 'CpuAmpOptimWrapper'

    def test_amp_with_a_gpu(self, command_line, monkeypatch):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
        config = command_line('--amp')
        assert config.optim_wrapper.type == 'AmpOptimWrapper'
        assert config.optim_wrapper.loss_scale == 'dynamic'

    def test_images(self, command_line):
        config = command_line('--show-dir', 'images', '--interval', '3')
        drawing = config.default_hooks.visualization
        assert drawing.enable and not drawing.show
        assert drawing.out_dir == osp.abspath('images')
        assert drawing.interval == 3
        drawing = command_line('--show').default_hooks.visualization
        assert drawing.enable and drawing.show

    def test_loaders_without_workers(self, command_line):
        """Torch takes neither of the others then."""
        config = command_line('--cfg-options',
                              'train_dataloader.num_workers=0',
                              'train_dataloader.prefetch_factor=2')
        loader = config.train_dataloader
        assert not loader.persistent_workers
        assert 'prefetch_factor' not in loader
        assert config.val_dataloader.persistent_workers

    def test_without_tensorboard(self, command_line, monkeypatch):
        named = [dict(type='LocalVisBackend')]
        tensorboard = dict(type='TensorboardVisBackend')
        assert command_line().visualizer.vis_backends == [*named, tensorboard]
        monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', None)
        lines = []
        monkeypatch.setattr('command_line.print_log',
                            lambda text, *_: lines.append(text))
        assert command_line().visualizer.vis_backends == named
        assert 'pip install tensorboard' in lines[0] and len(lines) == 1

    def test_transfer(self, command_line):
        config = command_line('--transfer', 'weights.pth')
        assert config.load_from == 'weights.pth'
        assert config.custom_hooks[-1].type == 'TransferHook'

    def test_misspelt_options_are_named(self, command_line):
        with pytest.raises(ValueError, match="'modle'"):
            command_line('--cfg-options', 'modle.backbone.depth=3')
        command_line('--cfg-options', 'sync_bn=torch', 'resume=True',
                     'activation_checkpointing=[backbone]',
                     'efficient_conv_bn_eval=[backbone]')
        with pytest.raises(ValueError, match='--cfg-options: Index 9'):
            command_line('--cfg-options', 'stages.9.length=1')

    @pytest.mark.parametrize('option,places', [
        ('faces.data_root', [
            f'{part}_dataloader.dataset.data_root'
            for part in ('train', 'val', 'test')
        ]),
        ('codec.landmark_set', [
            'train_dataloader.dataset.pipeline.9.encoder.landmark_set',
            'model.head.decoder.landmark_set'
        ]),
        ('train_pipeline.4.rotate',
         ['train_dataloader.dataset.pipeline.4.rotate']),
        ('data_mode', ['train_dataloader.dataset.data_mode']),
        ('dataset_type', ['model, optim_wrapper']),
        ('custom_imports.imports', ['model, optim_wrapper']),
    ])
    def test_options_without_effect(self, command_line, option, places):
        """They name what to type instead, and that is taken."""
        with pytest.raises(ValueError, match='would change nothing') as error:
            command_line('--cfg-options', f'{option}=5')
        for place in places:
            assert place in str(error.value)
            if '.' in place:
                command_line('--cfg-options', f'{place}=5')

    def test_another_length_of_a_stage(self, command_line):
        """As docs/training.md has it."""
        config = command_line('--cfg-options', 'stages.2.length=60',
                              'stages.2.schedulers.0.milestones=[40]')
        assert [stage.length for stage in config.stages] == [450, 150, 60]
        assert config.stages[2].schedulers[0].milestones == [40]

    def test_resume(self, command_line, tmp_path):
        torch.save({}, tmp_path / 'epoch_1.pth')
        config = command_line('--resume', '--work-dir', str(tmp_path))
        assert config.resume
        assert config.load_from == str(tmp_path / 'epoch_1.pth')
        config = command_line('--resume', str(tmp_path))
        assert config.load_from == str(tmp_path / 'epoch_1.pth')
        config = command_line('--resume', 'some.pth')
        assert config.resume and config.load_from == 'some.pth'

    def test_resume_begins_from_load_from(self, command_line, tmp_path):
        """Nothing is there to go on from: the weights are not forgotten."""
        config = command_line('--resume', '--work-dir', str(tmp_path),
                              '--cfg-options', 'load_from=backbone.pth')
        assert not config.resume and config.load_from == 'backbone.pth'

    def test_resume_from_a_folder_without_any(self, command_line, tmp_path):
        with pytest.raises(ValueError, match='no whole checkpoint'):
            command_line('--resume', str(tmp_path))


class TestWhatTheUserCanMend:
    """One line, which names it."""

    @pytest.fixture
    def last_line(self, repo, load_tool, monkeypatch, tmp_path):
        tool = load_tool('train.py')

        def run(config, *arguments):
            monkeypatch.setattr('sys.argv', [
                'train.py',
                osp.join(repo, 'configs', config), '--work-dir',
                str(tmp_path), *arguments, '--cfg-options',
                f'experiment_name=mend_{tmp_path.name}', 'log_level=ERROR',
                'model.backbone.channels=16', 'model.head.in_channels=16',
                'model.backbone.num_stacks=1',
                f'train_dataloader.dataset.data_root={tmp_path}/'
            ])
            with pytest.raises(SystemExit) as end:
                run_runner(tool.main)
            assert '\n' not in end.value.code
            return end.value.code

        return run

    @pytest.mark.parametrize('name, words', [
        ('ResNett', "no 'ResNett' in the registry mmpose::model"),
        ('mmnothing.Net', 'needs the package mmnothing: docs/mixing.md'),
    ])
    def test_no_such_part(self, last_line, monkeypatch, name, words):
        fromfile = Config.fromfile

        def changed(*args, **kwargs):
            config = fromfile(*args, **kwargs)
            config.model.backbone.type = name
            return config

        monkeypatch.setattr(Config, 'fromfile', changed)
        assert words in last_line('spiga_wflw.py')

    def test_no_data(self, last_line, tmp_path):
        line = last_line('spiga_wflw.py')
        assert line.startswith('train.py: error: ')
        assert str(tmp_path) in line

    def test_no_such_stage(self, last_line):
        assert "'cascad'" in last_line('spiga_wflw.py', '--stages', 'cascad')

    def test_no_config(self, last_line):
        assert 'nothing.py' in last_line('nothing.py')


@pytest.mark.parametrize('name', [
    'spiga_wflw', 'spiga_wflw_json', 'spiga_wflw_end_to_end', 'spiga_300w',
    'spiga_300w_json',
    'spiga_300w_private', 'spiga_merlrav', 'spiga_cofw68', 'spiga_cofw29',
    'spiga_synthetic', 'spiga_synthetic_long'
])
def test_every_config_says_what_mmpose_reads(repo, name):
    config = Config.fromfile(osp.join(repo, 'configs', f'{name}.py'))
    for key in ('dataset_type', 'data_mode', 'codec', 'model', 'visualizer',
                'train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert key in config, key
    assert read_stages(config)
    assert json.dumps(config.codec)
    meta = dataset_meta_from_config(config)
    assert meta['num_keypoints'] == load_landmark_set(
        config.landmark_set).num_landmarks
