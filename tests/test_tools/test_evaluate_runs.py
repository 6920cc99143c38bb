"""tools/evaluate.py: what made the predictions, and the pose of subsets."""
import csv
import json

import pytest
from release_metrics import make_faces, write_faces

from spiga_mmpose.evaluation.run_info import RunInfo, info_path, write_run_info
from spiga_mmpose.landmark_sets import load_landmark_set

INFO = RunInfo('configs/c.py', 'best_NME_epoch_3.pth', 'true landmarks', 'on',
               'on the test set', 'SPIGAJsonDataset', 'test.json',
               'of the network')
UNKNOWN = 'nothing is known of boxes, flip test and selection'


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('evaluate.py')


@pytest.fixture
def files(tmp_path):
    """Paths of eight faces: as predicted, and the truth."""
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 8)
    annotations[6]['headpose'] = None
    return write_faces(tmp_path, annotations, predictions)


@pytest.fixture
def run(tool, tmp_path, capsys):
    """Metrics and caption of a run; the files of --out hold the same."""

    def run_tool(*arguments):
        out = tmp_path / 'out'
        tool.main([*arguments, '--out', str(out)])
        caption = capsys.readouterr().out.splitlines()[-1]
        assert (out / 'metrics.md').read_text().endswith(f'{caption}\n')
        first, second, *_ = (out / 'metrics.tex').read_text().splitlines()
        assert first == f'% {caption}' and second.startswith(r'\begin')
        return json.loads((out / 'metrics.json').read_text()), caption

    return run_tool


def test_what_stands_beside_the_predictions(run, files):
    write_run_info(files[0], INFO)
    found, caption = run(*files)
    assert found['run'] == vars(INFO)
    assert caption.endswith(
        'ours: config configs/c.py, checkpoint best_NME_epoch_3.pth, boxes: '
        'true landmarks, flip test: on, pose: of the network, checkpoint '
        'selected: on the test set.')
    assert UNKNOWN not in caption


def test_nothing_stands_there(run, files):
    write_run_info(files[1], INFO)  # of the annotations: none of our business
    found, caption = run(*files)
    assert set(found['run'].values()) == {'unknown'}
    assert caption.endswith(f'. ours: {UNKNOWN} of the checkpoint.')
    assert 'best_NME' not in caption


def test_each_method_has_its_own(run, files, tmp_path):
    ours, truth = files
    for name in ('b', 'c'):
        (tmp_path / f'{name}.json').write_text(open(ours).read())
    write_run_info(str(tmp_path / 'b.json'), INFO)
    found, caption = run(ours, str(tmp_path / 'b.json'),
                         str(tmp_path / 'c.json'), truth)
    assert found['methods']['b']['run'] == vars(INFO)
    assert found['methods']['c']['run'] == vars(RunInfo())
    assert 'b: config configs/c.py' in caption
    assert f'ours, c: {UNKNOWN}' in caption


def test_damaged(tool, files, capsys):
    with open(info_path(files[0]), 'w') as file:
        file.write('{"flip_test": true}')
    with pytest.raises(SystemExit) as end:
        tool.main(files)
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert captured.err.count('\n') == 1 and captured.out == ''
    assert "ours.json.json: 'flip_test' must be text" in captured.err


def test_pose_of_subsets(run, files, tmp_path):
    """As if the faces of the subset were all; face 6 has no true pose."""
    subsets = tmp_path / 'subsets.json'
    subsets.write_text(json.dumps(dict(some=[1, 2, 6], none=[], last=[6])))
    whole, _ = run(*files, '--subsets', str(subsets))
    with open(tmp_path / 'out' / 'metrics.csv') as file:
        rows = {row['subset']: row for row in csv.DictReader(file)}
    parts = []
    for path in files:
        with open(path) as file:
            faces = json.load(file)
        parts.append(str(tmp_path / f'part{len(parts)}.json'))
        with open(parts[-1], 'w') as file:
            json.dump([faces[i] for i in (1, 2, 6)], file)
    alone, _ = run(*parts)
    some = whole['subsets']['some']
    assert some['num_faces'] == 3 and some['pose']['num_faces'] == 2
    assert some['pose'] == pytest.approx(alone['pose'])
    assert some['pose']['MAE'] != pytest.approx(whole['pose']['MAE'])
    for name in ('none', 'last'):
        empty = whole['subsets'][name]['pose']
        assert set(empty) == set(whole['pose']) == set(alone['pose'])
        assert empty.pop('num_faces') == 0 and set(empty.values()) == {None}
    assert [rows[name]['poses'] for name in ('all', 'some', 'last')] == [
        '7', '2', '0']
    assert float(rows['some']['MAE_yaw']) == some['pose']['MAE_yaw']
    assert rows['last']['geodesic'] == '' != rows['last']['NME']


def test_no_pose_no_pose_of_subsets(run, files, tmp_path):
    with open(files[0]) as file:
        faces = json.load(file)
    for face in faces:
        del face['headpose']
    with open(files[0], 'w') as file:
        json.dump(faces, file)
    subsets = tmp_path / 'subsets.json'
    subsets.write_text('{"some": [1, 2]}')
    found, _ = run(*files, '--subsets', str(subsets))
    assert 'pose' not in found and 'pose' not in found['subsets']['some']
