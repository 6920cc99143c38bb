"""tools/analysis_tools/robustness.py on four synthetic faces."""
import itertools
import json
import os
import os.path as osp
import subprocess
import sys

import numpy as np
import pytest
from tiny_model import drawn_test, write_tiny_model

from spiga_mmpose.apis import evaluate_model, load_model
from spiga_mmpose.datasets.transforms import CORRUPTIONS

EVALUATORS = """
test_evaluator = [
    dict(type='HeadPoseMetric'),
    dict(type='FaceAlignmentMetric', norm='lnd_bbox', prefix='box')
]
"""


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'robustness.py')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Paths of a config that tests on synthetic faces, and of its weights."""
    folder = tmp_path_factory.mktemp('robustness')
    base, weights = write_tiny_model(str(folder))
    config = folder / 'config.py'
    config.write_text(drawn_test(base, 4, 4) + EVALUATORS)
    return str(config), weights


def pretend(answers):
    """In the place of ``make_finder``: finds what an iterator tells."""
    return lambda *_: lambda image: (next(answers), None)


def test_all_results(tool, files, tmp_path, capsys):
    out = tmp_path / 'out'
    assert tool.main([*files, '--out', str(out), '--corruptions', 'blur',
                      'rotation', 'blur', '--max-faces', '3']) == 0
    results = json.loads((out / 'results.json').read_text())
    assert results['faces'] == 3 and results['norm'] == 'lnd_bbox'
    assert list(results['corruptions']) == ['blur', 'rotation']
    for name, entry in results['corruptions'].items():
        assert [level['level'] for level in entry['levels']] == [1, 2, 3, 4, 5]
        assert tuple(level['amount'] for level in entry['levels']
                     ) == CORRUPTIONS[name].amounts
        for level in entry['levels']:
            assert level['metrics']['result']['num_faces'] == 3
    table = (out / 'table.md').read_text()
    assert table in capsys.readouterr().out
    clean = results['clean']['result']['NME']
    rows = [row for row in table.splitlines() if '| last step |' in row]
    assert len(rows) == 2 and all(f'| {clean:.3f} |' in row for row in rows)
    assert 'rotation of the box (degrees): 10, 20, 30, 45, 60' in table
    # The tiny network sees nothing and always answers the same: only the
    # crop matters.
    turned = results['corruptions']['rotation']['levels'][4]['metrics']
    assert turned['result']['NME'] > clean + 1
    assert '3 faces scored, 0 skipped' in table
    for name in ('robustness.png', 'examples.png'):
        assert (out / name).stat().st_size > 10000
    assert sorted(path.name for path in out.iterdir()) == [
        'examples.png', 'results.json', 'robustness.png', 'table.md'
    ]


def test_clean_is_what_the_evaluator_of_the_config_says(tool, files, tmp_path):
    assert tool.main([*files, '--out', str(tmp_path), '--corruptions',
                      'jpeg']) == 0
    results = json.loads((tmp_path / 'results.json').read_text())
    model = load_model(*files, 'cpu')
    loader = tool.FaceSet(model.cfg.test_dataloader).loader()
    model.cfg.test_evaluator = model.cfg.test_evaluator[1]
    wanted, _ = evaluate_model(model, loader)
    for key in ('NME', 'AUC7', 'FR7', 'step0/NME'):
        assert results['clean']['result'][key] == wanted[f'box/{key}']


def test_boxes(tool, files, tmp_path, monkeypatch, capsys):
    """Two faces found, by boxes that are the true ones moved a little."""
    model = load_model(*files, 'cpu')
    faces = tool.FaceSet(model.cfg.test_dataloader).only_loaded()
    true = [face['bbox'] for face in faces]
    answers = iter([true[0] + 3, np.zeros((0, 4)), true[2], true[3] + 500])
    monkeypatch.setattr(tool, 'make_finder', pretend(answers))
    assert tool.main([*files, '--out', str(tmp_path), '--corruptions',
                      '--boxes']) == 0
    results = json.loads((tmp_path / 'results.json').read_text())
    boxes = results['boxes']['haar']
    assert (boxes['found'], boxes['missed'], boxes['recall']) == (2, 2, 50)
    kinds = boxes['kinds']
    for kind in ('truth', 'annotated'):  # synthetic faces know no difference
        for part in ('found', 'missed'):
            assert kinds[kind][part]['result']['num_faces'] == 2
            assert kinds[kind][part] == kinds['truth'][part]
    assert list(kinds['detector']) == ['found']
    detected = kinds['detector']['found']['result']['NME']
    assert detected != kinds['truth']['found']['result']['NME']
    table = (tmp_path / 'table.md').read_text()
    assert f'| detector | last step | {detected:.3f} | - |' in table
    assert 'found 2 of 4 faces (recall 50.0 %' in table
    assert (tmp_path / 'robustness.png').exists()


def test_detectors_and_second_passes(tool, files, tmp_path, monkeypatch):
    model = load_model(*files, 'cpu')
    faces = tool.FaceSet(model.cfg.test_dataloader, 2).only_loaded()
    true = [face['bbox'] for face in faces]
    # All faces by the first detector, the second one by the other.
    answers = iter([*true, true[0] + 500, true[1] + 3])
    monkeypatch.setattr(tool, 'make_finder', pretend(answers))
    assert tool.main([
        *files, '--out', str(tmp_path), '--corruptions', '--boxes', '--det',
        'yunet', 'haar', '--refine', '1', '--cfg-options',
        'test_dataloader.dataset.num_faces=2'
    ]) == 0
    boxes = json.loads((tmp_path / 'results.json').read_text())['boxes']
    assert [boxes[name]['found'] for name in ('yunet', 'haar')] == [2, 1]
    kinds = boxes['yunet']['kinds']
    assert list(kinds) == [
        'truth', 'truth, refine 1', 'annotated', 'annotated, refine 1',
        'detector', 'detector, refine 1'
    ]
    # The first pass by the true boxes leads to another second one.
    assert kinds['detector'] == kinds['truth']
    assert kinds['detector, refine 1'] == kinds['truth, refine 1']
    assert kinds['truth, refine 1'] != kinds['truth']
    table = (tmp_path / 'table.md').read_text()
    assert 'The detector (yunet) found 2 of 2' in table
    assert 'The detector (haar) found 1 of 2' in table
    assert '| detector, refine 1 | last step | ' in table


def test_detector_that_finds_nothing(tool, files, tmp_path, monkeypatch):
    answers = itertools.repeat(np.zeros((0, 4)))
    monkeypatch.setattr(tool, 'make_finder', pretend(answers))
    assert tool.main([*files, '--out', str(tmp_path), '--corruptions',
                      '--boxes']) == 0
    table = (tmp_path / 'table.md').read_text()
    assert 'found 0 of 4 faces (recall 0.0 %' in table
    assert '| truth | last step | - |' in table


def test_interrupted_run_keeps_what_it_has(tool, files, tmp_path, monkeypatch,
                                           capsys):
    calls = []

    def measure(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return dict(result=dict(NME=1., num_faces=4))

    monkeypatch.setattr(tool, 'measure', measure)
    assert tool.main([*files, '--out', str(tmp_path), '--corruptions',
                      'jpeg']) == 130
    assert 'results.json' in capsys.readouterr().err
    results = json.loads((tmp_path / 'results.json').read_text())
    assert results['clean']['result']['NME'] == 1
    (entry, ) = results['corruptions'].values()
    assert len(entry['levels']) == 1


def test_models_without_steps_have_one_curve(tool):
    assert tool.nme_by_method(dict(result=dict(NME=2.))) == {'prediction': 2.}


@pytest.mark.parametrize('arguments, words', [
    (['--corruptions', 'blurr'], ["'blurr'", 'low_light']),
    (['--max-faces', '0'], ['at least 1', "'0'"]),
    (['--corruptions'], ['nothing to do']),
])
def test_wrong_usage(tool, files, tmp_path, capsys, arguments, words):
    with pytest.raises(SystemExit) as error:
        tool.main([*files, '--out', str(tmp_path), *arguments])
    assert error.value.code == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words)
    assert said.startswith('robustness.py: error: ')
    assert said.count('\n') == 1


@pytest.mark.slow
def test_as_a_command(repo, tmp_path):
    """One clear line, without the warnings of what is imported."""
    done = subprocess.run(
        [sys.executable,
         osp.join(repo, 'tools', 'analysis_tools', 'robustness.py'),
         'none.py', 'none.pth', '--out', 'out'],
        cwd=tmp_path, env=dict(os.environ, PYTHONPATH=repo),
        capture_output=True, text=True, timeout=600)
    assert done.returncode == 2 and done.stdout == ''
    assert done.stderr == ('robustness.py: error: no config file none.py\n')


def test_what_is_not_there(tool, files, tmp_path, capsys):
    config, weights = files
    other = osp.join(osp.dirname(config), 'no_metric.py')
    with open(other, 'w') as file:
        file.write("_base_ = ['config.py']\ntest_evaluator = []\n")
    for *arguments, words in (
        (config, 'none.pth', 'no checkpoint file none.pth'),
        ('none.py', weights, 'no config file none.py'),
        (other, weights, 'no FaceAlignmentMetric'),
        (config, weights, '--boxes', '--det', 'none.py',
         'no detector config none.py'),
        (config, weights, '--boxes', '--refine', '-1', 'refine: expected'),
    ):
        assert tool.main([*arguments, '--out', str(tmp_path)]) == 2
        said = capsys.readouterr().err.strip().splitlines()
        assert said[-1].startswith('robustness.py: error: ')
        assert words in said[-1]
