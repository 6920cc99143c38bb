"""StageHook: resumed runs, and checkpoints that do not fit."""
import os.path as osp
from types import SimpleNamespace

import pytest
import torch
from small_runs import ITERS, STAGES, run

from spiga_mmpose.engine import StageHook
from .conftest import CONSTANT


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
