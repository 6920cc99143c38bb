"""Two trainings in one work folder."""
import os
import subprocess
import sys

import pytest

from spiga_mmpose.engine.work_folder_lock import work_folder_lock

# A training with a worker, which a kill of the training leaves behind.
HOLDER = '''
import multiprocessing, sys, time
from spiga_mmpose.engine.work_folder_lock import work_folder_lock
with work_folder_lock(sys.argv[1]):
    worker = multiprocessing.get_context('fork').Process(
        target=time.sleep, args=(60, ))
    worker.start()
    print(worker.pid, flush=True)
    worker.join()
'''


def test_the_second_is_refused_until_the_first_is_dead(repo, tmp_path):
    folder = str(tmp_path / 'new')
    first = subprocess.Popen([sys.executable, '-c', HOLDER, folder],
                             stdout=subprocess.PIPE,
                             env=dict(os.environ, PYTHONPATH=repo))
    worker = int(first.stdout.readline())
    try:
        with pytest.raises(ValueError) as error:
            with work_folder_lock(folder):
                pass
        message = str(error.value)
        assert folder in message and f'process {first.pid} on ' in message
        assert '--work-dir' in message and '\n' not in message
        first.kill()
        first.wait()
        with work_folder_lock(folder):
            pass
    finally:
        first.kill()
        os.kill(worker, 9)
        first.stdout.close()


def test_other_processes_of_a_launcher(tmp_path, monkeypatch):
    monkeypatch.setenv('RANK', '1')
    with work_folder_lock(str(tmp_path / 'a'), 'pytorch'):
        assert not (tmp_path / 'a').exists()
    with work_folder_lock(str(tmp_path / 'a')):
        assert (tmp_path / 'a').exists()
