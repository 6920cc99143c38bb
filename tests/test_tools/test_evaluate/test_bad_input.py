"""tools/evaluate.py on input that cannot be scored."""
import pickle

import numpy as np
import pytest
from release_metrics import make_faces
from small_disk import small_disk
from test_io.test_pickles import make_dump

from spiga_mmpose.landmark_sets import load_landmark_set
from .conftest import run


def broken(change, which=0):
    """Faces of which one is changed: 0 a prediction, 1 an annotation."""

    def _make():
        annotations, predictions = make_faces(
            load_landmark_set('wflw_98'), 4)
        change((predictions, annotations)[which])
        return annotations, predictions

    return _make


def without_landmark(faces):
    for key in ('ids', 'landmarks'):
        faces[2][key] = faces[2][key][:-1]


def far_box(faces):
    assert faces[2]['imgpath'] == faces[3]['imgpath']
    faces[3]['bbox'] = [9000, 9000, 5, 5]


@pytest.mark.parametrize('make, arguments, message', [
    (broken(lambda f: f.pop()), (), '3 faces, but'),
    (broken(lambda f: f.pop(), 1), (), '4 faces, but'),
    (broken(lambda f: f.clear()), (), 'ours.json: holds no face'),
    (broken(lambda f: f.clear(), 1), (), 'truth.json: holds no face'),
    (broken(lambda f: f[3].update(imgpath='other.jpg')), (), 'do not match'),
    (broken(without_landmark), (), 'is annotated but not predicted'),
    (broken(lambda f: f[1].pop('landmarks')), (), "'landmarks' must be"),
    (broken(lambda f: f[1]['landmarks'][3].__setitem__(0, float('nan'))),
     (), 'landmark 3 is [nan'),
    (broken(lambda f: f[1]['landmarks'][3].__setitem__(0, float('nan')), 1),
     (), 'landmark 3 is [nan'),
    (broken(lambda f: f[1]['headpose'].__setitem__(0, float('nan'))), (),
     "'headpose' must be"),
    (broken(lambda f: None), ('--dataset', '300w'), 'none of the 68'),
    (broken(lambda f: None), ('--dataset', 'dogs'), "no data set 'dogs'"),
    (broken(lambda f: None), ('--norm', 'ocular'), "choice: 'ocular'"),
    (broken(lambda f: None), ('--threshold', 'x'), "found 'x'"),
    (broken(lambda f: None), ('--threshold', '-1'), "found '-1'"),
    (broken(lambda f: None), ('--threshold', 'nan'), "found 'nan'"),
    (broken(lambda f: None), ('--threshold', '1e-9'),
     "from 0.01 to 1000 per cent, found '1e-9'"),
    (broken(lambda f: None), ('--norm', 'True'), "choice: 'True'"),
    (broken(lambda f: f[1].update(imgpath=5)), (),
     "ours.json: face 1: 'imgpath' must be the path of an image, found 5"),
    (broken(lambda f: f[1].update(bbox=['1', '2', '3', '4'])), (),
     "ours.json: face 1 (images/00000.jpg): 'bbox' must be 4 finite"),
    (broken(lambda f: f[1].update(landmarks=[['1', '2']] * 98), 1), (),
     "landmark 0 is ['1', '2']"),
    (broken(lambda f: [g.update(landmarks=[[1, 2]] * 30, ids=None)
                       for g in f], 1), (), '30 landmarks are of no known'),
    (broken(lambda f: f[2].update(landmarks=[], ids=[])), (),
     'is annotated but not predicted'),
    (broken(far_box), (), 'its box does not overlap face 3 of'),
    (broken(lambda f: None), ('--subsets', 'nowhere.json'), 'nowhere.json'),
    (broken(lambda f: None), ('--colour', 'red'), 'unrecognized arguments'),
    (broken(lambda f: f[2].update(bbox=None), 1), ('--norm', 'bbox'),
     'face 2 (images/00001.jpg): has no box'),
    (broken(lambda f: [g.update(landmarks=[[1, 1]] * 98) for g in f], 1), (),
     'no face has'),
])
def test_bad_input(tool, files, capsys, make, arguments, message):
    with pytest.raises(SystemExit) as end:
        tool.main([*files(*make()), *arguments])
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count('\n') == 1
    assert captured.err.startswith('evaluate.py: error: ')
    assert captured.out == ''


@pytest.mark.parametrize('change, message', [
    (dict(gt_instances=None), 'gt_instances holds no keypoints'),
    (dict(gt_instances=5), 'gt_instances must be a dict'),
    (dict(pred_instances=None), 'pred_instances holds no keypoints'),
    (dict(bboxes=np.ones(4)), 'bboxes must have the shape (1, 4), found (4,)'),
    (dict(head_poses=np.ones(6)), 'head_poses must have the shape (1, 6)'),
    (dict(input_center=np.ones(1), input_scale=np.ones(2)),
     'input_center must be two finite numbers'),
    (dict(subsets=5), 'subsets must be a list of names, found 5'),
    (dict(subsets=[[1]]), 'subsets must be a list of names, found [[1]]'),
    (dict(img_path=5), "'img_path' must be the path of an image, found 5"),
])
@pytest.mark.parametrize('face', [0, 1])
def test_damaged_dumps(tool, tmp_path, capsys, change, message, face):
    samples = make_dump(tmp_path / 'results.pkl', 2)
    for key, value in change.items():
        if key in ('bboxes', 'head_poses'):
            samples[face]['gt_instances'][key] = value
        else:
            samples[face][key] = value
    path = tmp_path / 'results.pkl'
    path.write_bytes(pickle.dumps(samples))
    with pytest.raises(SystemExit) as end:
        tool.main([str(path), str(path)])
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count('\n') == 1
    assert f'{path}: face {face}: ' in error


def test_faces_without_a_landmark_are_told(tool, files, tmp_path, capsys):
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 4)
    annotations[0].update(landmarks=[], ids=[])
    annotations[2].update(landmarks=[], ids=None)
    predictions[2].update(landmarks=[], ids=[])
    found = run(tool, tmp_path, *files(annotations, predictions))
    assert found['num_faces'] == 2 and found['skipped'] == 2
    assert '2 faces scored, 2 skipped' in capsys.readouterr().out


@pytest.mark.parametrize('content', ['', '[', '[{"landmarks": [[1.0, 2', '{}'])
def test_damaged_files(tool, files, tmp_path, capsys, content):
    paths = files(*make_faces(load_landmark_set('wflw_98'), 2))
    (tmp_path / 'ours.json').write_text(content)
    with pytest.raises(SystemExit) as end:
        tool.main(paths)
    assert end.value.code == 2
    assert 'ours.json' in capsys.readouterr().err


def test_no_files(tool, files, tmp_path, capsys):
    paths = files(*make_faces(load_landmark_set('wflw_98'), 2))
    for arguments in ([], paths[:1], [str(tmp_path), paths[1]],
                      ['nowhere.json', paths[1]],
                      [*paths, '--out', paths[0]], [paths[0], *paths]):
        with pytest.raises(SystemExit) as end:
            tool.main(arguments)
        assert end.value.code == 2
        assert capsys.readouterr().err.count('\n') == 1


def test_a_full_disk_leaves_the_old_files(tool, files, tmp_path, capsys):
    """All files of --out are of one run: no new numbers beside old tables."""
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 4)
    run(tool, tmp_path, *files(annotations, predictions))
    out = tmp_path / 'out'
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    room = len(before['ced.png']) - 5000
    assert len(before['metrics.json']) < room
    predictions[0]['landmarks'][0][0] += 3
    paths = files(annotations, predictions)
    with small_disk(room), pytest.raises(SystemExit) as end:
        run(tool, tmp_path, *paths)
    assert end.value.code == 2
    assert f'{out}/ced.png' in capsys.readouterr().err
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    assert after == before and len(before) == 5
