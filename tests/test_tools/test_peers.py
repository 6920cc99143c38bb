"""tools/analysis_tools/peers: adapters to packages that are not here.

Stand-ins of the packages, written as files, answer for them.
"""
import json
import os
import os.path as osp
import subprocess
import sys

import cv2
import numpy as np
import pytest

from spiga_mmpose.landmark_sets import load_landmark_set

IDS = load_landmark_set('300w_68').annotation_ids
SIZE = 300  # px, of the images
TOOLS = ('run_dlib.py', 'run_mediapipe.py')

# The two corners of the rectangle, as if they were the landmarks.
DLIB = '''
from types import SimpleNamespace as Point
def rectangle(*sides): return sides
class shape_predictor:
    def __init__(self, path):
        assert path.endswith('shape_predictor_68_face_landmarks.dat')
    def __call__(self, image, box):
        assert image.shape == (300, 300, 3)
        left, top, right, bottom = box
        points = [Point(x=left, y=top), Point(x=right, y=bottom)] * 34
        return Point(parts=lambda: points)
'''
# Vertex i is i/467 of the way along the diagonal of the face's box; faces at
# the top left and at the bottom right of the image, none in dark ones.
MEDIAPIPE = '''
from types import SimpleNamespace as Some
def face(low, high):
    way = [low + (high - low) * i / 467 for i in range(468)]
    return Some(landmark=[Some(x=at, y=at) for at in way])
class FaceMesh:
    def __init__(self, static_image_mode, refine_landmarks, max_num_faces):
        assert static_image_mode and not refine_landmarks
    def process(self, image):
        found = [face(0, .3), face(.5, .9)] if image.max() else None
        return Some(multi_face_landmarks=found)
solutions = Some(face_mesh=Some(FaceMesh=FaceMesh))
'''


@pytest.fixture
def adapt(repo, tmp_path):
    """Run an adapter where only the given modules can be imported again."""

    def _adapt(tool, *arguments, options=(), **modules):
        for name, text in modules.items():
            (tmp_path / f'{name}.py').write_text(text)
        path = osp.join(repo, 'tools', 'analysis_tools', 'peers', tool)
        return subprocess.run(
            [sys.executable, *options, path, *map(str, arguments)],
            env=dict(os.environ, PYTHONPATH=str(tmp_path)),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120)

    return _adapt


@pytest.fixture
def save(tmp_path):
    """Write faces with tight boxes (x1, y1, x2, y2), and images of grey."""

    def _save(*boxes, grey=100):
        faces = []
        for place, (x1, y1, x2, y2) in enumerate(boxes):
            points = [[x1, y1]] * 34 + [[x2, y2]] * 34
            faces.append(
                dict(
                    imgpath=f'{place}.png',
                    bbox=[x1, y1, x2 - x1, y2 - y1],
                    ids=IDS,
                    landmarks=points))
            cv2.imwrite(
                str(tmp_path / f'{place}.png'),
                np.full((SIZE, SIZE, 3), grey, np.uint8))
        (tmp_path / 'truth.json').write_text(json.dumps(faces))
        return faces

    return _save


def read(path):
    return json.loads(path.read_text())


def test_dlib_gets_a_box_like_its_own(adapt, save, tmp_path):
    """A square of 0.975 longer sides, 0.097 of them above the centre."""
    faces = save((100, 100, 200, 180))
    (tmp_path / 'face_recognition_models').mkdir()
    (tmp_path / 'face_recognition_models' / '__init__.py').touch()
    done = adapt('run_dlib.py', 'truth.json', 'found.json', dlib=DLIB)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('found.json: 1 faces, 0 not found')
    found, = read(tmp_path / 'found.json')
    # 150 - 48.75, 130.3 - 48.75; the last px: 150 + 48.75 and so on, less 1.
    assert found['landmarks'] == [[101, 82], [198, 178]] * 34
    assert found['ids'] == IDS and found['seconds'] > 0
    assert found['imgpath'] == '0.png' and found['bbox'] == faces[0]['bbox']


def test_mediapipe_face_that_overlaps_the_box(adapt, save, tmp_path):
    save((150, 150, 270, 270), (0, 200, 90, 290))
    done = adapt('run_mediapipe.py', 'truth.json', 'found.json',
                 mediapipe=MEDIAPIPE)
    assert done.returncode == 0, done.stderr
    assert 'found.json: 2 faces, 1 not found' in done.stdout
    first, second = read(tmp_path / 'found.json')
    points = np.array(first['landmarks'])
    assert points.shape == (68, 2)
    # Nose bridge, vertices 168 and 6; outer eye corners, 33 and 263.
    expected = 150 + 120 * np.array([(168 + 6) / 2, 33, 263]) / 467
    np.testing.assert_allclose(points[[27, 36, 45]],
                               np.stack([expected, expected], 1))
    assert second['landmarks'] == second['ids'] == []


def test_mediapipe_finds_no_face(adapt, save, tmp_path):
    save((150, 150, 270, 270), grey=0)
    done = adapt('run_mediapipe.py', 'truth.json', 'found.json',
                 mediapipe=MEDIAPIPE)
    assert '1 faces, 1 not found' in done.stdout
    assert read(tmp_path / 'found.json')[0]['landmarks'] == []


@pytest.mark.parametrize('tool', TOOLS)
def test_without_any_package(adapt, save, tmp_path, tool):
    """-S: Python alone, no NumPy either."""
    save((10, 10, 90, 90))
    done = adapt(tool, '--help', options=['-S'])
    assert done.returncode == 0 and '--data-root' in done.stdout
    done = adapt(tool, 'truth.json', 'found.json', options=['-S'])
    package = tool[len('run_'):-len('.py')]
    assert done.returncode == 2
    assert done.stderr == (
        f"{tool}: error: No module named '{package}'; in an environment of "
        'its own: pip install -r tools/analysis_tools/peers/'
        'requirements.txt\n')
    assert not (tmp_path / 'found.json').exists()


def test_mediapipe_without_models(adapt, save):
    save((10, 10, 90, 90))
    done = adapt('run_mediapipe.py', 'truth.json', 'found.json',
                 mediapipe="__version__ = '1.2.3'")
    assert done.returncode == 2 and done.stderr.count('\n') == 1
    assert 'mediapipe 1.2.3 brings no models; expected 0.10.21' in done.stderr


def change(**changes):
    return lambda faces: faces[1].update(changes)


@pytest.mark.parametrize('damage, message', [
    (change(ids=[999] * 68), 'truth.json: face 1: expected'),
    (change(landmarks=[]), 'truth.json: face 1: expected imgpath'),
    (change(landmarks=[[1, 'x']]), 'truth.json: face 1'),
    (change(imgpath=None), 'truth.json: face 1'),
    (change(imgpath='no.png'), 'cannot read the image no.png'),
    (change(imgpath='truth.json'), 'cannot read the image truth.json'),
    (lambda faces: faces.clear(), 'truth.json: expected a list of faces'),
])
def test_bad_annotations(adapt, save, tmp_path, damage, message):
    faces = save((10, 10, 90, 90), (10, 10, 90, 90))
    damage(faces)
    (tmp_path / 'truth.json').write_text(json.dumps(faces))
    done = adapt('run_mediapipe.py', 'truth.json', 'found.json',
                 mediapipe=MEDIAPIPE)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.count('\n') == 1
    assert not (tmp_path / 'found.json').exists()


@pytest.mark.parametrize('arguments, message', [
    (('nowhere.json', 'found.json'), 'nowhere.json'),
    (('0.png', 'found.json'), '0.png'),
    (('truth.json', 'no/folder/found.json'), 'no/folder/found.json'),
])
def test_bad_paths(adapt, save, arguments, message):
    save((10, 10, 90, 90))
    done = adapt('run_mediapipe.py', *arguments, mediapipe=MEDIAPIPE)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.count('\n') == 1
