"""Training, validating, saving, resuming and testing through the Runner."""
import json
import os.path as osp

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner


def small_config(repo, work_dir, epochs=3):
    """configs/spiga_synthetic.py with a handful of faces an epoch."""
    config = Config.fromfile(osp.join(repo, 'configs', 'spiga_synthetic.py'))
    lengths = [1, 1, epochs - 2]
    config.merge_from_dict({
        'work_dir': str(work_dir),
        'train_cfg.max_epochs': epochs,
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
    for stage, length in zip(stages_of(config), lengths):
        stage.length = length
    return config


def stages_of(config):
    hooks = [h for h in config.custom_hooks if h.type == 'StageHook']
    return hooks[0].stages


def saved(path):
    return torch.load(path, weights_only=True)


def test_train_validate_save_resume_and_test(repo, tmp_path):
    whole = Runner.from_cfg(small_config(repo, tmp_path / 'whole'))
    whole.train()
    path = tmp_path / 'whole' / 'epoch_3.pth'
    checkpoint = saved(path)
    assert checkpoint['meta']['epoch'] == 3
    assert checkpoint['state_dict']['head.trained'].tolist() == [1, 1, 1]

    # Stopped after the second epoch, and gone on with.
    first = small_config(repo, tmp_path / 'parts')
    first.default_hooks.checkpoint.max_keep_ckpts = -1
    Runner.from_cfg(first).train()
    (tmp_path / 'parts' / 'epoch_3.pth').unlink()
    with open(tmp_path / 'parts' / 'last_checkpoint', 'w') as file:
        file.write(str(tmp_path / 'parts' / 'epoch_2.pth'))
    second = small_config(repo, tmp_path / 'parts')
    second.experiment_name = 'test_resumed'
    second.resume = True
    runner = Runner.from_cfg(second)
    runner.train()
    assert runner.epoch == 3
    resumed = saved(tmp_path / 'parts' / 'epoch_3.pth')
    assert resumed['meta']['iter'] == checkpoint['meta']['iter']
    assert resumed['param_schedulers'] == checkpoint['param_schedulers']
    for name, value in checkpoint['state_dict'].items():
        assert torch.isfinite(value.float()).all(), name
        assert torch.equal(value, resumed['state_dict'][name]), name

    config = small_config(repo, tmp_path / 'test')
    config.load_from = str(path)
    metrics = Runner.from_cfg(config).test()
    assert metrics['num_faces'] == 8
    for key in ('NME', 'AUC10', 'FR10', 'NPE90', 'step0/NME', 'step3/NME',
                'corners/NME', 'MAE_yaw', 'MAE_pitch', 'MAE_roll', 'MAE'):
        assert key in metrics


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

    # The cascade's stage leaves the backbone alone, statistics included.
    assert moved(states[0], states[1], 'backbone.') == {False}
    assert True in moved(states[0], states[1], 'head.steps')
    # The last stage trains both.
    assert True in moved(states[1], states[2], 'backbone.hourglasses')
    assert True in moved(states[1], states[2], 'head.steps')
    learnt = [state['head.trained'].tolist() for state in states]
    assert learnt == [[1, 1, 0], [1, 1, 1], [1, 1, 1]]


def test_an_unknown_config_key_is_named(repo, tmp_path):
    config = small_config(repo, tmp_path)
    config.model.backbone.chanels = 16
    with pytest.raises(TypeError, match='chanels'):
        Runner.from_cfg(config)


def test_stages_must_fill_the_run(repo, tmp_path):
    config = small_config(repo, tmp_path)
    config.train_cfg.max_epochs = 9
    with pytest.raises(ValueError, match='3 epochs.*9'):
        Runner.from_cfg(config).train()


@pytest.mark.parametrize('name', [
    'spiga_wflw', 'spiga_300w', 'spiga_synthetic', 'spiga_synthetic_long'
])
def test_every_config_says_what_mmpose_reads(repo, name):
    config = Config.fromfile(osp.join(repo, 'configs', f'{name}.py'))
    for key in ('dataset_type', 'data_mode', 'codec', 'model', 'visualizer',
                'train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert key in config, key
    total = sum(stage.length for stage in stages_of(config))
    assert total == config.train_cfg.max_epochs
    assert json.dumps(config.codec)
