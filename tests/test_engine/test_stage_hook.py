"""StageHook in real runs: what moves, at which rate, and after a resume."""
import os.path as osp
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import HOOKS, MODELS, PARAM_SCHEDULERS
from small_runs import ITERS, STAGES, run

from spiga_mmpose.engine import StageHook


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


def test_how_long_each_stage_was_trained():
    hook = StageHook(STAGES)
    assert [hook.trained_until(epoch) for epoch in range(5)] == [
        [],
        [['landmarks', 1]],
        [['landmarks', 2]],
        [['landmarks', 2], ['multitask', 1]],
        [['landmarks', 2], ['multitask', 1], ['cascade', 1]],
    ]


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
        hook = StageHook(STAGES)
        runner = SimpleNamespace(
            _resume=True,
            _load_from=None,
            work_dir='folder',
            model=torch.nn.Linear(1, 1),
            train_loop=EpochBasedTrainLoop.__new__(EpochBasedTrainLoop))
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
    stages=[STAGES[0], STAGES[2]],
    train_cfg=dict(by_epoch=True, max_epochs=3),
    optim_wrapper=dict(
        optimizer=dict(type='Adam', lr=1e-3), accumulative_counts=2),
    param_scheduler=None,
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

    def test_by_iteration(self, tmp_path):
        """A stage of three iterations, then one of two."""
        steps = Steps()
        _, recorder = run(
            tmp_path,
            'accumulated_iterations',
            [dict(STAGES[0], length=3),
             dict(STAGES[2], length=2)],
            iters=9,
            hooks=[steps],
            optim_wrapper=ACCUMULATING['optim_wrapper'],
            train_cfg=dict(by_epoch=False, max_iters=5),
            param_scheduler=None,
            default_hooks=dict(
                logger=dict(type='LoggerHook', interval=100),
                checkpoint=None))
        assert steps.at == [1, 2, 4]
        assert not any(
            name.startswith('backbone.') for name in moved(recorder, 3, 5))


def test_auto_scale_lr_scales_every_stage(tmp_path):
    """Batches of 3 where the rates are meant for 1."""
    _, recorder = run(
        tmp_path,
        'scaled',
        iters=1,
        auto_scale_lr=dict(enable=True, base_batch_size=1),
        param_scheduler=None)
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


def test_stages_by_iteration(tmp_path):
    """Under IterBasedTrainLoop lengths count iterations."""
    stages = [
        dict(STAGES[0], length=2),
        dict(STAGES[2], length=3),
    ]
    _, recorder = run(
        tmp_path,
        'iterations',
        stages,
        iters=9,  # MMEngine sleeps at the end of an epoch
        train_cfg=dict(by_epoch=False, max_iters=5),
        param_scheduler=None,
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=100), checkpoint=None))
    assert recorder.names == ['landmarks'] * 2 + ['cascade'] * 3
    for rates in zip(*recorder.rates):
        factor = 10 if rates[0] > 5e-3 else 1
        assert rates == pytest.approx(
            [factor * rate for rate in [1e-3, 1e-3, 5e-4, 5e-4, 5e-4]])
    assert not any(
        name.startswith('backbone.') for name in moved(recorder, 2, 5))


class TestThawing:

    @staticmethod
    def runner(model):
        return SimpleNamespace(
            model=model,
            logger=SimpleNamespace(info=lambda _: None),
            message_hub=MessageHub('thawing'))

    def test_layers_that_the_backbone_froze_stay_frozen(self):
        """Also those within a module that a stage froze and thawed."""
        model = torch.nn.Module()
        model.train_cfg = None
        model.backbone = torch.nn.Sequential(
            torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
        model.head = torch.nn.Linear(2, 2)
        model.backbone[0].requires_grad_(False)
        hook = HOOKS.build(
            dict(
                type='StageHook',
                stages=[
                    dict(STAGES[0], frozen=('backbone', )),
                    dict(STAGES[1], frozen=('head', )),
                    dict(STAGES[2], frozen=()),
                ]))
        states = []
        for index in range(3):
            hook._enter(self.runner(model), index)
            states.append([
                part.weight.requires_grad
                for part in (*model.backbone, model.head)
            ])
        assert states == [[False, False, True], [False, True, False],
                          [False, True, True]]
        assert model.train_cfg == dict(losses=('cascade', ))


class TestWrongConfigs:

    def test_no_stage(self):
        with pytest.raises(ValueError, match='at least one stage'):
            StageHook([])

    @pytest.mark.parametrize('change,message', [
        (dict(frozen=None), "keys .*'frozen'.*, found"),
        (dict(epochs=3), "found .*'epochs'"),
        (dict(losses=('heatmaps', )), "'landmarks' name .'heatmaps'.*'maps'"),
        (dict(length=0), "length of stage 'landmarks' .*found 0"),
        (dict(length=1.5), "length of stage 'landmarks' .*found 1.5"),
    ])
    def test_wrong_stage_is_named(self, change, message):
        stage = dict(STAGES[0], **change)
        stage = {k: v for k, v in stage.items() if v is not None}
        with pytest.raises(ValueError, match=message):
            StageHook([stage])

    @pytest.mark.parametrize('stages,message', [
        (STAGES[:2], 'last 3 epochs, train_cfg 4'),
        ([dict(STAGES[0], lr=1e-2), *STAGES[1:]
          ], "first stage, 'landmarks', is 0.01, the optimizer's 0.001"),
        ([*STAGES[:2], dict(STAGES[2], frozen=('backbon', ))
          ], r"'cascade' freezes \['backbon'\]"),
    ])
    def test_before_the_first_iteration(self, tmp_path, stages, message):
        """Not after days, when the last stage begins."""
        with pytest.raises(ValueError, match=message):
            run(tmp_path, f'wrong{len(message)}', stages)


@pytest.mark.parametrize('config', ['spiga_wflw.py', 'spiga_300w.py'])
def test_schedule_of_the_paper(repo, config):
    """Every epoch's rate in the configs, as RECIPE section 4 has them."""
    cfg = Config.fromfile(osp.join(repo, 'configs', config))
    stages, = [
        hook['stages'] for hook in cfg.custom_hooks
        if hook['type'] == 'StageHook'
    ]
    assert sum(stage['length']
               for stage in stages) == cfg.train_cfg['max_epochs']
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))],
                                 lr=cfg.optim_wrapper.optimizer.lr)
    assert stages[0]['lr'] == optimizer.defaults['lr']
    schedulers = [
        PARAM_SCHEDULERS.build(dict(one, optimizer=optimizer))
        for one in cfg.param_scheduler
    ]
    hook = StageHook(stages)
    hook._by_epoch = lambda runner: True
    rates = []
    for epoch in range(cfg.train_cfg['max_epochs']):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        hook.after_train_iter(
            SimpleNamespace(
                epoch=epoch,
                iter=epoch,
                train_dataloader=[0],
                work_dir='',
                save_checkpoint=lambda *args, **kwargs: None,
                optim_wrapper=SimpleNamespace(
                    optimizer=optimizer, param_groups=optimizer.param_groups)),
            0)
        for scheduler in schedulers:
            scheduler.step()
    paper = ([1e-3] * 380 + [1e-4] * 70 +  # landmarks
             [1e-3] * 100 + [1e-4] * 50 +  # multi-task
             [1e-4] * 100 + [1e-5] * 50)  # cascade
    assert rates == pytest.approx(paper)


@pytest.mark.parametrize('config', ['spiga_wflw.py'])
def test_frozen_modules_of_the_configs_exist(repo, config):
    cfg = Config.fromfile(osp.join(repo, 'configs', config))
    names = {name for name, _ in MODELS.build(cfg.model).named_modules()}
    for hook in cfg.custom_hooks:
        for stage in hook.get('stages', []):
            assert set(stage['frozen']) <= names
