"""tools/benchmarks/inference.py with a tiny network."""
import importlib
import json
import os.path as osp

import pytest
from tiny_model import write_tiny_model


@pytest.fixture
def tool(repo, monkeypatch):
    monkeypatch.syspath_prepend(osp.join(repo, 'tools', 'benchmarks'))
    return importlib.import_module('inference')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


@pytest.fixture
def run(tool, files, tmp_path, capsys):
    """The results of some backends, and the rows of the table by name."""

    def _run(*options, network=('--config', files[0], '--checkpoint',
                                files[1])):
        assert tool.main([*network, '--out', str(tmp_path), '--threads', '1',
                          '--rounds', '2', '--faces', '3', *options]) == 0
        table = (tmp_path / 'table.md').read_text()
        assert table in capsys.readouterr().out
        rows = [[cell.strip() for cell in line.strip('|').split('|')]
                for line in table.splitlines() if line.startswith('|')]
        return (json.loads((tmp_path / 'results.json').read_text()),
                {row[0]: row for row in rows}, table)

    return _run


def test_table(run, files):
    results, rows, table = run('--batches', '2', '--backends',
                               'openvino-int8', 'torch-optimized')
    backends = results['backends']
    assert list(backends) == ['torch', 'torch-optimized']
    # The tiny config has no training data: said, not left out unsaid.
    assert 'calibrates' in results['skipped']['openvino-int8']
    assert 'Skipped openvino-int8: ' in table

    assert rows['backend'][2:6] == ['1 face (ms)', 'speed-up',
                                    '2 faces (faces/s)', 'speed-up']
    for name, entry in backends.items():
        one, two = entry['batches']['1'], entry['batches']['2']
        for found in one, two:
            low, high = sorted(found['rounds'])
            assert 0 < low <= found['seconds'] <= high
        assert 0 < entry['memory'] < 2000  # MB
        assert entry['disk'] * 1e6 == pytest.approx(osp.getsize(files[1]))
        assert rows[name][1:7] == [
            'fp32', f'{1e3 * one["seconds"]:.1f}', f'{one["speed_up"]:.2f}',
            f'{2 / two["seconds"]:.2f}', f'{two["speed_up"]:.2f}',
            f'{entry["memory"]:.0f}'
        ]
    assert backends['torch']['drift'] == 0
    assert all(one['speed_up'] == 1
               for one in backends['torch']['batches'].values())
    assert 0 < backends['torch-optimized']['drift'] < 1e-3
    assert backends['torch']['nme'] > 0
    assert rows['torch'][-1] == '0.00'
    assert float(rows['torch-optimized'][-1]) == pytest.approx(0, abs=0.01)
    assert results['machine'] in table and 'threads: 1,' in table


def test_landmarks_without_synthetic_labels(run, tmp_path_factory):
    config, checkpoint = write_tiny_model(
        str(tmp_path_factory.mktemp('cofw')), 'cofw_29')
    results, rows, _ = run('--batches', '1', '--backends', 'torch', network=(
        '--config', config, '--checkpoint', checkpoint))
    assert results['backends']['torch']['nme'] is None
    assert rows['torch'][-2:] == ['-', '-']


@pytest.mark.slow
def test_an_exported_graph(run):
    for package in ('onnx', 'onnxscript', 'openvino'):
        pytest.importorskip(package)
    results, rows, _ = run('--batches', '1', '--backends', 'openvino-bf16')
    assert not results['skipped']
    entry = results['backends']['openvino-bf16']
    assert 1e-3 < entry['drift'] < 0.1
    assert 0.1 < entry['disk'] < 2  # MB: the graph and its weights
    assert rows['openvino-bf16'][1] == 'bf16'


@pytest.mark.slow
def test_beside_the_authors_code(run):
    pytest.importorskip('spiga', reason='needs requirements/reference.txt')
    results, rows, table = run('--backends', 'torch', '--batches', '1',
                               '--faces', '1', network=('--reference', ))
    assert list(results['backends']) == ['reference', 'torch']
    assert 0 < results['backends']['reference']['drift'] < 1e-3
    assert rows['reference'][3] == '1.00' and rows['reference'][-1] == '-'
    assert 'random weights' in table and 'speed-up over reference' in table


@pytest.mark.parametrize('options, message', [
    (['--backends', 'abacus'], "invalid choice: 'abacus'"),
    (['--rounds', '0'], "integer of at least 1, found '0'"),
    (['--config', 'a.py'], 'found --config a.py'),
    (['--reference', '--config', 'a.py', '--checkpoint', 'a.pth'],
     'found --reference --config a.py'),
])
def test_wrong_usage(tool, options, message, capsys):
    with pytest.raises(SystemExit) as end:
        tool.main([*options, '--out', 'nowhere'])
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count('\n') == 1


def test_a_missing_checkpoint_is_one_line(tool, files, tmp_path, capsys):
    assert tool.main(['--config', files[0], '--checkpoint', 'none.pth',
                      '--out', str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error == 'inference.py: error: no checkpoint file none.pth\n'
