"""tools/analysis_tools/compare.py: variants, tables and costs."""
import json
import re
import sys

import cv2
import pytest
from experiments import load_experiment, make_configs
from mmengine.config import Config
from mmpose.models import build_pose_estimator

from spiga_mmpose.engine import read_stages
from .conftest import EXPERIMENT, EXPERIMENTS, finished, last_line

COMMITTED = [path for path in sorted(EXPERIMENTS.glob('*.py'))
             if '\nvariants = ' in path.read_text()]


@pytest.mark.parametrize('path', COMMITTED, ids=lambda path: path.stem)
def test_every_variant_of_the_experiments_can_be_built(path):
    """Options merge into what a config has, not into a class's defaults."""
    experiment = load_experiment(str(path))
    configs, skipped = make_configs(
        experiment, list(experiment.variants),
        {'val_dataloader.batch_size': 3})
    assert {*configs, *skipped} == set(experiment.variants)
    texts = set()
    for config in configs.values():
        build_pose_estimator(config.model)
        assert read_stages(config)
        assert config.val_dataloader.batch_size == 3
        texts.add(str(config.to_dict()))
    assert len(texts) == len(configs)


def test_trains_every_variant_and_seed_once(tool, experiment, training,
                                            tmp_path, capsys):
    command = [str(experiment), '--out', str(tmp_path / 'out')]
    assert tool.main(command) == 0
    out = tmp_path / 'out'
    results = json.loads((out / 'results.json').read_text())['results']
    assert results == {
        name: [dict(NME=seed, MAE=1.) for seed in (0, 1)]
        for name in ('default', 'no points')}
    log = (out / 'no points' / 'seed1' / 'train.log').read_text()
    assert log.startswith('training') and 'seed1.py' in log
    assert sys.executable in log
    seeds = [Config.fromfile(out / 'no points' / f'seed{seed}.py')
             for seed in (0, 1)]
    for config in seeds:
        assert config.model.head.supervision.points_weight == 0
        assert config.train_dataloader.batch_size == 4
    # Other weights and training faces, not the tests'; the same tests.
    assert [config.randomness.seed for config in seeds] == [0, 1]
    faces = [config.train_dataloader.dataset.seed for config in seeds]
    assert faces[0] != faces[1] and min(faces) > 2
    assert seeds[0].val_dataloader == seeds[1].val_dataloader
    # What is done is not done again.
    training.write_text('raise SystemExit(3)')
    assert tool.main(command) == 0
    assert tool.main([*command, '--seeds', '0', '1', '2']) == 2
    error = last_line(capsys)
    assert 'ended with code 3' in error and 'seed2/train.log' in error


def test_finished_runs_become_table_and_figure(tool, experiment, tmp_path,
                                               capsys):
    """Nothing is trained again."""
    out = tmp_path / 'out'
    finished(out, {
        'default': [dict(NME=4., MAE=2.), dict(NME=5., MAE=2.5)],
        'no points': [dict(NME=6.), dict(NME=6.)]
    })
    assert tool.main([str(experiment), '--out', str(out)]) == 0
    table = (out / 'table.md').read_text()
    assert '| default | 2 | 4.500 ± 0.500 | 2.250 ± 0.250 |' in table
    assert '| no points | 2 | 6.000 ± 0.000 | - |' in table
    assert table in capsys.readouterr().out
    assert cv2.imread(str(out / 'figure.png')).std() > 0
    # One seed has no spread.
    command = [str(experiment), '--out', str(out)]
    assert tool.main([*command, '--seeds', '1']) == 0
    assert '| default | 1 | 5.000 | 2.500 |' in (out / 'table.md').read_text()
    # The experiment has changed since.
    experiment.write_text(EXPERIMENT.replace("': 4}", "': 8}"))
    assert tool.main(command) == 2
    error = last_line(capsys)
    assert error.startswith('compare.py: error:') and '--out' in error


def test_a_training_that_never_validates(tool, experiment, training, tmp_path,
                                         capsys):
    training.write_text('')
    assert tool.main([str(experiment), '--out', str(tmp_path)]) == 2
    assert 'seed0: the run never validated' in last_line(capsys)


@pytest.mark.parametrize('arguments, words', [
    (['--variants', 'defualt'], "'defualt'.*'no points'"),
    (['--seeds', '0', '0'], r'different ones, 0 to 99, found \[0, 0\]'),
    (['--seeds', '0', '100'], '0 to 99'),
    (['--seeds', '-1'], '0 to 99'),
    (['--backbone', 'some.pth'], 'has no shared one'),
    (['--cfg-options', 'train_dataloadr.batch_size=2'], 'train_dataloadr'),
    (['--cfg-options', 'model.head.x.y=2'], "has no 'x'"),
])
def test_bad_arguments(tool, experiment, training, tmp_path, capsys,
                       arguments, words):
    training.write_text('raise SystemExit(1)')
    assert tool.main(
        [str(experiment), '--out', str(tmp_path / 'out'), *arguments]) == 2
    error = last_line(capsys)
    assert error.startswith('compare.py: error:')
    assert re.search(words, error)


def test_a_config_is_no_comparison(tool, tmp_path, capsys):
    path = EXPERIMENTS / 'spiga_synthetic_cascade.py'
    assert tool.main([str(path), '--out', str(tmp_path)]) == 2
    assert "it has no ['base'" in last_line(capsys)


def test_costs(tool, tmp_path, capsys):
    """Of real configs; the trainings are there already."""
    out = tmp_path / 'out'
    finished(out, {'spiga_synthetic': [dict(NME=3.25)],
                   'hourglass_heatmap': [dict(NME=3.5)]})
    command = [str(EXPERIMENTS / 'backbones.py'), '--out', str(out),
               '--variants', 'spiga_synthetic', 'hourglass_heatmap']
    assert tool.main([*command, '--skip', 'time']) == 0
    results = json.loads((out / 'results.json').read_text())
    config = Config.fromfile(EXPERIMENTS.parent / 'spiga_synthetic.py')
    count = sum(weights.numel() for weights in build_pose_estimator(
        config.model).parameters())
    cost = results['costs']['spiga_synthetic']
    assert cost['parameters (M)'] == pytest.approx(count / 1e6)
    assert set(cost) == {'parameters (M)', 'GMACs'}
    # The cascade costs on top of the backbone.
    assert cost['GMACs'] > results['costs']['hourglass_heatmap']['GMACs'] > 0
    table = (out / 'table.md').read_text()
    assert ('| HourglassPoseNet + GATCascadeHead | 1 | '
            f'{count / 1e6:.3f} | {cost["GMACs"]:.3f} | 3.250 |') in table
    assert cv2.imread(str(out / 'figure.png')).std() > 0
    # Without the trainings.
    (out / 'figure.png').unlink()
    assert tool.main([*command[:-1], '--skip', 'training']) == 0
    results = json.loads((out / 'results.json').read_text())
    assert results['costs']['spiga_synthetic']['ms a face'] > 0
    assert results['results'] == dict(spiga_synthetic=[])
    assert not (out / 'figure.png').exists()


def test_missing_package_is_reported(tool, experiment, training, tmp_path):
    experiment.write_text(EXPERIMENT.replace(
        "'default': {}", "'default': {}, 'other': "
        "{'model.backbone.type': 'no_such_package.ResNet'}"))
    out = tmp_path / 'out'
    assert tool.main([str(experiment), '--out', str(out)]) == 0
    table = (out / 'table.md').read_text()
    assert "other: skipped: No module named 'no_such_package'; see docs/" \
        'mixing.md' in table
    assert '| default | 2 |' in table
