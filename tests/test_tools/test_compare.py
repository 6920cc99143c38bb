"""tools/analysis_tools/compare.py: what it plans, remembers and writes."""
import importlib.util
import json
import os.path as osp
import sys

import pytest
from mmengine.config import Config

EXPERIMENT = """
base = 'configs/experiments/spiga_synthetic_backbone.py'
seeds = (0, 1)
metrics = ('NME', 'MAE')
options = {'train_dataloader.batch_size': 4}
variants = {
    'default': {},
    'no maps': {'model.head.supervision.maps_weight': 0.},
}
"""


@pytest.fixture
def tool(repo, monkeypatch):
    path = osp.join(repo, 'tools', 'analysis_tools', 'compare.py')
    spec = importlib.util.spec_from_file_location('compare_tool', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def experiment(tmp_path):
    path = tmp_path / 'experiment.py'
    path.write_text(EXPERIMENT)
    return path


def test_a_run_has_its_variant_and_its_seed(tool, experiment, tmp_path):
    path = tool.write_config(
        Config.fromfile(experiment), 'no maps', 1, str(tmp_path / 'run'))
    config = Config.fromfile(path)
    assert config.model.head.supervision.maps_weight == 0
    assert config.train_dataloader.batch_size == 4
    assert config.randomness.seed == 1
    assert config.train_dataloader.dataset.seed == 1001
    assert config.val_dataloader.dataset.seed == 1


def test_finished_runs_become_table_and_figure(tool, experiment, tmp_path,
                                               monkeypatch, capsys):
    """Nothing is trained again."""
    out = tmp_path / 'out'
    numbers = {('default', 0): 4., ('default', 1): 5., ('no maps', 0): 6.,
               ('no maps', 1): 6.}
    for (name, seed), nme in numbers.items():
        folder = out / name / f'seed{seed}'
        folder.mkdir(parents=True)
        (folder / 'metrics.json').write_text(
            json.dumps(dict(NME=nme, MAE=nme / 2)))
    monkeypatch.setattr(sys, 'argv',
                        ['compare.py', str(experiment), '--out', str(out)])
    tool.main()
    table = (out / 'table.md').read_text()
    assert '| default | 2 | 4.500 ± 0.500 | 2.250 ± 0.250 |' in table
    assert '| no maps | 2 | 6.000 ± 0.000 | 3.000 ± 0.000 |' in table
    assert table in capsys.readouterr().out
    assert (out / 'figure.png').stat().st_size > 1000
    results = json.loads((out / 'results.json').read_text())
    assert [run['NME'] for run in results['default']] == [4, 5]


def test_last_validation_counts(tool, tmp_path):
    for name, nme in (('20260101_000000', 9.), ('20260102_000000', 3.)):
        folder = tmp_path / name / 'vis_data'
        folder.mkdir(parents=True)
        rows = [dict(loss=1., step=1), dict(NME=nme + 1, step=1),
                dict(NME=nme, step=2), dict(loss=.5, step=3)]
        (folder / 'scalars.json').write_text(
            '\n'.join(map(json.dumps, rows)))
    assert tool.last_metrics(str(tmp_path))['NME'] == 3
    with pytest.raises(SystemExit, match='never validated'):
        tool.last_metrics(str(tmp_path / '20260101_000000'))


def test_unknown_variants_are_named(tool, experiment, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [
        'compare.py', str(experiment), '--out', str(tmp_path), '--variants',
        'defualt'])
    with pytest.raises(SystemExit, match="'defualt'.*'no maps'"):
        tool.main()
