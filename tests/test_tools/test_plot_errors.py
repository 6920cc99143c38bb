"""tools/analysis_tools/plot_errors.py, from files to images."""
import json
import os.path as osp
from functools import partial

import pytest
from release_metrics import make_faces, write_faces

from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'plot_errors.py')


@pytest.fixture
def files(tmp_path):
    """Write faces; the paths of predictions and annotations."""

    return partial(write_faces, tmp_path)


def faces_of(count=6, landmark_set='wflw_98'):
    return make_faces(load_landmark_set(landmark_set), count)


@pytest.mark.parametrize('landmark_set', ['wflw_98', '300w_68'])
def test_all_figures_of_two_methods(tool, files, tmp_path, capsys,
                                    landmark_set):
    annotations, predictions = faces_of(20, landmark_set)
    annotations[2]['headpose'] = None
    first, truth = files(annotations, predictions)
    for face in predictions:
        face['landmarks'] = [[x + 4, y] for x, y in face['landmarks']]
        del face['headpose']
    second = tmp_path / 'theirs.json'
    second.write_text(json.dumps(predictions))
    out = tmp_path / 'new' / 'figures'
    tool.main([first, str(second), truth, '--out', str(out)])
    printed = capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {
        'ced.png', 'landmarks.png', 'yaw.png', 'pose.png'}
    for path in out.iterdir():
        assert path.read_bytes()[1:4] == b'PNG' and str(path) in printed
    assert '20 faces, 0 not scored; 1 without a true pose' in printed
    assert 'theirs: 20 faces without a predicted pose' in printed
    assert 'ours: ' not in printed


def test_data_of_the_figures(tool, files, tmp_path, monkeypatch):
    """Each figure is given what evaluate.py would print."""
    given = {}
    for name in ('draw_ced', 'draw_landmark_errors', 'draw_errors_by_yaw',
                 'draw_pose_errors'):
        monkeypatch.setattr(tool.figures, name, lambda *args, name=name:
                            given.update({name: args}))
    annotations, predictions = faces_of(9)
    annotations[1]['landmarks'] = [[5., 5.]] * 98  # not scored
    subsets = tmp_path / 'subsets.json'
    subsets.write_text(json.dumps(dict(half=[0, 1, 5])))
    tool.main([*files(annotations, predictions), '--subsets', str(subsets),
               '--subset', 'half', '--threshold', '7', '--norm', 'pupils',
               '--out', str(tmp_path)])
    errors, threshold, norm, path = given['draw_ced']
    assert (threshold, norm, osp.basename(path)) == (7, 'pupils', 'ced.png')
    assert len(errors['ours (half)']) == 2
    errors, yaw = given['draw_errors_by_yaw'][:2]
    assert len(errors['ours (half)']) == len(yaw) == 3
    assert yaw.tolist() == [annotations[i]['headpose'][0] for i in (0, 1, 5)]
    predicted, true = given['draw_pose_errors'][:2]
    assert predicted['ours (half)'].tolist() == [
        predictions[i]['headpose'][:3] for i in (0, 1, 5)]
    errors, face = given['draw_landmark_errors'][:2]
    assert errors['ours (half)'].shape == (98, ) and face.shape == (98, 2)


def test_figures_without_data_are_told(tool, files, tmp_path, capsys):
    annotations, predictions = faces_of()
    for face in annotations:
        face['headpose'] = None
    out = tmp_path / 'out'
    tool.main([*files(annotations, predictions), '--out', str(out)])
    printed = capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {'ced.png',
                                                     'landmarks.png'}
    assert printed.count('not drawn: ') == 2
    assert 'yaw.png: no scored face has a true yaw' in printed


@pytest.mark.parametrize('kind, start', [('pdf', b'%PDF'), ('svg', b'<?xml')])
def test_one_figure_of_another_format(tool, files, tmp_path, kind, start):
    out = tmp_path / 'out'
    tool.main([*files(*faces_of()), '--out', str(out), '--figures', 'pose',
               '--format', kind])
    path, = out.iterdir()
    assert path.name == f'pose.{kind}'
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize('change, arguments, message', [
    (lambda a, p: p.pop(), (), '5 faces, but'),
    (lambda a, p: p.clear(), (), 'ours.json: holds no face'),
    (lambda a, p: None, ('--figures', 'roc'), "choice: 'roc'"),
    (lambda a, p: None, ('--norm', 'ocular'), "choice: 'ocular'"),
    (lambda a, p: None, ('--subset', 'blur'), "no subset 'blur'"),
    (lambda a, p: [f.pop('headpose') for f in p], ('--figures', 'pose'),
     'no face has a true and a predicted pose'),
])
def test_bad_input(tool, files, tmp_path, capsys, change, arguments, message):
    annotations, predictions = faces_of()
    change(annotations, predictions)
    with pytest.raises(SystemExit) as end:
        tool.main([*files(annotations, predictions), '--out',
                   str(tmp_path / 'out'), *arguments])
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count('\n') == 1
    assert error.startswith('plot_errors.py: error: ')


def test_a_folder_that_is_none(tool, files, capsys):
    paths = files(*faces_of())
    for arguments in (paths, [*paths, '--out', paths[0]]):
        with pytest.raises(SystemExit) as end:
            tool.main(arguments)
        assert end.value.code == 2
        assert capsys.readouterr().err.count('\n') == 1
