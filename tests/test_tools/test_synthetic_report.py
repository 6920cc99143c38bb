"""tools/synthetic_report.py: the parts that need no training."""
import os
import os.path as osp
import re
import shutil

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
    return load_tool('synthetic_report.py')


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
        annotations='none, synthetic faces',
        pose='of the network')


def test_files(tool, tmp_path, monkeypatch, capsys):
    """All that it names is there, and the table has a column a model."""
    base, weights = write_tiny_model(str(tmp_path))
    config = tmp_path / 'config.py'
    config.write_text(
        drawn_test(base, 3, 2) + MODEL +
        'stages = [dict(length=3), dict(length=4)]')
    (tmp_path / 'training').mkdir()
    shutil.copy(weights, tmp_path / 'training' / 'epoch_7.pth')
    for name, value in (('SHORT', config), ('LONG', config), ('LONG_WEIGHTS',
                                                              weights)):
        monkeypatch.setattr(tool, name, str(value))
    assert tool.main(['--out', str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert '| synthetic faces, % | ten minutes | long |' in printed
    for name in re.findall(r'\w+\.\w+', printed.split('wrote ')[1])[:7]:
        assert (tmp_path / name).stat().st_size > 0


def test_no_finished_training(tool, tmp_path, capsys):
    training = tmp_path / 'training'
    training.mkdir()
    (training / 'epoch_3.pth').write_text('')
    assert tool.main(['--out', str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert 'no checkpoint of a finished training' in line
    assert str(training) in line and 'epoch_16.pth' in line
