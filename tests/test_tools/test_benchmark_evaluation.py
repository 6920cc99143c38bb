"""tools/analysis_tools/benchmark_evaluation.py, typed as a user does."""
import os
import os.path as osp
import re
import subprocess
import sys

import pytest


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'benchmark_evaluation.py')


@pytest.mark.parametrize('arguments, message', [
    (['--faces', '0'], "found '0'"),
    (['--faces', '5', 'x'], "found 'x'"),
    (['--faces'], 'at least one argument'),
    (['--colour'], 'unrecognized arguments'),
])
def test_wrong_usage(tool, capsys, arguments, message):
    with pytest.raises(SystemExit) as end:
        tool.main(arguments)
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith('benchmark_evaluation.py: error: ')
    assert message in said and said.count('\n') == 1


@pytest.mark.slow
def test_two_counts(repo, tmp_path):
    done = subprocess.run(
        [sys.executable,
         osp.join(repo, 'tools', 'analysis_tools', 'benchmark_evaluation.py'),
         '--faces', '20', '2'],
        cwd=tmp_path, env=dict(os.environ, PYTHONPATH=repo),
        capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and done.stderr == '', done.stderr
    head, rule, *rows = done.stdout.splitlines()
    assert head.startswith('| faces | files (MB) |') and '---:' in rule
    assert [re.match(r'\| (\d+) \| 0\.\d \| [\d.]+ \| \d+ \|$', row)[1]
            for row in rows] == ['2', '20']
    assert list(tmp_path.iterdir()) == []
