"""tools/analysis_tools/compare_packages.py: numbers, missed faces, errors."""
import json

import cv2
import numpy as np
import pytest
from tiny_model import write_tiny_model

from spiga_mmpose.landmark_sets import load_landmark_set

IDS = load_landmark_set('300w_68').annotation_ids
SIZE = 200  # px, of the images


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'compare_packages.py')


def true_points(face):
    """68 points (68, 2); the outer eye corners are 100 px apart."""
    points = np.random.default_rng(face).uniform(50, 150, (68, 2))
    points[[36, 45]] = (50, 100), (150, 100)
    return points


def row(face, points, **more):
    return dict(
        imgpath=f'{face}.png', ids=IDS, landmarks=points.tolist(), **more)


def missed(face, **more):
    return dict(imgpath=f'{face}.png', ids=[], landmarks=[], **more)


def shifted(points):
    """Off by 5 px on the contour, by 1 px inside: 5, 1 and, of all, 2 %."""
    shift = np.where(np.arange(68) < 17, 5, 1)[:, None] * (.6, .8)
    return points + shift


@pytest.fixture
def save(tmp_path):
    """Write faces; the path."""

    def _save(name, faces):
        path = tmp_path / name
        path.write_text(json.dumps(faces))
        return str(path)

    return _save


@pytest.fixture
def truth(save):
    return save('truth.json', [row(i, true_points(i)) for i in range(2)])


@pytest.fixture
def good(save):
    return save('good.json',
                [row(i, shifted(true_points(i))) for i in range(2)])


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    for face in range(2):
        cv2.imwrite(
            str(folder / f'{face}.png'),
            np.random.default_rng(face).integers(0, 255, (SIZE, SIZE, 3)))
    return str(folder)


def run(tool, tmp_path, *arguments):
    """Results by group and method of a run that succeeds, and all of it."""
    out = tmp_path / 'out'
    assert tool.main([*arguments, '--out', str(out)]) == 0
    content = json.loads((out / 'comparison.json').read_text())
    return content['results'], content


def test_hand_computed(tool, truth, good, tmp_path, capsys):
    results, content = run(tool, tmp_path, truth, f'two per cent={good}',
                           f'perfect={truth}')
    for group, landmarks, nme in (('all', 68, 2), ('inner', 51, 1),
                                  ('contour', 17, 5)):
        found = results[group]['two per cent']
        assert found['landmarks'] == landmarks
        assert found['faces'] == found['found'] == 2
        for key in ('NME', 'NME_found', 'median'):
            assert found[key] == pytest.approx(nme)
        assert found['AUC8'] == pytest.approx(100 * (8 - nme) / 8)
        assert found['FR8'] == 0
        assert results[group]['perfect']['NME'] == 0
    assert (content['dataset'], content['norm']) == ('300w', 'corners')

    out = tmp_path / 'out'
    for name in ('all', 'inner', 'contour'):
        assert (out / f'ced_{name}.png').read_bytes()[1:4] == b'PNG'
    table = (out / 'comparison.md').read_text()
    assert '| inner 51 | two per cent | - | 2 | 2 | 1.000 |' in table
    assert 'does not find counts with an NME of 100 %' in table
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].startswith('all 68') and 'two per cent' in printed[1]


def test_missed_faces_are_failures(tool, truth, save, tmp_path):
    path = save('half.json', [row(0, shifted(true_points(0))), missed(1)])
    results, _ = run(tool, tmp_path, truth, f'half={path}')
    found = results['all']['half']
    assert (found['faces'], found['found']) == (2, 1)
    assert found['NME_found'] == pytest.approx(2)
    assert found['NME'] == found['median'] == pytest.approx((2 + 100) / 2)
    assert found['FR8'] == 50
    assert found['AUC8'] == pytest.approx(100 * (8 - 2) / 8 / 2)
    assert results['contour']['half']['NME_found'] == pytest.approx(5)


def test_all_faces_missed(tool, truth, save, tmp_path):
    path = save('none.json', [missed(0), missed(1)])
    results, _ = run(tool, tmp_path, truth, f'none={path}')
    found = results['inner']['none']
    assert (found['found'], found['NME_found']) == (0, None)
    assert (found['NME'], found['FR8'], found['AUC8']) == (100, 100, 0)


def test_time_is_the_median_of_the_faces(tool, truth, good, save, tmp_path):
    times = save('times.json', [missed(0, seconds=.001),
                                row(1, true_points(1), seconds=.003)])
    some = save('some.json', [missed(0, seconds=.001), missed(1)])
    _, content = run(tool, tmp_path, truth, f'all={times}', f'some={some}',
                     f'none={good}')
    assert content['milliseconds'] == dict(
        all=pytest.approx(2), some=None, none=None)


@pytest.mark.filterwarnings('ignore::UserWarning')
@pytest.mark.parametrize('landmark_set', ['300w_68', 'wflw_98'])
def test_a_checkpoint(tool, truth, images, tmp_path, landmark_set):
    """Run once, and scored again from the file that it leaves."""
    config, checkpoint = write_tiny_model(str(tmp_path), landmark_set)
    first, content = run(tool, tmp_path, truth, f'ours={config}:{checkpoint}',
                         '--data-root', images)
    path = tmp_path / 'out' / 'predictions' / 'ours.json'
    faces = json.loads(path.read_text())
    assert [face['imgpath'] for face in faces] == ['0.png', '1.png']
    assert all(face['ids'] == IDS and face['seconds'] > 0 for face in faces)
    # The network has seen the tight box: x, y, width, height.
    points = true_points(1)
    assert faces[1]['bbox'] == pytest.approx(
        [*points.min(0), *np.ptp(points, 0)], abs=.01)
    assert content['milliseconds']['ours'] > 0
    again, _ = run(tool, tmp_path, truth, f'ours={path}')
    assert again == first


def test_a_set_without_contour(tool, save, tmp_path):
    landmark_set = save('three.json', dict(name='three', num_landmarks=3))
    path = save('truth.json', [dict(landmarks=[[0, 0], [3, 0], [0, 4]])])
    results, _ = run(tool, tmp_path, path, f'same={path}', '--dataset',
                     landmark_set)
    assert list(results) == ['all'] and results['all']['same']['NME'] == 0


@pytest.mark.parametrize('methods, message', [
    (['x={tmp}/nowhere.json'], 'nowhere.json'),
    (['x={tmp}/broken.json'], 'broken.json: not a JSON file'),
    (['x={tmp}/part.json'], 'is annotated but not predicted'),
    (['x={tmp}/text.json'], "text.json: 'seconds' must be numbers"),
    (['x={good}', 'x={tmp}/copy.json'], 'two methods have the same name'),
    (['{good}'], 'expected NAME=FILE'),
    (['../x={good}'], 'expected NAME=FILE'),
    (['x='], 'expected NAME=FILE'),
    (['x={tmp}/no.py:no.pth'], 'no.pth'),
])
def test_bad_input(tool, truth, good, save, tmp_path, capsys, methods,
                   message):
    (tmp_path / 'broken.json').write_text('[')
    save('copy.json', json.loads((tmp_path / 'good.json').read_text()))
    part = row(1, true_points(1))
    part.update(ids=IDS[1:], landmarks=part['landmarks'][1:])
    save('part.json', [missed(0), part])
    save('text.json', [row(i, true_points(i), seconds='1') for i in range(2)])
    methods = [text.format(tmp=tmp_path, good=good) for text in methods]
    try:
        code = tool.main([truth, *methods, '--out', str(tmp_path / 'out')])
    except SystemExit as end:
        code = end.code
    assert code == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count('\n') == 1
    assert captured.err.startswith('compare_packages.py: error: ')
    assert not (tmp_path / 'out' / 'comparison.json').exists()


@pytest.mark.filterwarnings('ignore::UserWarning')
def test_a_checkpoint_of_other_landmarks(tool, truth, images, tmp_path,
                                         capsys):
    config, checkpoint = write_tiny_model(str(tmp_path), 'cofw_29')
    assert tool.main([truth, f'x={config}:{checkpoint}', '--data-root',
                      images, '--out', str(tmp_path / 'out')]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert f'{checkpoint} predicts cofw_29, {truth} is of 300w_68' in line


@pytest.mark.filterwarnings('ignore::UserWarning')
def test_a_missing_image_is_named(tool, truth, tmp_path, capsys):
    config, checkpoint = write_tiny_model(str(tmp_path), '300w_68')
    assert tool.main([truth, f'x={config}:{checkpoint}', '--data-root',
                      '/nowhere', '--out', str(tmp_path / 'out')]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert '/nowhere/0.png' in line
