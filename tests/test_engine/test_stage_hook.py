"""StageHook in real runs: what moves, at which rate, and after a resume."""
import os.path as osp
from types import SimpleNamespace

import pytest
import torch
from learning_rates import learning_rates
from mmengine.config import Config
from mmengine.hooks import Hook
from mmpose.registry import MODELS
from small_runs import ITERS, STAGES, run

from spiga_mmpose.engine import StageHook

CONSTANT = [dict(stage, schedulers=[]) for stage in STAGES]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A run through all stages: (work folder, recorder)."""
    folder = tmp_path_factory.mktemp('stages')
    return folder, run(folder, 'stages')[1]


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


@pytest.mark.parametrize('epoch', [1, 2, 3])
def test_resumed_run_is_the_same(trained, tmp_path, epoch):
    """Within a stage and at its border: stage, rates, and last weights."""
    folder, whole = trained
    checkpoint = osp.join(folder, f'epoch_{epoch}.pth')
    runner, recorder = run(
        tmp_path, f'resumed{epoch}', load_from=checkpoint, resume=True)
    assert runner.epoch == 4
    start = epoch * ITERS
    assert recorder.names == whole.names[start:]
    assert recorder.rates == [pytest.approx(r) for r in whole.rates[start:]]
    for name, value in recorder.states[-1].items():
        torch.testing.assert_close(value, whole.states[-1][name])


class TestResumingWithOtherStages:
    """What lies ahead follows the config, what has begun the checkpoint."""

    @pytest.fixture
    def resumed(self, trained, tmp_path):

        def resume(**change):
            stages = [*STAGES[:2], dict(STAGES[2], **change)]
            return run(
                tmp_path,
                'other_' + '_'.join(change),
                stages,
                load_from=osp.join(trained[0], 'epoch_1.pth'),
                resume=True)[1].rates

        return resume

    def test_a_longer_stage(self, trained, resumed):
        rates = resumed(length=2)
        assert len(rates) == 4 * ITERS
        assert rates[:-ITERS] == trained[1].rates[ITERS:]
        assert rates[-ITERS:] == trained[1].rates[-ITERS:]

    def test_another_rate(self, trained, resumed):
        rates = resumed(lr=5e-5)
        assert rates[:-ITERS] == trained[1].rates[ITERS:-ITERS]
        for groups, before in zip(rates[-ITERS:], trained[1].rates[-ITERS:]):
            assert groups == pytest.approx([rate / 10 for rate in before])

    def test_another_number_of_schedulers(self, resumed):
        with pytest.raises(ValueError, match='has 2 schedulers.*config 3'):
            resumed(schedulers=STAGES[1]['schedulers'])


def test_a_scheduler_that_lies_ahead_follows_the_config(trained, tmp_path):
    """Its own length is that of the new stage."""
    stages = [STAGES[0], dict(STAGES[1], length=2), STAGES[2]]
    rates = run(
        tmp_path,
        'ahead',
        stages,
        load_from=osp.join(trained[0], 'epoch_1.pth'),
        resume=True)[1].rates
    groups = [group for group in zip(*rates) if group[0] < 5e-4]
    warm_up = [1e-3, 2e-3 * 2 / 3, 2e-3 * 5 / 6, 2e-3]
    assert groups and all(
        group == pytest.approx([1e-4] * ITERS + warm_up + [5e-4] * ITERS)
        for group in groups)


class TestResumingFromSomethingElse:
    """A line instead of epochs at wrong rates."""

    @pytest.mark.parametrize('meta,fits', [
        (dict(epoch=3, stages=[['landmarks', 2], ['multitask', 1]]), True),
        (dict(epoch=1, stages=[['cascade', 1]]), False),
        # The last stage's name alone would not tell.
        (dict(epoch=3, stages=[['landmarks', 1], ['multitask', 2]]), False),
        # From before checkpoints had the list.
        (dict(epoch=3, stage='multitask'), True),
        (dict(epoch=1, stage='cascade'), False),
        (dict(epoch=1), False),
    ])
    def test_stages_of_the_checkpoint(self, meta, fits):
        hook = StageHook()
        runner = SimpleNamespace(
            cfg=dict(stages=CONSTANT),
            optim_wrapper=None,
            param_schedulers=[],
            _resume=True,
            _load_from=None,
            work_dir='folder',
            model=torch.nn.Linear(1, 1))
        hook.before_run(runner)
        checkpoint = dict(meta=meta, optimizer={})
        if fits:
            hook.after_load_checkpoint(runner, checkpoint)
            return
        with pytest.raises(ValueError, match='folder: no checkpoint of this'):
            hook.after_load_checkpoint(runner, checkpoint)
        runner._resume = False  # weights to start from may be any
        hook.after_load_checkpoint(runner, checkpoint)

    def test_what_no_stage_trains_must_be_given(self, trained, tmp_path):
        """Else it would stay random for ever, without a word."""
        with pytest.raises(ValueError, match="'backbone'.*random.*load_from"):
            run(tmp_path, 'none', [dict(STAGES[2], length=4, lr=1e-3)])
        saved = torch.load(
            osp.join(trained[0], 'multitask.pth'), weights_only=True)
        lost = next(name for name in saved['state_dict']
                    if name.startswith('backbone.'))
        del saved['state_dict'][lost]
        torch.save(saved, tmp_path / 'less.pth')
        with pytest.raises(ValueError, match=f"less.pth: lacks 1 .*'{lost}'"):
            run(tmp_path,
                'less', [dict(STAGES[2], length=4, lr=1e-3)],
                load_from=str(tmp_path / 'less.pth'))

    def test_a_run_of_one_stage(self, trained, tmp_path):
        with pytest.raises(ValueError, match="landmarks.*config has.*cascade"):
            run(tmp_path,
                'other_stages', [dict(STAGES[2], length=4, lr=1e-3)],
                load_from=osp.join(trained[0], 'epoch_1.pth'),
                resume=True)

    def test_weights_of_a_stage(self, trained, tmp_path):
        weights = osp.join(trained[0], 'multitask.pth')
        with pytest.raises(ValueError, match='stage weights.*load_from=/'):
            run(tmp_path, 'stage_weights', load_from=weights, resume=True)


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


class TestSchedulers:
    """In the time of their stage."""

    @staticmethod
    def stage(name, length, lr, *schedulers):
        return dict(
            name=name,
            length=length,
            lr=lr,
            schedulers=schedulers,
            losses=(),
            frozen=())

    def test_they_begin_with_their_stage(self, tmp_path):
        """The second warms up by iterations, then decays by epochs."""
        stages = [
            self.stage('first', 1, 1e-3),
            self.stage(
                'second', 3, 2e-3,
                dict(type='LinearLR', end=3, start_factor=0.5, by_epoch=False),
                dict(type='MultiStepLR', milestones=[2], gamma=0.1))
        ]
        rates = learning_rates(tmp_path, stages, iters=2)
        assert rates == pytest.approx([1e-3] * 2 + [1e-3, 1.5e-3] +
                                      [2e-3] * 2 + [2e-4] * 2)

    def test_one_edit_changes_the_length(self, tmp_path):
        """The decay becomes as long as the stage, and those behind move."""
        cosine = dict(type='CosineAnnealingLR', eta_min_ratio=0.)
        for length in (2, 4):
            stages = [
                self.stage('first', length, 1e-3, cosine),
                self.stage('second', 2, 4e-3, cosine)
            ]
            decay = {2: [1, 1 / 2], 4: [1, 0.853553, 1 / 2, 0.1464466]}[length]
            rates = learning_rates(tmp_path / f'length{length}', stages)
            assert rates == pytest.approx(
                [1e-3 * factor for factor in decay] + [4e-3, 2e-3])

    def test_the_smallest_rate_is_a_share_of_the_stages(self, tmp_path):
        """Not of the first stage's."""
        stages = [
            self.stage('first', 1, 1.),
            self.stage(
                'second', 3, 1e-3,
                dict(type='CosineAnnealingLR', end=2, eta_min_ratio=0.1))
        ]
        rates = learning_rates(tmp_path, stages)
        assert rates == pytest.approx([1., 1e-3, 5.5e-4, 5.5e-4])

    def test_none_acts_beyond_its_stage(self, tmp_path):
        """A warm-up that is longer than the stage of a small data set."""
        stages = [
            self.stage(
                'first', 2, 1e-3,
                dict(
                    type='LinearLR', end=5, start_factor=0.2, by_epoch=False)),
            self.stage('second', 2, 2e-3)
        ]
        assert learning_rates(tmp_path, stages) == pytest.approx(
            [2e-4, 4e-4, 2e-3, 2e-3])

    @pytest.mark.parametrize('scheduler,message', [
        (dict(begin=3), "'only': MultiStepLR lasts from 3 to 3 .* 3 epochs"),
        (dict(begin=-1), 'lasts from -1 to 3'),
        (dict(begin=2, end=1), 'lasts from 2 to 1'),
        (dict(begin=6, by_epoch=False), 'from 6 to 6 of its 6 iterations'),
    ])
    def test_outside_of_the_stage(self, tmp_path, scheduler, message):
        stage = self.stage(
            'only', 3, 1e-3,
            dict(type='MultiStepLR', milestones=[1], **scheduler))
        with pytest.raises(ValueError, match=message):
            learning_rates(tmp_path, [stage], iters=2)


@pytest.mark.parametrize('changes,message', [
    (dict(train_cfg=dict(by_epoch=True, max_epochs=3)),
     'last 4 epochs, train_cfg 3.*StagedTrainLoop'),
    (dict(train_cfg=dict(by_epoch=False, max_iters=4)),
     'last 4 epochs.*StagedTrainLoop'),
    (dict(train_cfg=dict(type='StagedTrainLoop', max_epochs=4)),
     'max_epochs: the stages have the epochs'),
    (dict(custom_hooks=[]), "custom_hooks: expected .*'StageHook'"),
    (dict(param_scheduler=[dict(type='ConstantLR')]),
     'param_scheduler: expected none'),
    (dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3))),
     'optimizer.lr is 0.001: expected 1'),
    (dict(stages=[*STAGES[:2], dict(STAGES[2], frozen=('backbon', ))]),
     r"'cascade' freezes \['backbon'\]"),
])
def test_what_does_not_fit_ends_the_run_before_it_begins(
        tmp_path, changes, message):
    """Not after days, when the last stage begins."""
    arguments = dict(dict(stages=STAGES), **changes)
    with pytest.raises(ValueError, match=message):
        learning_rates(tmp_path, **arguments)


@pytest.mark.parametrize('config', ['spiga_wflw.py', 'spiga_300w.py'])
def test_schedule_of_the_paper(repo, tmp_path, config):
    """Every epoch's rate in the configs, as RECIPE section 4 has them."""
    cfg = Config.fromfile(osp.join(repo, 'configs', config))
    rates = learning_rates(
        tmp_path,
        cfg.stages,
        train_cfg=dict(type='StagedTrainLoop'),
        optim_wrapper=cfg.optim_wrapper)
    paper = ([1e-3] * 380 + [1e-4] * 70 +  # landmarks
             [1e-3] * 100 + [1e-4] * 50 +  # multi-task
             [1e-4] * 100 + [1e-5] * 50)  # cascade
    assert rates == pytest.approx(paper)


@pytest.mark.parametrize('config', ['spiga_wflw.py'])
def test_frozen_modules_of_the_configs_exist(repo, config):
    cfg = Config.fromfile(osp.join(repo, 'configs', config))
    names = {name for name, _ in MODELS.build(cfg.model).named_modules()}
    for stage in cfg.stages:
        assert set(stage.frozen) <= names
