"""tools/run_demo.py: the parts that need no training."""
import os
import os.path as osp

import pytest
from tiny_model import drawn_test, write_tiny_model

from spiga_mmpose.evaluation.run_info import RunInfo, read_run_info
from spiga_mmpose.io import load_dump

MODEL = """
model = dict(head=dict(supervision=dict(type='MultiTaskHead')))
test_evaluator = [dict(type='FaceAlignmentMetric', norm='lnd_bbox')]
"""


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('run_demo.py')


def test_predictions_and_what_made_them(tool, tmp_path, monkeypatch):
    base, weights = write_tiny_model(str(tmp_path))
    config = tmp_path / 'config.py'
    config.write_text(drawn_test(base, 3, 2) + MODEL)
    monkeypatch.chdir(tmp_path)
    result = tool.evaluate('tiny one', str(config), weights)
    (tmp_path / 'out').mkdir()
    tool.write_predictions({'tiny one': result}, 'out')
    assert sorted(os.listdir('out')) == ['tiny_one.pkl', 'tiny_one.pkl.json']
    assert len(load_dump('out/tiny_one.pkl')) == 3
    assert read_run_info('out/tiny_one.pkl') == RunInfo(
        config='config.py',
        checkpoint=osp.basename(weights),
        boxes='true landmarks',
        flip_test='off',
        selection='not on the test set',
        dataset='SyntheticFaceDataset',
        annotations='none, drawn faces')
