"""Two processes train as one does on the same global batch."""
import os
import os.path as osp
import subprocess
import sys

import pytest
import torch

SCRIPT = osp.join(osp.dirname(__file__), '..', 'distributed_run.py')


def train(folder, batch_size, launcher=()):
    environment = dict(os.environ, OMP_NUM_THREADS='1')
    done = subprocess.run(
        [sys.executable, *launcher, SCRIPT,
         str(folder), str(batch_size)],
        env=environment,
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return torch.load(folder / 'result.pth', weights_only=True)


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    for name in ('one', 'two'):
        (tmp_path / name).mkdir()
    one = train(tmp_path / 'one', 4)
    two = train(tmp_path / 'two', 2, [
        '-m', 'torch.distributed.run', '--nproc_per_node', '2',
        '--master_port', '0', '--rdzv_backend', 'c10d', '--rdzv_endpoint',
        'localhost:0'
    ])
    assert len(one['losses']) == 6
    assert one['losses'] == pytest.approx(two['losses'], rel=1e-4)
    assert one['losses'][0] != pytest.approx(one['losses'][-1], rel=1e-3)
    assert one['metrics']['num_faces'] == two['metrics']['num_faces'] == 7
    assert one['metrics'] == pytest.approx(two['metrics'], rel=1e-3)
    for name, value in one['weights'].items():
        torch.testing.assert_close(
            two['weights'][name], value, rtol=1e-4, atol=1e-5)
