"""The sheet of training samples."""
import os.path as osp
import runpy
import sys

import cv2
import pytest

CONFIG = '''
landmark_set = 'wflw_98'
codec = dict(type='SPIGALabel', input_size=(128, 128))
train_dataloader = dict(dataset=dict(
    type='SyntheticFaceDataset', num_faces=3, pipeline=[
        dict(type='FaceRandomFlip'),
        dict(type='FaceBoxCenterScale'),
        dict(type='FaceRandomBox'),
        dict(type='SPIGACrop', input_size=(128, 128)),
        dict(type='RandomOcclusion'),
        dict(type='GenerateTarget', encoder=codec),
        dict(type='PackFaceInputs')]))
'''


@pytest.fixture
def run(repo, tmp_path, monkeypatch):
    (tmp_path / 'config.py').write_text(CONFIG)
    path = osp.join(repo, 'tools', 'analysis_tools', 'show_augmentations.py')

    def runner(out, *args):
        monkeypatch.setattr(
            sys, 'argv',
            [path, str(tmp_path / 'config.py'), str(out), *args])
        runpy.run_path(path, run_name='__main__')

    return runner


def test_sheet(run, tmp_path):
    run(tmp_path / 'a.png', '--faces', '2', '--views', '3', '--size', '96')
    sheet = cv2.imread(str(tmp_path / 'a.png'))
    assert sheet.shape[0] > 2 * 96 and sheet.shape[1] > 3 * 96
    assert sheet.shape[1] > sheet.shape[0]
    run(tmp_path / 'b.png', '--faces', '2', '--views', '3', '--size', '96')
    assert (cv2.imread(str(tmp_path / 'b.png')) == sheet).all()
    run(tmp_path / 'c.png', '--faces', '2', '--views', '3', '--size', '96',
        '--seed', '1')
    assert (cv2.imread(str(tmp_path / 'c.png')) != sheet).any()


def test_folder_that_is_not_there(run, tmp_path):
    with pytest.raises(ValueError, match='cannot write'):
        run(tmp_path / 'none' / 'a.png', '--faces', '1', '--views', '1')
