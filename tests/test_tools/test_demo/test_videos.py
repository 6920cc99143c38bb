"""tools/demo.py: videos and cameras."""
import json
import os
from itertools import count

import cv2
import numpy as np
import pytest
from cartoon import cartoon_face

from spiga_mmpose.apis.tracking import FaceFollower

pytest.importorskip('lap', reason='no lap (requirements/video.txt)')
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


def write_video(path, codec, count):
    """A face that moves to the right."""
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*codec), 10, (200, 200))
    for i in range(count):
        writer.write(np.roll(cartoon_face(200), 3 * i, 1))
    writer.release()
    return path


@pytest.fixture
def video(folder):
    return write_video(folder / 'film.mp4', 'mp4v', 6)


@pytest.fixture
def ctrl_c(monkeypatch):
    """Somebody presses Ctrl-C on the third frame of any video or camera."""

    class Capture:

        def __init__(self, source):
            pass

        def isOpened(self):
            return True

        def get(self, what):
            return 0.

        def read(self):
            return True, cartoon_face(200)

        def release(self):
            pass

    follow, calls = FaceFollower.__call__, count(1)

    def follow_two(self, image):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return follow(self, image)

    monkeypatch.setattr(FaceFollower, '__call__', follow_two)

    monkeypatch.setattr(cv2, 'VideoCapture', Capture)


def test_with_an_image(run, video, face_file, out):
    code, printed = run(video, face_file, '--det-every', '3', '--smooth',
                        'off')
    assert code == 0, printed
    assert 'film.mp4: 6 frames' in printed
    assert '1 face in 1 image and 1 video, written to' in printed
    assert sorted(os.listdir(out)) == [
        'face.json', 'face_faces.jpg', 'film.csv', 'film.jsonl',
        'film_faces.mp4'
    ]
    lines = (out / 'film.jsonl').read_text().splitlines()
    assert len(lines) == 6
    face = json.loads(lines[0])['faces'][0]
    assert len(face['landmarks']) == 98
    assert 'pose' in face and face['track_id'] == 0


def test_options_reach_it(run, video, out):
    found = []
    for options in (['--smooth', 'strong', '--draw', 'pose,steps'],
                    ['--smooth', 'off', '--draw', 'landmarks']):
        code, printed = run(video, *options)
        assert code == 0
        assert '1 video, written to' in printed and '0 faces' not in printed
        assert ('steps: not drawn of videos' in printed) == (not found)
        drawn = cv2.VideoCapture(str(out / 'film_faces.mp4')).read()[1]
        found.append(((out / 'film.csv').read_text(), drawn.astype(int)))
    (strong, pose), (off, landmarks) = found
    assert strong != off
    assert (np.abs(pose - landmarks) > 60).any()


def test_broken_and_missing(run, folder, face_file):
    (folder / 'text.mp4').write_text('no film')
    code, printed = run(folder / 'text.mp4', folder / 'none.avi', 'webcam:99',
                        face_file)
    assert code == 1
    for name in ('text.mp4', 'none.avi', 'webcam:99'):
        assert name in printed
    assert '1 face in 1 image, ' in printed and '3 inputs sk' in printed


def test_broken_off(run, folder, out):
    """What could be read is written; the exit code tells of the rest."""
    path = write_video(folder / 'cut.avi', 'MJPG', 12)
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2])
    code, printed = run(path)
    assert code == 1
    assert 'broken off: ' in printed and 'frames of 12' in printed
    assert 'out; 1 video broken off' in printed
    assert 'skipped' not in printed
    assert (out / 'cut.csv').read_text().count('\n') > 2


def test_of_a_folder(run, video, face_file, folder):
    """They are left out, and the user is told how to run them."""
    code, printed = run(folder)
    assert code == 0 and '1 face in 1 image, ' in printed
    assert 'note: left out: 1 video in the folder' in printed
    assert f"name '{folder}/*.mp4'" in printed
    code, printed = run(f'{folder}/*.mp4')
    assert code == 0 and '1 video, written' in printed


def test_interrupted(run, video, face_file, ctrl_c):
    code, printed = run(video, face_file)
    assert code == 130 and 'interrupted: 1 image left' in printed
    assert 'film.mp4: 2 frames' in printed


def test_a_camera_ends_with_ctrl_c(run, face_file, ctrl_c):
    """That is no interruption: what is named after it is done."""
    code, printed = run('webcam', face_file)
    assert code == 0 and 'ended by Ctrl-C' in printed
    assert '1 face in 1 image and 1 video' in printed
