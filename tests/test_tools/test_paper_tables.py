"""tools/analysis_tools/paper_tables.py, typed as a user does."""
import csv
import json
import os
import os.path as osp
import re
import subprocess
import sys

import pytest
from paper_dumps import make_samples, shrink, write_dump
from published import TABLES

from spiga_mmpose.evaluation.run_info import RunInfo, write_run_info

# Column -> key of metrics.json, by the normaliser.
KEYS = {
    '300w-private': {'lnd_bbox': ('NME', 'AUC7'),
                     'corners': ('NME', 'AUC8', 'FR8')},
    '300w': {'corners': ('NME', ), 'pupils': ('NME', )},
    'wflw': {'corners': ('NME', 'AUC10', 'FR10', 'NPE90')},
    'cofw68': {'lnd_bbox': ('NME', 'AUC7'), 'corners': ('NME', )},
    'merlrav': {'lnd_bbox': ('NME', 'AUC7')},
}  # yapf: disable
SUBSETS = {'wflw': ('pose', 'makeup'), '300w': ('common', 'ibug'),
           '300w-private': ('indoor', 'outdoor'),
           'merlrav': ('frontal', 'profile'), 'cofw68': ()}


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'paper_tables.py')


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / 'results'
    folder.mkdir()
    return folder


def run(tool, results, out):
    """The written list, as dicts."""
    tool.main(['--results', str(results), '--out', str(out)])
    with open(out / 'tables.csv') as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize('dataset', KEYS)
def test_the_numbers_of_evaluate(load_tool, tool, results, tmp_path,
                                 monkeypatch, dataset):
    """Of every column about landmarks, on all faces and on subsets."""
    shrink(monkeypatch, 8)
    path = write_dump(
        results / 'a.pkl',
        make_samples(dataset, subsets=SUBSETS[dataset],
                     labelled=.7 if dataset == 'merlrav' else 1))
    ours = {(row['title'], row['column']): row['value']
            for row in run(tool, results, tmp_path / 'out')
            if row['method'] == 'a.pkl'}
    evaluate = load_tool('evaluate.py')
    seen = set()
    for norm, keys in KEYS[dataset].items():
        evaluate.main([path, path, '--dataset', dataset, '--norm', norm,
                       '--out', str(tmp_path / norm)])
        expected = json.loads((tmp_path / norm / 'metrics.json').read_text())
        for table in TABLES:
            for column in table.columns:
                if (table.dataset, column.norm) != (
                        dataset, norm) or column.step:
                    continue
                part = expected if column.subset is None else expected[
                    'subsets'].get(column.subset)
                value = ours.pop((table.title, column.label))
                if part is None:
                    assert value == 'not run'
                else:
                    assert column.metric in keys
                    assert float(value) == pytest.approx(part[column.metric])
                    seen.add((column.subset, norm, column.metric))
    assert {(norm, key) for _, norm, key in seen} == {
        (norm, key) for norm, keys in KEYS[dataset].items() for key in keys}
    assert {subset for subset, _, _ in seen} == {None, *SUBSETS[dataset]}


def test_every_dump_is_accounted_for(tool, results, tmp_path, monkeypatch,
                                     capsys):
    shrink(monkeypatch, 4)
    samples = make_samples('cofw68', seed=1)
    write_run_info(
        write_dump(results / 'good.pkl', samples),
        RunInfo('configs/a|b.py', 'w.pth', 'true landmarks', 'off',
                'not on the test set', 'Set', 'test.json'))
    write_dump(results / 'bare.pickle', make_samples('cofw68', seed=2))
    write_dump(results / 'part.pkl', samples[:2])
    (results / 'notes.txt').write_text('not a dump')
    out = tmp_path / 'out'
    run(tool, results, out)
    printed = capsys.readouterr().out
    markdown = (out / 'tables.md').read_text()
    for text in (printed, markdown):
        assert '4 dumps' not in text
        assert '3 dumps (.pkl, .pickle), 2 in the tables, 1 skipped' in text
        assert 'part.pkl: skipped: 2 faces of 68 landmarks' in text
        assert 'good.pkl: cofw68, 7 faces; data set Set, ann' in text
    # Cells are padded to columns.
    lines = [re.sub(' +', ' ', line) for line in markdown.splitlines()]
    row, = (line for line in lines if line.startswith('| good.pkl'))
    assert row.startswith('| good.pkl | true landmarks | ')
    assert row.endswith(' | 7 | off | not on the test set | '
                        'configs/a\\|b.py | w.pth |')
    row, = (line for line in lines if line.startswith('| bare.pickle'))
    assert row.endswith(' | 7 | unknown | unknown | unknown | unknown |')
    # One row a table that has no dump: all but COFW-68's.
    assert sum(line.startswith('| this project | - | not run')
               for line in lines) == len(TABLES) - 1
    assert '| SPIGA | - | 2.52 | 64.1 | 3.93 | - | - | - | - | - |' in lines
    tex = (out / 'tables.tex').read_text()
    assert tex.count(r'\begin{tabular}') == len(TABLES)
    assert 'good.pkl & true landmarks & ' in re.sub(' +', ' ', tex)


def test_without_any_dump(tool, results, capsys):
    """Published rows alone; nothing is written."""
    tool.main(['--results', str(results)])
    printed = capsys.readouterr().out
    assert '0 dumps (.pkl, .pickle), 0 in the tables, 0 skipped' in printed
    assert 'Supplementary Table 2. 300W private' in printed
    assert list(results.iterdir()) == []


def damaged(results):
    (results / 'bad.pkl').write_bytes(b'\x80\x04 no pickle')


def metrics(results):
    write_dump(results / 'bad.pkl', dict(NME=3.))


def side_file(results):
    write_dump(results / 'bad.pkl', make_samples('cofw68'))
    (results / 'bad.pkl.json').write_text('{')


def nothing(results):
    results.rmdir()


def a_file(results):
    results.rmdir()
    results.write_text('')


@pytest.mark.parametrize('make, message', [
    (damaged, 'bad.pkl: not a readable results file'),
    (metrics, 'bad.pkl: expected a list of data samples'),
    (side_file, 'bad.pkl.json: not a JSON file'),
    (nothing, 'expected a folder of files that tools/test.py --dump wrote, '
     'found nothing'),
    (a_file, 'found a file'),
])
def test_bad_input(tool, results, monkeypatch, capsys, make, message):
    shrink(monkeypatch, 4)
    make(results)
    assert tool.main(['--results', str(results)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith('paper_tables.py: error: ')
    assert message in captured.err and captured.err.count('\n') == 1
    assert captured.out == ''


def test_as_a_command(repo, results, tmp_path):
    """A test set of true size; arguments that are wrong."""
    write_dump(results / 'cofw.pkl', make_samples('cofw68'))
    command = [sys.executable,
               osp.join(repo, 'tools', 'analysis_tools', 'paper_tables.py')]
    for arguments, code in ((['--results', 'results'], 0),
                            (['--out', 'tables'], 2)):
        done = subprocess.run([*command, *arguments], cwd=tmp_path,
                              env=dict(os.environ, PYTHONPATH=repo),
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=600)
        assert done.returncode == code, done.stderr
        assert done.stderr.count('\n') == (1 if code else 0), done.stderr
        assert ('cofw.pkl: cofw68, 507 faces' in done.stdout) == (code == 0)
