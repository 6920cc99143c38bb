"""NaN steps change nothing, are named, and end a broken run."""
import copy
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from small_runs import run

from spiga_mmpose.engine import NonFiniteLossHook


class Spoiler(Hook):
    """Makes the crops of chosen iterations NaN, and watches the state.

    With ``gradient`` the loss stays finite, and a gradient becomes NaN.
    """

    def __init__(self, bad, gradient=False):
        self.bad, self.gradient, self.states = bad, gradient, []

    def before_train(self, runner):
        if self.gradient:
            next(runner.model.parameters()).register_hook(
                lambda g: g * float('nan') if runner.iter in self.bad else g)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.states.append(
            copy.deepcopy((runner.model.state_dict(),
                           runner.optim_wrapper.state_dict())))
        if runner.iter in self.bad and not self.gradient:
            data_batch['inputs'] = [
                x.float() * float('nan') for x in data_batch['inputs']
            ]

    def after_train(self, runner):
        self.before_train_iter(runner, 0, dict(inputs=[]))


def train(folder, bad, max_in_a_row=10, gradient=False, **changes):
    spoiler = Spoiler(bad, gradient)
    guard = dict(type='NonFiniteLossHook', max_in_a_row=max_in_a_row)
    try:
        run(folder,
            folder.name,
            stages=None,
            custom_hooks=[guard],
            hooks=[spoiler],
            **{
                'iters': 4,
                'train_cfg': dict(by_epoch=True, max_epochs=1),
                **changes
            })
    finally:
        spoiler.log = ''.join(p.read_text() for p in folder.rglob('*.log'))
    return spoiler


def same(one, other):
    assert one.keys() == other.keys()
    return all(
        torch.equal(one[k], other[k]) if torch.is_tensor(one[k]) else one[k] ==
        other[k] for k in one)


@pytest.mark.parametrize('gradient', [False, True])
def test_a_bad_step_changes_nothing_and_is_named(tmp_path, gradient):
    spoiler = train(tmp_path, bad=[1], gradient=gradient)
    weights = [state[0] for state in spoiler.states]
    assert same(weights[1], weights[2])  # statistics included
    steps = [len(state[1]['state']) and float(
        state[1]['state'][0]['step']) for state in spoiler.states]
    assert steps == [0, 1, 1, 2, 3]
    assert not same(weights[2], weights[3])
    for value in weights[-1].values():
        assert torch.isfinite(value.float()).all()
    assert 'iteration 2: step skipped (1 in a row, 1 in all)' in spoiler.log
    assert ('gradient norm nan' in spoiler.log) == gradient
    for index in (3, 4, 5):  # the second batch of three
        assert f'/0/{index:06d}.png' in spoiler.log


def test_a_run_of_them_ends_the_training(tmp_path):
    with pytest.raises(FloatingPointError, match='2 times in a row; no check'):
        train(tmp_path, bad=[1, 2], max_in_a_row=2)


def test_the_last_message_names_the_checkpoint(tmp_path):
    """That it holds the weights of before is true for any checkpoint."""
    with pytest.raises(FloatingPointError, match='epoch_2.pth, holds the wei'):
        train(
            tmp_path,
            bad=[1, 2],
            max_in_a_row=2,
            iters=1,
            train_cfg=dict(by_epoch=True, max_epochs=3))
    before, last = [
        torch.load(tmp_path / f'epoch_{e}.pth', weights_only=True)
        for e in (1, 2)
    ]
    assert same(before['state_dict'], last['state_dict'])


def test_a_good_step_starts_the_count_again(tmp_path):
    spoiler = train(tmp_path, bad=[0, 2], max_in_a_row=2)
    assert '2 in all' in spoiler.log


def test_bad_gradients_in_a_row_with_accumulation(tmp_path):
    """Iterations without a step do not start the count again."""
    wrapper = dict(optimizer=dict(type='Adam', lr=1e-3), accumulative_counts=2)
    with pytest.raises(FloatingPointError, match='2 times in a row'):
        train(
            tmp_path,
            bad=range(4),
            max_in_a_row=2,
            gradient=True,
            optim_wrapper=wrapper)


class Ruin(Hook):
    """Makes a weight infinite, as nothing that is watched would."""

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        next(runner.model.parameters()).data.fill_(float('inf'))


def test_no_checkpoint_of_ruined_weights(tmp_path):
    with pytest.raises(FloatingPointError, match='1 tensors .*backbone.*no '):
        run(tmp_path,
            'ruined',
            stages=None,
            custom_hooks=[dict(type='NonFiniteLossHook')],
            hooks=[Ruin()],
            iters=1,
            train_cfg=dict(by_epoch=True, max_epochs=1))
    assert not list(tmp_path.glob('*.pth'))


def test_finite_weights_are_kept(tmp_path):
    weights = dict(a=torch.ones(2), b=torch.tensor(3), c=torch.tensor(True))
    NonFiniteLossHook().before_save_checkpoint(
        SimpleNamespace(work_dir=str(tmp_path)), dict(state_dict=weights))


def test_with_gradient_accumulation(tmp_path):
    wrapper = dict(optimizer=dict(type='Adam', lr=1e-3), accumulative_counts=2)
    spoiler = train(tmp_path, bad=[1], optim_wrapper=wrapper)
    for value in spoiler.states[-1][0].values():
        assert torch.isfinite(value.float()).all()


def test_max_in_a_row_is_checked():
    with pytest.raises(ValueError, match='found 0'):
        NonFiniteLossHook(0)
