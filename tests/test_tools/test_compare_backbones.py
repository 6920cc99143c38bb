"""tools/analysis_tools/compare_backbones.py: costs, and what it writes."""
import json
import os.path as osp

import cv2
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

NAME = 'spiga_synthetic'


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis_tools', 'compare_backbones.py')


def test_every_mix_has_its_config(tool, repo):
    for path in tool.FILES.values():
        assert osp.isfile(osp.join(repo, 'configs', path))


def test_cost(tool):
    """Parameters are counted once, work grows with the picture."""
    config = Config(
        dict(
            model=dict(
                type='TopdownPoseEstimator',
                backbone=dict(type='AlexNet'),
                neck=dict(type='GlobalAveragePooling'),
                head=dict(
                    type='RegressionHead', in_channels=256, num_joints=5))))
    config.input_size = (128, 64)
    cost = tool.measure_cost(config, with_time=False)
    assert set(cost) == {'parameters', 'macs'}
    model = MODELS.build(config.model)
    assert cost['parameters'] == sum(p.numel() for p in model.parameters())
    # Twice as many pixels, twice as much work; the last layer is no pixel's.
    config.input_size = (256, 64)
    assert tool.measure_cost(config, False)['macs'] > 1.9 * cost['macs']


def test_time_is_measured(tool, monkeypatch):
    monkeypatch.setattr(tool, 'FACES_TO_TIME', 3)
    calls = []
    assert tool.milliseconds(calls.append, torch.zeros(1)) > 0
    assert len(calls) == 8  # five to warm up


def test_table(tool, tmp_path, capsys, monkeypatch):
    """Costs of a real config; the training is there already."""
    folder = tmp_path / NAME / 'seed0'
    folder.mkdir(parents=True)
    (folder / 'metrics.json').write_text('{"NME": 3.25}')
    arguments = ['--out', str(tmp_path), '--mixes', NAME, '--skip', 'time']
    assert tool.main(arguments) == 0
    table = (tmp_path / 'table.md').read_text()
    assert table in capsys.readouterr().out
    results = json.loads((tmp_path / 'results.json').read_text())
    cost = results['costs'][NAME]
    assert ('| HourglassPoseNet + GATCascadeHead | '
            f'{cost["parameters"] / 1e6:.2f} | {cost["macs"] / 1e9:.3f} | - | '
            '3.250 | 1 |') in table
    picture = cv2.imread(str(tmp_path / 'figure.png'))
    assert picture.std() > 0


def test_missing_package_is_reported(tool, tmp_path, monkeypatch):
    def import_module(name):
        raise ImportError(f'No module named {name!r}')

    monkeypatch.setattr(tool, 'import_module', import_module)
    names = ['vit_small', NAME]
    configs, skipped = tool.load_configs(names)
    assert list(configs) == [NAME]
    assert "'mmpretrain'; see docs/mixing.md" in skipped[names[0]]


def test_smaller_budget_for_all(tool):
    configs, _ = tool.load_configs([NAME], epoch_size=400)
    assert configs[NAME].train_dataloader.sampler.epoch_size == 400
