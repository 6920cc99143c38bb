"""StageHook: schedulers and stages of configs."""
import os.path as osp

import pytest
from learning_rates import learning_rates
from mmengine.config import Config
from mmpose.registry import MODELS
from small_runs import STAGES


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
