"""tools/analysis_tools/video_jitter.py with a network that is almost exact."""

import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from spiga_mmpose.datasets.synthetic_backend import numbered_face

pytest.importorskip('lap', reason='needs requirements/video.txt')


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'video_jitter.py')


@pytest.fixture
def network(tool, monkeypatch):
    """Finds the synthetic face by its image, and errs by 0.5 px."""
    face = numbered_face('default', tool.SIZE, 0, 0)
    eyes = face.image[50:100, 40:120]
    rng = np.random.default_rng(0)

    def estimate(model, items):
        [(image, boxes, scores)] = items
        match = cv2.matchTemplate(image, eyes, cv2.TM_SQDIFF)
        x, y = cv2.minMaxLoc(match)[2]
        count = len(boxes)  # 0 or 1
        points = face.landmarks + [x - 40, y - 50]
        points = points + rng.normal(0, 0.5, (count, 98, 2))
        return [
            PoseDataSample(
                pred_instances=InstanceData(
                    bboxes=boxes,
                    bbox_scores=scores,
                    keypoints=np.float32(points),
                    keypoint_scores=np.ones((count, 98), np.float32)))
        ]

    monkeypatch.setattr(tool, 'load_model', lambda *_: None)
    monkeypatch.setattr(tool, 'estimate_images', estimate)
    return tool


def test_the_table(network, capsys):
    assert network.main(['config.py', 'weights.pth', '--frames', '40']) == 0
    heading, *rows, caption = capsys.readouterr().out.strip().splitlines()
    assert heading.split()[:3] == ['smoothing', 'jitter', '%']
    assert [row.split()[0] for row in rows] == ['off', 'light', 'strong']
    off, light, strong = [
        [float('nan' if cell == '-' else cell) for cell in row.split()[1:]]
        for row in rows
    ]
    assert off[0] > light[0] > strong[0] > 0
    assert off[1] == 100 and 60 > light[1] > strong[1] > 5
    assert np.isnan(off[2])  # this network estimates no pose
    assert off[3] == off[5] == 0
    assert 0.2 < light[3] < strong[3] < 100 / (2 * np.pi * 5)
    # A tenth of the size a second is 1 % in 100 ms.
    assert light[4] == pytest.approx(10 * light[3] / 0.5, abs=0.02)
    assert 'config.py, weights.pth; one synthetic face (seed 0), 40' in caption


def test_face_is_lost(network, monkeypatch, capsys):
    found = network.estimate_images

    def fails_later(model, items, calls=[]):
        calls += [1] * len(items[0][1])
        [sample] = found(model, items)
        if len(calls) > 5:
            sample.pred_instances.keypoint_scores[:] = 0
        return [sample]

    monkeypatch.setattr(network, 'estimate_images', fails_later)
    assert network.main(['config.py', 'weights.pth', '--frames', '20']) == 2
    error = capsys.readouterr().err
    assert 'error: the model loses the face on frame 6 of 20' in error
    assert 'Traceback' not in error


def test_no_files(tool, capsys):
    assert tool.main(['none.py', 'none.pth']) == 2
    assert 'error: no config file none.py' in capsys.readouterr().err


def test_too_few_frames(tool, capsys):
    with pytest.raises(SystemExit):
        tool.main(['a', 'b', '--frames', '3'])
    assert 'at least 20, found 3' in capsys.readouterr().err


def test_still_frames(tool):
    image = np.full((40, 50, 3), 100, np.uint8)
    first, second = [
        frame.astype(float) for frame in tool.still_frames(image, 8, 2, 0)
    ]
    assert first.std() == pytest.approx(8, rel=.05)
    assert (first != second).mean() > .9
    [clean] = tool.still_frames(image, 0, 1, 0)
    assert (clean == image).all()


def test_moving_frames(tool):
    image = np.zeros((8, 10, 3), np.uint8)
    image[4, 5] = 200
    frames = list(tool.moving_frames(image, 2, 4))
    assert {frame.shape for frame in frames} == {(8, 18, 3)}
    assert [int(frame[4, :, 0].argmax()) for frame in frames] == [5, 7, 9, 11]


def test_numbers_by_hand(tool):
    # One landmark goes 3 right and 4 down, the other rests.
    points = np.array([[[0, 0], [9, 9]], [[3, 4], [9, 9]]], float)
    assert tool.jitter(points, 50) == pytest.approx(100 * 2.5 / 50)
    assert tool.turn(np.array([[179., 0, 0], [-179, 1, 0]])) == 1
    assert tool.turn(None) is None
    assert tool.lag(points + [2, 0], points, 50) == 4
