"""What stands beside a dump."""
import copy
import json
import os.path as osp

import pytest
from mmengine.config import Config

from spiga_mmpose.evaluation.run_info import (RunInfo, describe_run, info_path,
                                              read_run_info, write_run_info)


@pytest.fixture(scope='module')
def configs(repo):
    return {
        name: Config.fromfile(osp.join(repo, 'configs', f'{name}.py'))
        for name in ('spiga_wflw_json', 'spiga_synthetic')
    }


@pytest.fixture
def cfg(configs):
    """For one test alone: Config.copy() shares what is inside."""
    return copy.deepcopy(configs['spiga_wflw_json'])


def test_round_trip(cfg, tmp_path):
    dump = str(tmp_path / 'results.pkl')
    info = describe_run(cfg, 'configs/spiga_wflw_json.py', 'wflw.pth', {})
    assert info == RunInfo(
        config='configs/spiga_wflw_json.py',
        checkpoint='wflw.pth',
        boxes='true landmarks',
        flip_test='off',
        pose='of the network',
        dataset='SPIGAJsonDataset',
        annotations='data/wflw/annotations/test.json')
    write_run_info(dump, info)
    assert (tmp_path / 'results.pkl.json').exists()
    assert read_run_info(dump) == info


def test_options_show_and_count(cfg):
    options = {'model.test_cfg.flip_test': True, 'work_dir': 'x'}
    cfg.merge_from_dict(options)
    info = describe_run(cfg, 'c.py', 'w.pth', options)
    assert info.config == 'c.py model.test_cfg.flip_test=True work_dir=x'
    assert info.flip_test == 'on'


def test_boxes_by_the_pipeline(cfg):
    dataset = cfg.test_dataloader.dataset
    dataset.pipeline = [step for step in dataset.pipeline
                        if step['type'] != 'BoxFromLandmarks']
    assert describe_run(cfg, 'c', 'w', {}).boxes == 'annotated'
    cfg.test_dataloader.dataset = dict(
        type='RepeatDataset', times=2, dataset=dataset)
    info = describe_run(cfg, 'c', 'w', {})
    assert info.boxes == 'unknown' and info.annotations == 'unknown'
    assert info.dataset == 'RepeatDataset'


class TestSelection:
    """Whether the checkpoint was picked on the test faces."""

    @staticmethod
    def of(cfg, checkpoint='work_dirs/a/best_NME_epoch_40.pth', **options):
        cfg.merge_from_dict(options)
        return describe_run(cfg, 'c.py', checkpoint, options).selection

    def test_the_best_on_the_test_set(self, cfg):
        assert self.of(cfg) == 'on the test set'

    def test_the_last_epoch(self, cfg):
        assert sum(stage.length for stage in cfg.stages) == 750
        assert self.of(cfg, 'a/epoch_750.pth') == 'not on the test set'
        # Any other may have been picked by hand.
        assert self.of(cfg, 'a/epoch_749.pth') == 'unknown'
        assert self.of(cfg, 'best_epoch/wflw.pth') == 'unknown'
        # The end of the last stage is the same; those before were passed by.
        assert self.of(cfg, 'a/cascade.pth') == 'not on the test set'
        assert self.of(cfg, 'a/multitask.pth') == 'unknown'
        cfg.train_cfg = dict(by_epoch=False, max_iters=900)
        assert self.of(cfg, 'a/iter_900.pth') == 'not on the test set'
        assert self.of(cfg, 'a/epoch_None.pth') == 'unknown'

    @pytest.mark.parametrize('options', [
        {'test_dataloader.dataset.subsets': 'other.json'},
        {'test_dataloader.dataset.pipeline': []},
        {'test_dataloader.dataset.indices': 100},
        {'test_dataloader.dataset.data_root': 'data/wflw'},
    ])
    def test_the_same_faces_told_otherwise(self, cfg, options):
        assert self.of(cfg, **options) == 'on the test set'

    def test_other_faces(self, cfg):
        options = {'val_dataloader.dataset.ann_file': 'annotations/val.json'}
        for name in ('best_NME_epoch_40.pth', 'epoch_7.pth', 'wflw.pth'):
            assert self.of(cfg, name, **options) == 'not on the test set'

    def test_inside_a_wrapper(self, cfg):
        inner = cfg.test_dataloader.dataset.to_dict()
        other = dict(inner, ann_file='annotations/other.json')
        # Not into val_dataloader: it is test_dataloader, too.
        cfg.val_dataloader = dict(
            dataset=dict(
                type='CombinedDataset',
                datasets=[other, dict(type='RepeatDataset', dataset=inner)]))
        assert self.of(cfg) == 'on the test set'
        cfg.val_dataloader = dict(
            dataset=dict(type='CombinedDataset', datasets=[other]))
        assert self.of(cfg) == 'not on the test set'

    def test_without_validation(self, cfg):
        cfg.val_dataloader = None
        assert self.of(cfg, 'wflw.pth') == 'not on the test set'
        # Of another training than that of the config.
        assert self.of(cfg) == 'unknown'


class TestDrawnFaces:

    @pytest.fixture
    def cfg(self, configs):
        return copy.deepcopy(configs['spiga_synthetic'])

    def test_nobody_has_annotated_them(self, cfg):
        info = describe_run(cfg, 'c.py', 'epoch_16.pth', {})
        assert info.boxes == 'true landmarks'
        assert info.annotations == 'none, synthetic faces'

    def test_selection(self, cfg):
        """Validation and test have different seeds."""
        best = 'best_NME_epoch_8.pth'
        assert describe_run(cfg, 'c.py', best,
                            {}).selection == 'not on the test set'
        cfg.test_dataloader.dataset.update(seed=1, num_faces=10)
        assert describe_run(cfg, 'c.py', best,
                            {}).selection == 'on the test set'


def test_without_the_file(tmp_path):
    info = read_run_info(str(tmp_path / 'results.pkl'))
    assert set(vars(info).values()) == {'unknown'}


def test_by_hand(tmp_path):
    """What is missing is unknown; a cell of a table is one line."""
    dump = str(tmp_path / 'results.pkl')
    with open(info_path(dump), 'w') as file:
        json.dump(dict(boxes='detector', config='a\n\n b', mood=1), file)
    info = read_run_info(dump)
    assert info == RunInfo(boxes='detector', config='a b')


@pytest.mark.parametrize('content, message', [
    ('', 'not a JSON file'),
    ('{"config": ', 'not a JSON file'),
    ('[1]', 'found a list'),
    ('{"config": 3}', "'config' must be text, found 3"),
    ('{"flip_test": true}', "'flip_test' must be text"),
])
def test_damaged(tmp_path, content, message):
    dump = str(tmp_path / 'results.pkl')
    with open(info_path(dump), 'w') as file:
        file.write(content)
    with pytest.raises(ValueError, match=message) as error:
        read_run_info(dump)
    assert str(error.value).startswith(info_path(dump))
