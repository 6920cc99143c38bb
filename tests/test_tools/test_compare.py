"""tools/analysis_tools/compare.py: what it plans, remembers and writes."""
import json
from pathlib import Path

import pytest
from mmengine.config import Config
from mmpose.models import build_pose_estimator

from spiga_mmpose.engine import read_stages

EXPERIMENTS = Path(__file__).parents[2] / 'configs' / 'experiments'
COMMITTED = ('recipe_choices', 'cascade_choices', 'stages')

EXPERIMENT = """
base = 'configs/experiments/spiga_synthetic_backbone.py'
seeds = (0, 1)
metrics = ('NME', 'MAE')
options = {'train_dataloader.batch_size': 4}
variants = {
    'default': {},
    'no points': {'model.head.supervision.points_weight': 0.},
}
"""


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis_tools', 'compare.py')


@pytest.fixture
def experiment(tmp_path):
    path = tmp_path / 'experiment.py'
    path.write_text(EXPERIMENT)
    return path


def test_a_variant_changes_what_it_says(tool, experiment):
    config = tool.make_configs(
        Config.fromfile(experiment), ['no points'])['no points']
    assert config.model.head.supervision.points_weight == 0
    assert config.train_dataloader.batch_size == 4


@pytest.mark.parametrize('name', COMMITTED)
def test_every_variant_of_the_experiments_can_be_trained(tool, name):
    """Options merge into what a config has, not into a class's defaults."""
    experiment = Config.fromfile(EXPERIMENTS / f'{name}.py')
    configs = tool.make_configs(experiment, list(experiment.variants))
    texts = set()
    for config in configs.values():
        build_pose_estimator(config.model)
        assert read_stages(config)
        texts.add(config.pretty_text)
    assert len(texts) == len(configs)


def test_finished_runs_become_table_and_figure(tool, experiment, tmp_path,
                                               capsys):
    """Nothing is trained again."""
    out = tmp_path / 'out'
    numbers = {('default', 0): 4., ('default', 1): 5., ('no points', 0): 6.,
               ('no points', 1): 6.}
    for (name, seed), nme in numbers.items():
        folder = out / name / f'seed{seed}'
        folder.mkdir(parents=True)
        (folder / 'metrics.json').write_text(
            json.dumps(dict(NME=nme, MAE=nme / 2)))
    assert tool.main([str(experiment), '--out', str(out)]) == 0
    table = (out / 'table.md').read_text()
    assert '| default | 2 | 4.500 ± 0.500 | 2.250 ± 0.250 |' in table
    assert '| no points | 2 | 6.000 ± 0.000 | 3.000 ± 0.000 |' in table
    assert table in capsys.readouterr().out
    assert (out / 'figure.png').stat().st_size > 1000
    results = json.loads((out / 'results.json').read_text())
    assert [run['NME'] for run in results['default']] == [4, 5]
    # The experiment has changed since.
    experiment.write_text(EXPERIMENT.replace("': 4}", "': 8}"))
    assert tool.main([str(experiment), '--out', str(out)]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('compare.py: error:') and '--out' in error


def test_unknown_variants_are_named(tool, experiment, tmp_path, capsys):
    assert tool.main([str(experiment), '--out', str(tmp_path), '--variants',
                      'defualt']) == 2
    error = capsys.readouterr().err
    assert "'defualt'" in error and "'no points'" in error
