"""tools/evaluate.py, from files to tables."""
import json
import os
import os.path as osp
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
from release_metrics import make_faces, release_metrics
from test_io.test_pickles import make_dump

from spiga_mmpose.evaluation.face_files import Faces, load_records, read_faces
from spiga_mmpose.evaluation.matching import match_faces
from spiga_mmpose.evaluation.protocols import PROTOCOLS
from spiga_mmpose.evaluation.score import score
from spiga_mmpose.landmark_sets import load_landmark_set
from .conftest import run

RELEASE = {
    'wflw': 'wflw',
    '300w': '300wpublic',
    '300w-private': '300wprivate',
    'cofw68': 'cofw68',
    'merlrav': 'merlrav'
}


@pytest.mark.parametrize('dataset', RELEASE)
def test_equal_to_the_release(tool, files, tmp_path, monkeypatch, dataset):
    protocol = PROTOCOLS[dataset]
    annotations, predictions = make_faces(
        load_landmark_set(protocol.landmark_set),
        300,
        labelled=.6 if dataset == 'merlrav' else 1)
    found = run(tool, tmp_path, *files(annotations, predictions), '--dataset',
                dataset)
    expected = release_metrics(monkeypatch, 'landmarks', RELEASE[dataset],
                               annotations, predictions)
    threshold = f'{expected["nme_thr"]:g}'
    assert found['norm'] == expected['nme_norm']
    assert found['NME'] == pytest.approx(expected['nme'], abs=.01)
    for q in (90, 95, 99):
        assert found[f'NPE{q}'] == pytest.approx(
            expected[f'nme_p{q}'], abs=.01)
    assert found[f'AUC{threshold}'] == pytest.approx(expected['auc'], abs=.05)
    assert found[f'FR{threshold}'] == pytest.approx(expected['fr'], abs=.05)
    assert ('NME_labelled' in found) == (dataset == 'merlrav')

    expected = release_metrics(monkeypatch, 'pose', RELEASE[dataset],
                               annotations, predictions)
    pose = [found['pose'][f'MAE_{name}'] for name in ('yaw', 'pitch', 'roll')]
    assert pose == pytest.approx(expected['mae_ypr'], abs=.01)
    assert found['pose']['MAE'] == pytest.approx(
        expected['mae_mean'], abs=.01)


def test_one_method(tool, files, tmp_path, capsys):
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 9)
    annotations[8]['headpose'] = None
    paths = files(annotations, predictions)
    subsets = tmp_path / 'db_info.json'
    subsets.write_text(
        json.dumps(dict(test_subsets=dict(pose=[0, 5], none=[]))))
    found = run(tool, tmp_path, *paths, '--subsets', str(subsets))
    assert found['dataset'] == 'wflw' and found['dataset_guessed']
    assert found['num_faces'] == 9 and found['skipped'] == 0
    assert found['subsets']['pose']['num_faces'] == 2
    assert set(found['subsets']['pose']) == {
        'num_faces', 'NME', 'AUC10', 'FR10', 'NPE90', 'NPE95', 'NPE99',
        'pose'
    } == set(found['subsets']['none'])
    assert found['subsets']['none']['NME'] is None
    assert found['pose']['num_faces'] == 8
    assert len(found['landmark_NME']) == 98

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[1].split()[:3] == ['ours', 'all', '9']
    assert 'wflw (wflw_98, guessed), normaliser corners' in lines[-1]
    for name in ('metrics.csv', 'metrics.md', 'metrics.tex'):
        text = (tmp_path / 'out' / name).read_text()
        number = f'{found["NME"]:.3f}' if name != 'metrics.csv' else str(
            found['NME'])
        assert number in text
    assert (tmp_path / 'out' / 'ced.png').read_bytes()[1:4] == b'PNG'


def test_subsets_are_scored_alone(tool, files, tmp_path):
    annotations, predictions = make_faces(load_landmark_set('300w_68'), 8)
    members = [1, 2, 6]
    subsets = tmp_path / 'subsets.json'
    subsets.write_text(json.dumps(dict(some=members)))
    whole = run(tool, tmp_path, *files(annotations, predictions), '--subsets',
                str(subsets))
    alone = run(tool, tmp_path, *files([annotations[i] for i in members],
                                       [predictions[i] for i in members]))
    for key, value in whole['subsets']['some'].items():
        assert value == pytest.approx(alone[key])


def test_perfect_prediction(tool, files, tmp_path):
    annotations, _ = make_faces(load_landmark_set('300w_68'), 4)
    found = run(tool, tmp_path, *files(annotations, annotations))
    assert found['NME'] == 0 and found['AUC8'] == 100 and found['FR8'] == 0
    assert found['pose']['MAE'] == 0 and found['pose']['geodesic'] == 0


def test_order_does_not_matter(tool, files, tmp_path):
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 20)
    expected = run(tool, tmp_path, *files(annotations, predictions))
    np.random.default_rng(0).shuffle(predictions)
    found = run(tool, tmp_path, *files(annotations, predictions))
    assert found['NME'] == pytest.approx(expected['NME'])
    assert found['pose'] == pytest.approx(expected['pose'])


@pytest.mark.parametrize('norm, threshold', [
    ('corners', 8), ('pupils', 8), ('lnd_bbox', 7), ('bbox', 7),
    ('height', 4), ('diagonal', 8)
])
def test_normalisers(tool, files, tmp_path, norm, threshold):
    paths = files(*make_faces(load_landmark_set('300w_68'), 5))
    found = run(tool, tmp_path, *paths, '--norm', norm)
    assert found['threshold'] == threshold and f'AUC{threshold}' in found
    found = run(tool, tmp_path, *paths, '--norm', norm, '--threshold', '2.5')
    assert 'AUC2.5' in found and 'FR2.5' in found


def test_several_methods(tool, files, tmp_path, capsys):
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 40)
    first, truth = files(annotations, predictions)
    worse = tmp_path / 'worse.json'
    for face in predictions:
        face['landmarks'] = [[x + 4, y] for x, y in face['landmarks']]
        del face['headpose']
    worse.write_text(json.dumps(predictions))
    found = run(tool, tmp_path, first, str(worse), truth)
    methods = found['methods']
    assert set(methods) == {'ours', 'worse'}
    assert 'pose' in methods['ours'] and 'pose' not in methods['worse']
    comparison = found['comparison']
    assert comparison['reference'] == 'ours'
    change = comparison['differences']['worse']['NME']
    assert change['difference'] == pytest.approx(
        methods['worse']['NME'] - methods['ours']['NME'])
    assert 0 < change['low'] < change['difference'] < change['high']
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ['ours', 'worse']
    assert (tmp_path / 'out' / 'ced.png').exists()


def test_dump_as_predictions_and_as_truth(tool, tmp_path):
    path = tmp_path / 'results.pkl'
    samples = make_dump(path, 3)
    rng = np.random.default_rng(0)
    annotations = []
    for sample in samples:
        points = rng.uniform(0, 200, (98, 2))
        annotations.append(
            dict(
                imgpath=sample['img_path'],
                landmarks=points.tolist(),
                headpose=[1, 1, 4, 0, 0, 0]))
    truth = tmp_path / 'truth.json'
    truth.write_text(json.dumps(annotations))
    found = run(tool, tmp_path, str(path), str(truth), '--norm', 'lnd_bbox')
    assert found['num_faces'] == 3
    assert found['pose']['MAE_roll'] == pytest.approx(3)

    for sample in samples:
        sample['gt_instances']['keypoints'] = rng.uniform(0, 9, (1, 98, 2))
    import mmengine
    mmengine.dump(samples, str(path))
    found = run(tool, tmp_path, str(path), str(path))
    assert found['num_faces'] == 3 and found['NME'] > 0
    assert found['subsets']['pose']['NME'] == pytest.approx(found['NME'])


def test_skipped_faces_are_told(tool, files, tmp_path, capsys):
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 4)
    annotations[1]['landmarks'] = [[5., 5.]] * 98  # eyes coincide
    found = run(tool, tmp_path, *files(annotations, predictions))
    assert found['num_faces'] == 3 and found['skipped'] == 1
    assert '3 faces scored, 1 skipped' in capsys.readouterr().out


def test_missing_poses_are_told(tool, files, tmp_path, capsys):
    """Leaving the hard ones out must not look like being better."""
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 4)
    run(tool, tmp_path, *files(annotations, predictions))
    assert 'faces with both poses' not in capsys.readouterr().out
    del predictions[2]['headpose']
    run(tool, tmp_path, *files(annotations, predictions))
    assert 'faces with both poses: ours 3' in capsys.readouterr().out


@pytest.mark.parametrize('dataset, norm, threshold', [
    ('cofw_29', 'corners', 10), ('aflw_19', 'bbox', 7),
    ('lapa_106', 'corners', 8)])
def test_other_landmark_sets(tool, tmp_path, capsys, dataset, norm, threshold):
    """By what their files say; the caption says it is a guess.

    Every prediction is off by (3, 4) px: 5 of 20 px, the distance of the eye
    corners as the size of the annotated box.
    """
    landmark_set = load_landmark_set(dataset)
    points = np.random.default_rng(0).uniform(
        (0, 0), (40, 10), (landmark_set.num_landmarks, 2))
    points[list(landmark_set.eye_corners)] = (10, 5), (30, 5)
    paths = []
    for name, offset in (('ours', (3, 4)), ('truth', (0, 0))):
        path = tmp_path / f'{name}.json'
        face = dict(landmarks=(points + offset).tolist(), bbox=[0, 0, 40, 10])
        path.write_text(json.dumps([face] * 2))
        paths.append(str(path))
    for arguments in ((), ('--dataset', dataset)):
        found = run(tool, tmp_path, *paths, *arguments)
        assert found['NME'] == pytest.approx(25)
        assert found[f'FR{threshold}'] == 100
        assert found['dataset'] == found['landmark_set'] == dataset
        guessed = '' if arguments else ', guessed'
        assert (f'{dataset} ({dataset}{guessed}), normaliser {norm}, '
                f'threshold {threshold} %') in capsys.readouterr().out


def test_as_a_command(repo, files, tmp_path):
    """No question on stdin, one line on stderr, exit codes."""
    paths = files(*make_faces(load_landmark_set('wflw_98'), 2))
    command = [sys.executable, osp.join(repo, 'tools', 'evaluate.py')]
    env = dict(os.environ, PYTHONPATH=repo)
    for arguments, code in ((paths, 0), (['nowhere.json', paths[1]], 2)):
        done = subprocess.run([*command, *arguments], env=env, cwd=tmp_path,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=600)
        assert done.returncode == code, done.stderr
        assert done.stderr.count('\n') == (1 if code else 0), done.stderr
        assert done.stdout.count('\n') == (0 if code else 3)


@pytest.mark.slow
def test_many_faces():
    """100,000 faces: the arithmetic takes seconds."""
    count = 100_000
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 256, (count, 98, 2))

    def faces(landmarks, angles):
        return Faces(
            path='x',
            landmarks=landmarks,
            boxes=np.tile([0., 0, 256, 256], (count, 1)),
            angles=angles,
            names=[f'{i}.jpg' for i in range(count)],
            labelled=np.ones((count, 98), bool))

    truth = faces(points, np.zeros((count, 3)))
    predictions = faces(points + 1, np.ones((count, 3)))
    predictions.names.reverse()
    predictions.landmarks = predictions.landmarks[::-1]
    start = time.process_time()
    result, errors = score(predictions, truth,
                           match_faces(predictions, truth),
                           PROTOCOLS['wflw'], 'bbox', 8,
                           dict(half=np.arange(0, count, 2)))
    assert time.process_time() - start < 30
    assert result['NME'] == pytest.approx(100 * 2**.5 / 256)
    assert result['subsets']['half']['num_faces'] == count // 2
    assert result['pose']['MAE'] == pytest.approx(1)


@pytest.mark.slow
def test_memory_grows_with_the_faces(files):
    landmark_set = load_landmark_set('wflw_98')
    peaks = []
    for count in (500, 1000, 2000):
        path = files(*make_faces(landmark_set, count))[0]
        tracemalloc.start()
        read_faces(path, load_records(path), landmark_set, 'predictions')
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert 1.8 < peaks[2] / peaks[1] < 2.2
    # The text and two copies of the coordinates, no lists of numbers.
    assert peaks[2] < 2 * osp.getsize(path) + 2000 * 98 * 16 * 3
