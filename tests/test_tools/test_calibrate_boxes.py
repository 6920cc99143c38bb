"""tools/analysis_tools/calibrate_boxes.py on drawn images."""
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from cartoon import HEAD, cartoon_face

from spiga_mmpose.apis import load_calibration, make_finder
from spiga_mmpose.landmark_sets import load_landmark_set

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

SIZES = (150, 180, 210, 240)


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis_tools', 'calibrate_boxes.py')


def box_of(size):
    """What is annotated: the lower half of the drawn head."""
    x1, y1, x2, y2 = size * HEAD
    return np.array([x1, (y1 + y2) / 2, x2, y2])


def face_row(size):
    ids = load_landmark_set('wflw_98').annotation_ids
    x1, y1, x2, y2 = box_of(size)
    points = [[x1, y1], [x2, y2]] + [[x1, y2]] * 96
    return dict(
        imgpath=f'{size}.png',
        bbox=[x1, y1, x2 - x1, y2 - y1],
        headpose=None,
        ids=list(ids),
        landmarks=points,
        visible=[1] * 98)


@pytest.fixture
def data(tmp_path):
    """A config of cartoons whose landmark boxes are known."""
    for size in SIZES:
        cv2.imwrite(str(tmp_path / f'{size}.png'), cartoon_face(size))
    (tmp_path / 'faces.json').write_text(
        json.dumps([face_row(size) for size in SIZES]))
    path = tmp_path / 'config.py'
    path.write_text(f"""
test_dataloader = dict(
    batch_size=1,
    dataset=dict(
        type='SPIGAJsonDataset',
        ann_file='faces.json',
        data_root={str(tmp_path)!r},
        data_prefix=dict(img=''),
        test_mode=True,
        pipeline=[dict(type='LoadFaceImage'), dict(type='PackFaceInputs')]))
""")
    return path


def test_a_known_calibration(tool, data, tmp_path, capsys):
    out = tmp_path / 'haar.json'
    assert tool.main(['haar', str(data), '--out', str(out)]) == 0
    printed = capsys.readouterr().out
    assert 'haar finds 4 of 4 faces' in printed and str(out) in printed
    result = json.loads(out.read_text())
    assert (result['found'], result['faces']) == (4, 4)
    assert result['after']['iou'] > 0.9 > result['before']['iou']
    assert result['after']['center'] < result['before']['center'] / 3
    # A cartoon of another size, through the file.
    find = make_finder('haar', calibration=load_calibration(str(out)))
    np.testing.assert_allclose(
        find(cartoon_face(200))[0][0], box_of(200), atol=12)


def test_check(tool, data, tmp_path, capsys):
    """A calibration is applied, not fitted."""
    given, out = tmp_path / 'given.json', tmp_path / 'out.json'
    given.write_text('{"shift": [0.5, 0], "scale": [1, 1]}')
    assert tool.main([
        'haar', str(data), '--check', str(given), '--out', str(out)
    ]) == 0
    assert 'shift 0.500 widths right' in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert result['shift'] == [0.5, 0] and result['scale'] == [1, 1]
    # Half a width of its own boxes farther right.
    before, after = result['before'], result['after']
    assert after['shift'][0] - before['shift'][0] == pytest.approx(
        before['scale'] / 2, rel=0.01)
    assert after['scale'] == pytest.approx(before['scale'])
    assert tool.main([
        'haar', str(data), '--check', 'none.json', '--out', str(out)
    ]) == 2
    assert 'none.json' in capsys.readouterr().err


def test_options(tool, data, tmp_path, capsys):
    out = tmp_path / 'haar.json'
    assert tool.main([
        'whole_image', str(data), '--out', str(out), '--max-faces', '1',
        '--cfg-options', 'test_dataloader.batch_size=2'
    ]) == 2
    # The whole image is no box of the lower half: IoU 0.6 * 0.38 = 0.23.
    assert 'finds none of the 1 faces' in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize('arguments, words', [
    (['haar', 'none.py', '--out', 'a.json'], 'none.py'),
    (['none', 'CONFIG', '--out', 'a.json'], 'no detector config none'),
    (['haar', 'CONFIG', '--out', 'no/folder/a.json'], 'no/folder/a.json'),
])
def test_one_clear_line(tool, data, tmp_path, monkeypatch, capsys, arguments,
                        words):
    monkeypatch.chdir(tmp_path)
    arguments = [str(data) if a == 'CONFIG' else a for a in arguments]
    assert tool.main(arguments) == 2
    [line] = [
        line for line in capsys.readouterr().err.splitlines()
        if line.startswith('calibrate_boxes.py: error: ')
    ]
    assert words in line


@pytest.mark.slow
def test_as_a_program(repo, data, tmp_path):
    """In a process that has set up nothing."""
    done = subprocess.run([
        sys.executable, f'{repo}/tools/analysis_tools/calibrate_boxes.py',
        'haar',
        str(data), '--out',
        str(tmp_path / 'haar.json')
    ],
                          env=dict(os.environ, PYTHONPATH=repo),
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert 'haar finds 4 of 4 faces' in done.stdout
