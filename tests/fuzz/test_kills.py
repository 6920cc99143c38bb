"""Trainings and videos that are killed, trainings also while they save.

Some kills in the suite; ``KILL_COUNT=50 python -m pytest tests/fuzz`` for
more.
"""
import os
import os.path as osp
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork')
@pytest.mark.parametrize('program', ['kills.py', 'video_kills.py'])
def test_kills(tmp_path, repo, program):
    done = subprocess.run(
        [
            sys.executable,
            osp.join(repo, 'tests', 'fuzz', program),
            str(tmp_path / 'runs'),
            os.environ.get('KILL_COUNT', '3'), '0'
        ],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=repo, OMP_NUM_THREADS='1'))
    print(done.stdout[-200:])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
