"""What stands beside a dump."""
import json
import os.path as osp

import pytest
from mmengine.config import Config

from spiga_mmpose.evaluation.run_info import (RunInfo, describe_run, info_path,
                                              read_run_info, write_run_info)


@pytest.fixture(scope='module')
def cfg(repo):
    return Config.fromfile(osp.join(repo, 'configs', 'spiga_wflw_json.py'))


def test_round_trip(cfg, tmp_path):
    dump = str(tmp_path / 'results.pkl')
    info = describe_run(cfg, 'configs/spiga_wflw_json.py', 'wflw.pth', {})
    assert info == RunInfo(
        config='configs/spiga_wflw_json.py',
        checkpoint='wflw.pth',
        boxes='true landmarks',
        flip_test='off',
        dataset='SPIGAJsonDataset',
        annotations='data/wflw/annotations/test.json')
    write_run_info(dump, info)
    assert (tmp_path / 'results.pkl.json').exists()
    assert read_run_info(dump) == info


def test_options_show_and_count(cfg):
    cfg = cfg.copy()
    options = {'model.test_cfg.flip_test': True, 'work_dir': 'x'}
    cfg.merge_from_dict(options)
    info = describe_run(cfg, 'c.py', 'w.pth', options)
    assert info.config == 'c.py model.test_cfg.flip_test=True work_dir=x'
    assert info.flip_test == 'on'


def test_boxes_by_the_pipeline(cfg):
    cfg = cfg.copy()
    dataset = cfg.test_dataloader.dataset
    dataset.pipeline = [step for step in dataset.pipeline
                        if step['type'] != 'BoxFromLandmarks']
    assert describe_run(cfg, 'c', 'w', {}).boxes == 'annotated'
    cfg.test_dataloader.dataset = dict(
        type='RepeatDataset', times=2, dataset=dataset)
    info = describe_run(cfg, 'c', 'w', {})
    assert info.boxes == 'unknown' and info.annotations == 'unknown'
    assert info.dataset == 'RepeatDataset'


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
