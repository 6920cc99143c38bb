"""StageHook: what is trained, recorded and accumulated."""
import os.path as osp

import pytest
import torch
from mmengine.hooks import Hook
from small_runs import ITERS, STAGES, run

from .conftest import CONSTANT


def moved(recorder, first, last):
    """Names that differ between the starts of two iterations."""
    before, after = recorder.states[first], recorder.states[last]
    return {
        name
        for name in before if not torch.equal(before[name], after[name])
    }


def is_pose(name):
    return name.startswith(('backbone.pose_branches', 'backbone.pose_layers'))


class TestWhatMoves:
    """Weights and BatchNorm statistics, by stage."""

    def names(self, trained):
        return {
            name
            for name in trained[1].states[0] if name != 'head.trained'
        }

    def test_landmarks(self, trained):
        names = moved(trained[1], 0, 2 * ITERS) - {'head.trained'}
        assert names == {
            name
            for name in self.names(trained)
            if name.startswith('backbone.') and not is_pose(name)
        }

    def test_multitask(self, trained):
        names = moved(trained[1], 2 * ITERS, 3 * ITERS) - {'head.trained'}
        assert names == {
            name
            for name in self.names(trained) if name.startswith('backbone.')
        }

    def test_cascade(self, trained):
        names = moved(trained[1], 3 * ITERS, 4 * ITERS) - {'head.trained'}
        steps = {
            name
            for name in self.names(trained) if name.startswith('head.steps')
        }
        assert names <= steps
        # A constant on every score leaves the softmax as it is, and noise is
        # all that moves it.
        assert {n for n in steps - names if '.key.bias' not in n} == set()

    def test_flags(self, trained):
        flags = [state['head.trained'].tolist() for state in trained[1].states]
        assert flags[0] == [0, 0, 0]
        assert flags[ITERS] == [1, 0, 0]
        assert flags[3 * ITERS] == [1, 1, 0]
        assert flags[-1] == [1, 1, 1]

    def test_stage_is_logged(self, trained):
        assert trained[1].names == (['landmarks'] * 4 + ['multitask'] * 2 +
                                    ['cascade'] * 2)


def test_rates(trained):
    """Each stage starts at its own; its schedule goes on from there."""
    _, recorder = trained
    groups = list(zip(*recorder.rates))
    expected = [
        1e-3, 1e-3,  # landmarks
        1e-4, 1e-4,  # the milestone at epoch 1
        1e-3, 2e-3,  # multitask: half of its rate, linearly to all of it
        5e-4, 5e-4,  # cascade
    ]  # yapf: disable
    assert len(set(groups)) == 2
    for rates in groups:
        factor = rates[0] / 1e-3
        assert factor in (1, pytest.approx(10))
        assert rates == pytest.approx([factor * rate for rate in expected])


class Steps(Hook):
    """Counts the iterations that ended with a step of the optimiser."""

    def __init__(self):
        self.at = []

    def before_train(self, runner):
        step = runner.optim_wrapper.step

        def counted(**kwargs):
            self.at.append(runner.iter)
            step(**kwargs)

        runner.optim_wrapper.step = counted


ACCUMULATING = dict(
    stages=[CONSTANT[0], CONSTANT[2]],
    optim_wrapper=dict(
        optimizer=dict(type='Adam', lr=1.), accumulative_counts=2),
    iters=3)


@pytest.fixture(scope='module')
def accumulated(tmp_path_factory):
    """A run that accumulates: (work folder, recorder, steps)."""
    folder, steps = tmp_path_factory.mktemp('accumulated'), Steps()
    recorder = run(folder, 'accumulated', hooks=[steps], **ACCUMULATING)[1]
    return folder, recorder, steps


class TestAccumulatedGradients:
    """Epochs of three iterations, steps of two."""

    def test_an_epoch_ends_with_a_step(self, accumulated):
        _, recorder, steps = accumulated
        assert steps.at == [1, 2, 4, 5, 7, 8]
        # The last one of the first stage moves what that stage trains.
        assert any(
            name.startswith('backbone.') and name.endswith('weight')
            for name in moved(recorder, 5, 6))

    def test_the_next_stage_leaves_the_frozen_alone(self, accumulated):
        names = moved(accumulated[1], 6, 9)
        assert not any(name.startswith('backbone.') for name in names)
        assert any(name.startswith('head.steps') for name in names)

    def test_a_resumed_run_has_lost_no_gradient(self, accumulated, tmp_path):
        folder, recorder, _ = accumulated
        again = run(
            tmp_path,
            'accumulated_again',
            load_from=osp.join(folder, 'epoch_1.pth'),
            resume=True,
            **ACCUMULATING)[1]
        for name, value in again.states[-1].items():
            assert torch.equal(value, recorder.states[-1][name]), name


def test_auto_scale_lr_scales_every_stage(tmp_path):
    """Batches of 3 where the rates are meant for 1."""
    _, recorder = run(
        tmp_path,
        'scaled',
        CONSTANT,
        iters=1,
        auto_scale_lr=dict(enable=True, base_batch_size=1))
    # The last is the base rate in the log, which MMEngine does not scale.
    *groups, _ = zip(*recorder.rates)
    assert {rates[0] > 5e-3 for rates in groups} == {False, True}
    for rates in groups:
        factor = 10 if rates[0] > 5e-3 else 1
        assert rates == pytest.approx(
            [3 * factor * rate for rate in (1e-3, 1e-3, 2e-3, 5e-4)])


def test_checkpoints_of_the_runner_are_data(trained):
    """They load with the safety on, and with MMPose's metainfo."""
    loaded = torch.load(
        osp.join(trained[0], 'epoch_4.pth'),
        map_location='cpu',
        weights_only=True)
    assert {'state_dict', 'optimizer', 'message_hub',
            'param_schedulers'} <= set(loaded)
    assert loaded['meta']['dataset_meta']['num_keypoints'] == 98
    assert loaded['meta']['epoch'] == 4


def test_each_stage_leaves_its_weights(trained):
    """NAME.pth, with the name inside: where the next stage can start."""
    folder, recorder = trained
    ends = dict(landmarks=2 * ITERS, multitask=3 * ITERS, cascade=4 * ITERS)
    for name, end in ends.items():
        saved = torch.load(osp.join(folder, f'{name}.pth'), weights_only=True)
        assert saved['meta']['stage'] == name
        assert saved['meta']['stages'][-1][0] == name
        assert saved['meta']['iter'] == end
        assert 'optimizer' not in saved
        for key, value in recorder.states[end].items():
            assert torch.equal(saved['state_dict'][key], value), key
    of_epoch = torch.load(osp.join(folder, 'epoch_3.pth'), weights_only=True)
    assert of_epoch['meta']['stage'] == 'multitask'
    assert of_epoch['meta']['stages'] == [['landmarks', 2], ['multitask', 1]]


def test_the_log_names_the_stage_and_its_losses_alone(trained):
    saved = torch.load(
        osp.join(trained[0], 'epoch_4.pth'), weights_only=True)
    scalars = saved['message_hub']['log_scalars']
    assert scalars['train/stage_cascade'].current() == 3
    stages = {key for key in scalars if key.startswith('train/stage_')}
    assert stages == {'train/stage_cascade'}
    losses = {key for key in scalars if key.startswith('train/loss')}
    assert losses == {
        'train/loss', 'train/loss_step1', 'train/loss_step2',
        'train/loss_step3'
    }


class Freeze(Hook):
    """As a backbone with frozen layers of its own."""

    def before_train(self, runner):
        runner.model.backbone.stem.requires_grad_(False)


def test_layers_that_the_backbone_froze_stay_frozen(tmp_path):
    """Also those within a module that a stage froze and unfroze."""
    stages = [
        dict(STAGES[2], length=1),
        dict(STAGES[1], length=1, frozen=()),
    ]
    recorder = run(tmp_path, 'unfrozen', stages, hooks=[Freeze()])[1]
    weights = dict(run_parameters(recorder, ITERS, 2 * ITERS))
    stem = {n for n in weights if n.startswith('backbone.stem')}
    assert stem and not any(weights[name] for name in stem)
    assert any(weights[name] for name in weights
               if name.startswith('backbone.hourglasses'))


def run_parameters(recorder, first, last):
    """Weights and biases by name, and whether they moved."""
    names = moved(recorder, first, last)
    for name in recorder.states[0]:
        if name.endswith(('weight', 'bias')):
            yield name, name in names
