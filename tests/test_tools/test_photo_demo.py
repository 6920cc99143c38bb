"""tools/photo_demo.py as `make demo` runs it, with its own network."""
import csv

import cv2
import numpy as np
import pytest

FRAMES = 90


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('photo_demo.py')


@pytest.fixture(scope='module')
def folder(tool, tmp_path_factory):
    """What one run has written."""
    pytest.importorskip('lap', reason='no lap (requirements/video.txt)')
    path = tmp_path_factory.mktemp('demo') / 'out'
    assert tool.main(['--out', str(path)]) == 0
    return path


def frames_of(path):
    """(N, H, W, 3) of a video, int16."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while (frame := capture.read()[1]) is not None:
        frames.append(frame)
    return np.array(frames, np.int16)


def test_figure(folder):
    """Small enough for a README, with the photograph and four panels."""
    path = folder / 'photo.jpg'
    assert path.stat().st_size < 300_000
    height, width, _ = cv2.imread(str(path)).shape
    assert 1500 < width < 1700
    assert height < 0.6 * width


def test_video(folder):
    """Drawn frames of the size and number of those that went in."""
    moving, drawn = (
        frames_of(folder / name) for name in ('video.mp4', 'video_faces.mp4'))
    assert moving.shape == drawn.shape == (FRAMES, 480, 480, 3)
    assert (np.abs(moving - drawn) > 60).any((1, 2, 3)).all()


def test_the_motion_is_smooth(folder):
    """No step, the one back to the first frame neither, is much larger."""
    frames = frames_of(folder / 'video.mp4')
    change = np.abs(frames - np.roll(frames, 1, 0)).mean((1, 2, 3))
    assert 0 < change.min() and change.max() < 3 * np.median(change)


def test_the_roll_follows_the_turns(folder):
    """The photograph turns left, right and back, and so does the head."""
    with open(folder / 'video.csv') as file:
        rows = [row for row in csv.DictReader(file) if row['track_id'] == '0']
    assert len(rows) == FRAMES
    roll = np.array([float(row['roll']) for row in rows])
    turned = -15 * np.sin(2 * np.pi * np.arange(FRAMES) / FRAMES)
    assert np.corrcoef(roll, turned)[0, 1] > 0.95


def test_no_folder(tool, tmp_path, capsys):
    path = tmp_path / 'file'
    path.write_text('')
    assert tool.main(['--out', str(path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert 'photo_demo.py: error: ' in line and str(path) in line
