"""tools/benchmark.py with a tiny network, its workers as threads."""
import json

import pytest
from in_process import no_processes
from tiny_model import write_tiny_model

from spiga_mmpose.benchmark.modes import MatrixProduct
from spiga_mmpose.benchmark.video import STAGES


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('benchmark.py')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    no_processes(monkeypatch)
    monkeypatch.setattr(MatrixProduct, 'SIDE', 32)


def run(tool, files, out, *options):
    code = tool.main(
        [*files, '--out', str(out), '--threads', '1', '--rounds', '2',
         '--batches', '2', '1', '--faces', '3', *options])
    assert code == 0
    return json.loads((out / 'results.json').read_text())


def test_modes_in_turn(tool, files, tmp_path, capsys):
    pytest.importorskip('lap', reason='needs requirements/video.txt')
    results = run(tool, files, tmp_path, '--frames', '3', '--modes',
                  'reference', 'torch', 'torch-optimized')
    # The package has no network of this kind: said, not left out unsaid.
    assert 'leave the checkpoint out' in results['skipped']['reference']
    captured = capsys.readouterr()
    assert 'skipped reference: ' in captured.err
    assert captured.out.count('Skipped reference: ') == 1

    modes = results['modes']
    assert list(modes) == ['torch', 'torch-optimized']
    for mode in modes.values():
        assert [entry['batch'] for entry in mode['batches']] == [1, 2]
        for entry in mode['batches']:
            assert len(entry['seconds']) == 2 and min(entry['seconds']) > 0
            work = results['gflop_a_face'] * entry['batch']
            assert entry['gflops'] == pytest.approx(work / entry['median'])
    assert all(entry['ratio'] == 1 for entry in modes['torch']['batches'])
    assert modes['torch']['drift'] == dict(mean=0, largest=0)
    assert 0 < modes['torch-optimized']['drift']['largest'] < 1e-3
    assert modes['torch']['nme'] == pytest.approx(
        modes['torch-optimized']['nme'], rel=1e-4)

    video = modes['torch']['video']
    assert video['frames'] == 3 and video['detections'] >= 1
    assert video['network'] > 0
    table = (tmp_path / 'table.md').read_text()
    assert table in captured.out
    assert all(f'{stage} (ms)' in table for stage in STAGES)
    assert '| torch-optimized | 2 |' in table
    assert results['machine']['processor'] in table


@pytest.mark.slow
def test_an_exported_graph(tool, files, tmp_path):
    for package in ('onnx', 'onnxscript', 'onnxruntime'):
        pytest.importorskip(package)
    results = run(tool, files, tmp_path, '--frames', '0', '--modes', 'torch',
                  'onnxruntime')
    assert not results['skipped']
    assert 0 < results['modes']['onnxruntime']['drift']['largest'] < 0.01
    assert 'video' not in results['modes']['torch']


@pytest.mark.slow
def test_where_the_time_of_a_graph_goes(tool, files, tmp_path):
    for package in ('onnx', 'onnxscript', 'openvino'):
        pytest.importorskip(package)
    results = run(tool, files, tmp_path, '--frames', '0', '--modes', 'torch',
                  'openvino')
    modes = results['modes']
    assert 'layers' not in modes['torch']
    layers = modes['openvino']['layers']
    assert layers['Convolution, f32'] > 0
    rows = [
        line.strip('| ').split(' | ')
        for line in (tmp_path / 'table.md').read_text().splitlines()
        if line.startswith('|')
    ]
    start = rows.index(['layer', 'type', 'openvino (ms)'])
    assert ['Convolution', 'f32',
            f'{1e3 * layers["Convolution, f32"]:.1f}'] in rows[start:]
    total = 1e3 * sum(layers.values())
    assert float(rows[-1][-1]) == pytest.approx(total, abs=.06)
    shown = sum(float(row[-1]) for row in rows[start + 2:-1] if row[-1] != '-')
    assert shown == pytest.approx(total, abs=.06 * len(rows))


@pytest.mark.parametrize('options, message', [
    (['--modes', 'abacus'], 'invalid choice'),
    (['--rounds', '0'], 'whole number of at least 1'),
    (['--frames', '-1'], 'at least 0'),
])
def test_wrong_usage(tool, files, tmp_path, options, message, capsys):
    with pytest.raises(SystemExit):
        tool.main([*files, '--out', str(tmp_path), *options])
    assert message in capsys.readouterr().err


def test_a_missing_checkpoint_is_one_line(tool, files, tmp_path, capsys):
    assert tool.main([files[0], 'none.pth', '--out', str(tmp_path)]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1] == 'benchmark.py: error: no checkpoint file none.pth'
