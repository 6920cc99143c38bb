"""tools/analysis_tools/benchmark_training.py with a tiny network."""
import json

import pytest
import small_models
from in_process import no_processes
from mmengine.config import Config

from spiga_mmpose.benchmark import training


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'benchmark_training.py')


def write(folder, **dataset):
    """Path of a config that trains on the data set."""
    path = str(folder / 'config.py')
    Config(
        dict(
            model=small_models.estimator(),
            train_dataloader=dict(dataset=dataset),
            optim_wrapper=dict(
                type='OptimWrapper',
                optimizer=dict(type='Adam', lr=1e-3)))).dump(path)
    return path


@pytest.fixture
def drawn(tmp_path):
    return write(
        tmp_path,
        type='SyntheticFaceDataset',
        num_faces=5,
        image_size=64,
        pipeline=small_models.pipeline())


def test_tables(tool, drawn, tmp_path, monkeypatch, capsys):
    no_processes(monkeypatch)
    monkeypatch.setattr(tool, '_LOADED', 2)
    out = tmp_path / 'out'
    assert tool.main([
        drawn, '--out', str(out), '--batch', '2', '--rounds', '2',
        '--threads', '1', '--steps', 'plain fp32', 'bf16', 'fp32'
    ]) == 0
    results = json.loads((out / 'results.json').read_text())
    assert results['loaded'] == 'the training set of the config'
    assert list(results['loader']) == ['plain', 'ours']
    assert all(len(rates) == 2 for rates in results['loader'].values())
    steps = results['steps']
    assert list(steps) == ['plain fp32', 'bf16', 'fp32']
    # Against each of the others, two at a time.
    assert [len(step['seconds']) for step in steps.values()] == [4, 2, 2]
    assert steps['plain fp32']['ratio'] == 1
    table = (out / 'table.md').read_text()
    assert table in capsys.readouterr().out
    assert '| plain | drawn here |' in table
    assert '| bf16 | 2 |' in table


def test_one_way_alone(tool, drawn, tmp_path, monkeypatch):
    no_processes(monkeypatch)
    monkeypatch.setattr(tool, '_LOADED', 2)
    assert tool.main([
        drawn, '--out', str(tmp_path / 'out'), '--batch', '2', '--rounds',
        '2', '--threads', '1', '--steps', 'bf16'
    ]) == 0
    results = json.loads((tmp_path / 'out' / 'results.json').read_text())
    assert list(results['steps']) == ['bf16']
    assert len(results['steps']['bf16']['seconds']) == 2


def test_every_way_trains_the_same(drawn, tmp_path):
    """Not only faster: the losses of the first step are the same."""
    losses = {
        name: training.Step(drawn, str(tmp_path), kind, 2).run()
        for name, kind in training.STEPS.items()
    }
    expected = losses['fp32']
    assert losses['fp32, with_cp'] == pytest.approx(expected, rel=1e-4)
    assert losses['plain fp32'] == pytest.approx(expected, rel=0.02)
    for name in ('bf16', 'bf16, with_cp'):
        assert losses[name] != expected
        assert losses[name]['loss'] == pytest.approx(
            expected['loss'], rel=0.1)


def test_photographs_stand_in_for_a_missing_data_set(tmp_path, monkeypatch):
    monkeypatch.setattr(training, '_STAND_IN', 2)
    path = write(
        tmp_path,
        type='CocoFaceDataset',
        landmark_set='wflw_98',
        data_root=str(tmp_path / 'nowhere'),
        ann_file='faces.json',
        pipeline=[dict(type='LoadFaceImage'), *small_models.pipeline()])
    folder = tmp_path / 'pictures'
    loader = training.Loader(path, str(folder), with_maps=True)
    assert 'drawn faces in JPEG files' in loader.words()
    loader.load(3)
    assert len(list(folder.glob('*.jpg'))) == 2
