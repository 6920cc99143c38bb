"""bf16 training on the CPU."""
import pytest
import torch
from mmengine.hooks import Hook
from mmpose.registry import OPTIM_WRAPPERS
from small_runs import run


class Losses(Hook):

    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.seen.append(outputs['loss'].item())


def train(folder, kind):
    losses = Losses()
    run(folder,
        folder.name,
        stages=None,
        hooks=[losses],
        optim_wrapper=dict(type=kind, optimizer=dict(type='Adam', lr=1e-3)),
        train_cfg=dict(by_epoch=True, max_epochs=2))
    return losses.seen


def test_it_trains_much_as_float32_does(tmp_path):
    for name in ('bf16', 'fp32'):
        (tmp_path / name).mkdir()
    low = train(tmp_path / 'bf16', 'CpuAmpOptimWrapper')
    full = train(tmp_path / 'fp32', 'OptimWrapper')
    assert low != full
    assert low[0] == pytest.approx(full[0], rel=0.02)
    assert low[-1] == pytest.approx(full[-1], rel=0.1)
    assert low[-1] < low[0]


def test_context_and_gradients():
    layer = torch.nn.Linear(4, 4)
    wrapper = OPTIM_WRAPPERS.build(
        dict(
            type='CpuAmpOptimWrapper',
            optimizer=torch.optim.SGD(layer.parameters(), lr=0.1)))
    with wrapper.optim_context(layer):
        output = layer(torch.rand(2, 4))
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().sum())
    assert layer.weight.dtype == torch.float32
    assert layer(torch.rand(2, 4)).dtype == torch.float32  # outside it
