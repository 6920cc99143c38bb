"""tools/benchmarks/training.py, and its old name, with a tiny network."""
import importlib
import json
import os.path as osp
import runpy
import sys

import pytest
import small_models
from mmengine.config import Config

STAGES = [
    dict(name='maps', lr=1e-3, losses=('maps', ), frozen=('head.steps', )),
    dict(name='cascade', lr=1e-3, losses=('cascade', ), frozen=('backbone', ))
]


@pytest.fixture
def tool(repo, monkeypatch):
    monkeypatch.syspath_prepend(osp.join(repo, 'tools', 'benchmarks'))
    return importlib.import_module('training')


@pytest.fixture
def write(tmp_path):
    """Write a config that trains on synthetic faces; its path."""

    def _write(dataset=None, **changes):
        path = str(tmp_path / 'config.py')
        faces = dict(
            type='SyntheticFaceDataset',
            num_faces=3,
            image_size=64,
            pipeline=small_models.pipeline())
        Config(
            dict(
                model=small_models.estimator(),
                train_dataloader=dict(
                    batch_size=2,
                    num_workers=1,
                    persistent_workers=True,
                    drop_last=True,
                    sampler=dict(type='DefaultSampler', shuffle=True),
                    dataset=dataset or faces),
                optim_wrapper=dict(
                    type='OptimWrapper',
                    optimizer=dict(type='Adam', lr=1.),
                    clip_grad=dict(max_norm=40.)),
                **changes)).dump(path)
        return path

    return _write


def run(tool, config, out, *options):
    return tool.main([config, '--out', str(out), '--threads', '1', '--rounds',
                      '2', *options])


def test_table(tool, write, tmp_path, capsys):
    assert run(tool, write(stages=STAGES), tmp_path) == 0
    results = json.loads((tmp_path / 'results.json').read_text())
    parts = results['parts']
    assert {part: list(found) for part, found in parts.items()} == dict(
        loader=[''], maps=['fp32', 'bf16'], cascade=['fp32', 'bf16'])
    assert results['batch'] == 2
    table = (tmp_path / 'table.md').read_text()
    assert table in capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip('|').split('|')]
            for line in table.splitlines() if line.startswith('|')][2:]
    for part, steps in parts.items():
        for precision, found in steps.items():
            low, high = sorted(found['rounds'])
            assert 0 < low <= found['seconds'] <= high
            assert 0 < found['memory'] < 2000
            assert rows.pop(0)[:4] == [
                part, precision, f'{2 / found["seconds"]:.2f}',
                f'{found["seconds"]:.3f}'
            ]
        assert next(iter(steps.values()))['speed_up'] == 1
    assert not rows


def test_a_batch_of_ones_own_without_stages(tool, write, tmp_path):
    assert run(tool, write(), tmp_path, '--batch', '3') == 0
    results = json.loads((tmp_path / 'results.json').read_text())
    assert list(results['parts']) == ['loader', 'all']
    assert results['batch'] == 3


def test_a_stage_chooses_the_losses(tool, write, tmp_path, capsys):
    stage = dict(STAGES[0], losses=('hair', ))
    assert run(tool, write(stages=[stage]), tmp_path) == 2
    assert "train_cfg.losses names ['hair']" in capsys.readouterr().err


@pytest.mark.parametrize('changes, options, message', [
    (dict(dataset=dict(
        type='SPIGAJsonDataset',
        landmark_set='wflw_98',
        ann_file='nowhere.json',
        pipeline=[])), [], 'nowhere.json'),
    ({}, ['--batch', '4'],
     '--batch 4: expected at most the 3 faces of the training set'),
])
def test_data_that_is_not_enough(tool, write, tmp_path, changes, options,
                                 message, capsys):
    assert run(tool, write(**changes), tmp_path, *options) == 2
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith('training.py: error: ') and message in line


def test_old_name(repo, monkeypatch, tmp_path, capsys):
    tool = osp.join(repo, 'tools', 'analysis_tools', 'benchmark_training.py')
    monkeypatch.setattr(sys, 'path', sys.path.copy())
    monkeypatch.setattr(sys, 'argv', [
        tool, 'none.py', '--out', str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(tool, run_name='__main__')
    assert end.value.code == 2
    moved, line = capsys.readouterr().err.splitlines()
    assert moved == 'moved to tools/benchmarks/training.py'
    assert line.startswith('training.py: error: ') and 'none.py' in line
