"""Steps with a NaN loss change nothing, are named, and end a broken run."""
import copy

import pytest
import torch
from mmengine.hooks import Hook
from small_runs import run

from spiga_mmpose.engine import NonFiniteLossHook


class Spoiler(Hook):
    """Makes the crops of chosen iterations NaN, and watches the state."""

    def __init__(self, bad):
        self.bad, self.states = bad, []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.states.append(
            copy.deepcopy((runner.model.state_dict(),
                           runner.optim_wrapper.state_dict())))
        if runner.iter in self.bad:
            data_batch['inputs'] = [
                x.float() * float('nan') for x in data_batch['inputs']
            ]

    def after_train(self, runner):
        self.before_train_iter(runner, 0, dict(inputs=[]))


def train(folder, bad, max_in_a_row=10, **changes):
    spoiler = Spoiler(bad)
    guard = dict(type='NonFiniteLossHook', max_in_a_row=max_in_a_row)
    try:
        run(folder,
            folder.name,
            custom_hooks=[guard],
            hooks=[spoiler],
            param_scheduler=None,
            iters=4,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            **changes)
    finally:
        spoiler.log = ''.join(p.read_text() for p in folder.rglob('*.log'))
    return spoiler


def same(one, other):
    assert one.keys() == other.keys()
    return all(
        torch.equal(one[k], other[k]) if torch.is_tensor(one[k]) else one[k] ==
        other[k] for k in one)


def test_a_bad_step_changes_nothing_and_is_named(tmp_path):
    spoiler = train(tmp_path, bad=[1])
    weights = [state[0] for state in spoiler.states]
    assert same(weights[1], weights[2])  # statistics included
    steps = [len(state[1]['state']) and float(
        state[1]['state'][0]['step']) for state in spoiler.states]
    assert steps == [0, 1, 1, 2, 3]
    assert not same(weights[2], weights[3])
    for value in weights[-1].values():
        assert torch.isfinite(value.float()).all()
    assert 'iteration 2: step skipped (1 in a row, 1 in all)' in spoiler.log
    for index in (3, 4, 5):  # the second batch of three
        assert f'/0/{index:06d}.png' in spoiler.log


def test_a_run_of_them_ends_the_training(tmp_path):
    with pytest.raises(FloatingPointError, match='2 times in a row'):
        train(tmp_path, bad=[1, 2], max_in_a_row=2)


def test_a_good_step_starts_the_count_again(tmp_path):
    spoiler = train(tmp_path, bad=[0, 2], max_in_a_row=2)
    assert '2 in all' in spoiler.log


def test_with_gradient_accumulation(tmp_path):
    wrapper = dict(optimizer=dict(type='Adam', lr=1e-3), accumulative_counts=2)
    spoiler = train(tmp_path, bad=[1], optim_wrapper=wrapper)
    for value in spoiler.states[-1][0].values():
        assert torch.isfinite(value.float()).all()


def test_max_in_a_row_is_checked():
    with pytest.raises(ValueError, match='found 0'):
        NonFiniteLossHook(0)
