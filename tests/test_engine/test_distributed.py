"""Two processes train as one does on the same global batch."""
import math
import os
import os.path as osp
import subprocess
import sys

import pytest
import small_models
import torch
from mmengine.config import Config
from mmengine.registry import MODEL_WRAPPERS
from mmengine.runner import Runner
from torch import nn

SCRIPT = osp.join(osp.dirname(__file__), '..', 'helpers',
                  'distributed_run.py')


TWO = [
    '-m', 'torch.distributed.run', '--nproc_per_node', '2', '--master_port',
    '0', '--rdzv_backend', 'c10d', '--rdzv_endpoint', 'localhost:0'
]


def train(folder, batch_size, launcher=(), bad=()):
    environment = dict(os.environ, OMP_NUM_THREADS='1')
    done = subprocess.run(
        [sys.executable, *launcher, SCRIPT,
         str(folder), str(batch_size), *map(str, bad)],
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
    two = train(tmp_path / 'two', 2, TWO)
    assert len(one['losses']) == 6
    assert one['losses'] == pytest.approx(two['losses'], rel=1e-4)
    assert one['losses'][0] != pytest.approx(one['losses'][-1], rel=1e-3)
    assert one['metrics']['num_faces'] == two['metrics']['num_faces'] == 7
    assert one['metrics'] == pytest.approx(two['metrics'], rel=1e-3)
    for name, value in one['weights'].items():
        torch.testing.assert_close(
            two['weights'][name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_nan_step_of_one_process_keeps_both_in_step(tmp_path):
    """In the iteration in which the processes exchange gradients."""
    found = train(tmp_path, 2, TWO, bad=[1])
    assert [math.isnan(loss) for loss in found['losses']] == [
        index == 1 for index in range(6)
    ]
    assert found['apart'] == 0
    for name, value in found['weights'].items():
        assert torch.isfinite(value).all(), name


@MODEL_WRAPPERS.register_module()
class NoWrapper(nn.Module):
    """In place of DDP, which takes SyncBatchNorm on GPUs alone."""

    def __init__(self, module):
        super().__init__()
        self.module = module


def test_sync_bn(tmp_path):
    """The option turns every BatchNorm of the model into its like."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    try:
        runner = Runner.from_cfg(
            Config(
                dict(
                    model=small_models.estimator(),
                    work_dir=str(tmp_path),
                    experiment_name='sync_bn',
                    default_scope='mmpose',
                    launcher='pytorch',
                    sync_bn='torch',
                    model_wrapper_cfg=dict(type='NoWrapper'),
                    log_level='ERROR')))
    finally:
        torch.distributed.destroy_process_group()
    kinds = {
        type(module)
        for module in runner.model.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
    }
    assert kinds == {nn.SyncBatchNorm}
