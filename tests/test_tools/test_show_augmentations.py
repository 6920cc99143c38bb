"""The grid of training samples."""
import os.path as osp
import runpy
import sys

import cv2
import numpy as np
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


def test_grid(run, tmp_path):
    run(tmp_path / 'a.png', '--faces', '2', '--views', '3', '--size', '96')
    grid = cv2.imread(str(tmp_path / 'a.png'))
    assert grid.shape[0] > 2 * 96 and 3 * 96 < grid.shape[1] < 4 * 96
    run(tmp_path / 'b.png', '--faces', '2', '--views', '3', '--size', '96')
    assert (cv2.imread(str(tmp_path / 'b.png')) == grid).all()
    run(tmp_path / 'c.png', '--faces', '2', '--views', '3', '--size', '96',
        '--seed', '1')
    assert (cv2.imread(str(tmp_path / 'c.png')) != grid).any()


def test_hidden_landmarks_have_their_own_sign(load_tool):
    """Told apart by their form: a small disc, and a larger cross."""
    tool = load_tool('analysis_tools', 'show_augmentations.py')
    center, shapes = np.array([20, 20]), []
    for draw in (lambda canvas: tool.draw_dot(canvas, center, (255, ) * 3,
                                              600),
                 lambda canvas: tool.draw_cross(canvas, center, 600)):
        canvas = np.full((41, 41, 3), 128, np.uint8)
        draw(canvas)
        shapes.append((canvas != 128).any(-1))
    dot, cross = shapes
    assert dot[20, 20] and cross[20, 20]
    assert dot.any(0).sum() < cross.any(0).sum() < 24
    assert not cross[20, 26] and cross[25, 25]  # nothing between its arms


def test_edges_show_on_white_and_on_black(load_tool):
    tool = load_tool('analysis_tools', 'show_augmentations.py')
    lines = np.zeros((9, 9), np.float32)
    lines[4] = 1
    for shade in (0, 255):
        canvas = np.full((9, 9, 3), shade, np.uint8)
        tool.draw_edges(canvas, lines)
        assert (canvas[4] == 255).all() and (canvas[3] < 128).all()
        assert (canvas[0] == shade).all()


@pytest.mark.parametrize('out, args, words', [
    ('none/a.png', (), 'cannot write the image'),
    ('a.xyz', (), 'grid.jpg or grid.png'),
    ('a.png', ('--faces', '0'), '--faces: expected an integer'),
    ('a.png', ('--size', 'big'), '--size: expected an integer'),
    ('a.png', ('--cfg-options', 'codec.hidden=no'), "found 'no'"),
])
def test_bad_input_ends_in_one_line(run, tmp_path, capsys, out, args, words):
    with pytest.raises(SystemExit) as stop:
        run(tmp_path / out, '--faces', '1', '--views', '1', '--size', '96',
            *args)
    assert stop.value.code == 2
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith('show_augmentations.py: error: ') and words in line


def test_config_that_trains_nothing(run, tmp_path, capsys):
    (tmp_path / 'config.py').write_text('model = dict()')
    with pytest.raises(SystemExit):
        run(tmp_path / 'a.png')
    assert "the key 'codec' is missing" in capsys.readouterr().err
