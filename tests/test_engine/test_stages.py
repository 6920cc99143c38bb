"""Stages of a config: what they need, and runs of some of them."""
import os.path as osp

import pytest
from mmengine.config import Config
from small_runs import STAGES

from spiga_mmpose.engine import read_stages, select_stages
from spiga_mmpose.engine.stages import stage_at, trained_until


@pytest.fixture
def config(repo):
    config = Config.fromfile(osp.join(repo, 'configs', 'spiga_wflw.py'))
    config.load_from = 'stage_before.pth'
    return config


def names(config):
    return [stage.name for stage in config.stages]


class TestReading:

    def test_an_epoch_belongs_to_a_stage(self):
        stages = read_stages(dict(stages=STAGES))
        assert [stage_at(stages, epoch) for epoch in range(4)] == [0, 0, 1, 2]

    def test_how_long_each_stage_was_trained(self):
        stages = read_stages(dict(stages=STAGES))
        assert [trained_until(stages, epoch) for epoch in range(5)] == [
            [],
            [['landmarks', 1]],
            [['landmarks', 2]],
            [['landmarks', 2], ['multitask', 1]],
            [['landmarks', 2], ['multitask', 1], ['cascade', 1]],
        ]

    @pytest.mark.parametrize('stages', [None, [], 5])
    def test_no_stages(self, stages):
        with pytest.raises(ValueError, match='the config has no stages'):
            read_stages(dict(stages=stages))

    @pytest.mark.parametrize('change,message', [
        (dict(frozen=None), "keys .*'frozen'.*, found"),
        (dict(epochs=3), "found .*'epochs'"),
        (dict(losses=('heatmaps', )), "'landmarks' name .'heatmaps'.*'maps'"),
        (dict(length=0), "length of stage 'landmarks' .*found 0"),
        (dict(length=1.5), "length of stage 'landmarks' .*found 1.5"),
        (dict(lr=0), "lr of stage 'landmarks' .*found 0"),
        (dict(lr='fast'), "lr of stage 'landmarks' .*found 'fast'"),
    ])
    def test_wrong_stage_is_named(self, change, message):
        stage = dict(STAGES[0], **change)
        stage = {k: v for k, v in stage.items() if v is not None}
        with pytest.raises(ValueError, match=message):
            read_stages(dict(stages=[stage]))

    def test_two_of_one_name(self):
        with pytest.raises(ValueError, match="names, found .*'landmarks', 'l"):
            read_stages(dict(stages=[STAGES[0], STAGES[0]]))


class TestSelecting:

    def test_the_last_stage_alone(self, config):
        last = config.stages[2]
        select_stages(config, ['cascade'])
        assert config.stages == [last]

    def test_stages_keep_their_order(self, config):
        select_stages(config, ['cascade', 'landmarks'])
        assert names(config) == ['landmarks', 'cascade']

    def test_all_stages_change_nothing(self, config):
        before = config.to_dict()
        select_stages(config, names(config))
        assert config.to_dict() == before

    def test_unknown_names_are_named(self, config):
        with pytest.raises(ValueError, match="'casade'.*'landmarks'"):
            select_stages(config, ['casade'])

    @pytest.mark.parametrize('chosen,message', [
        (['cascade'], "'cascade' would start from random .*/multitask.pth"),
        (['cascade', 'multitask'], "'multitask' would .*/landmarks.pth"),
    ])
    def test_a_later_stage_needs_weights(self, config, chosen, message):
        config.load_from = None
        with pytest.raises(ValueError, match=message):
            select_stages(config, chosen)
        config.resume = True
        select_stages(config, chosen)

    def test_the_first_stage_needs_none(self, config):
        config.load_from = None
        select_stages(config, ['landmarks', 'cascade'])
        assert names(config) == ['landmarks', 'cascade']

    def test_a_config_without_stages(self, config):
        config.stages = None
        with pytest.raises(ValueError, match='no stages'):
            select_stages(config, ['cascade'])
