"""tools/analysis_tools/benchmark_growth.py with a tiny network."""
import json

import pytest
from in_process import no_processes
from tiny_model import write_tiny_model


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'benchmark_growth.py')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_tiny_model(str(tmp_path_factory.mktemp('tiny')))


def test_all_tasks(tool, files, tmp_path, monkeypatch, capsys):
    pytest.importorskip('lap', reason='needs requirements/video.txt')
    no_processes(monkeypatch)
    assert tool.main([
        *files, '--out', str(tmp_path), '--rounds', '1', '--threads', '1',
        '--faces', '1', '3', '--batch', '2', '1', '--landmarks', '19', '30',
        '--frames', '2', '3'
    ]) == 0
    results = json.loads((tmp_path / 'results.json').read_text())
    curves = results['curves']
    assert list(curves) == ['faces', 'batch', 'landmarks', 'frames']
    assert curves['batch']['sizes'] == [1, 2]  # sizes go up
    for curve in curves.values():
        assert len(curve['ms']) == len(curve['memory']) == 2
        assert min(curve['ms']) > 0
        assert curve['memory'] == sorted(curve['memory'])
    assert (tmp_path / 'growth.png').stat().st_size > 1000
    table = (tmp_path / 'table.md').read_text()
    assert table in capsys.readouterr().out
    assert '| landmarks | 30 |' in table
    assert '| frames of a video | time (ms) |' in table


@pytest.mark.parametrize('options, message', [
    (['--faces', '1', '65'], 'at most 64'),
    (['--batch', '3'], 'at least two sizes, found 3 alone'),
    (['--landmarks', '2', '5'], 'a pose needs at least 4'),
    (['--faces', '--batch', '--landmarks', '--frames'], 'nothing to do'),
])
def test_wrong_usage(tool, files, tmp_path, options, message, capsys):
    with pytest.raises(SystemExit):
        tool.main([*files, '--out', str(tmp_path), *options])
    assert message in capsys.readouterr().err
