"""tools/analysis_tools/attention_statistics.py on a few synthetic faces."""
import json

import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from tiny_model import drawn_test, write_tiny_model


@pytest.fixture(scope='module')
def tool(load_tool):
    return load_tool('analysis_tools', 'attention_statistics.py')


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Paths of a config that tests on synthetic faces, and of its weights."""
    folder = tmp_path_factory.mktemp('attention')
    base, weights = write_tiny_model(str(folder))

    def write(pack):
        path = folder / f'{pack}.py'
        path.write_text(drawn_test(base, 6, 4, pack=pack))
        return str(path), weights

    return write


def test_all_results(tool, files, tmp_path, capsys):
    arguments = [*files('PackFaceInputs'), '--out', str(tmp_path)]
    assert tool.main([*arguments, '--max-faces', '5']) == 0
    table = (tmp_path / 'table.md').read_text()
    assert table in capsys.readouterr().out
    results = json.loads((tmp_path / 'results.json').read_text())
    # Three steps of one layer.
    assert [(row['step'], row['layer']) for row in results['rows']] == [
        (1, 1), (2, 1), (3, 1)]
    assert ': 5 faces, ' in results['note']
    for row in results['rows']:
        # The untrained network looks nearly everywhere alike.
        assert row['distance'] == pytest.approx(
            results['even_distance'], rel=.1)
        assert row['itself'] == pytest.approx(1 / 98, rel=.2)
        assert row['landmarks'] == pytest.approx(98, rel=.1)
        assert row['interval'][0] <= row['against_visible'] <= row[
            'interval'][1]
        assert row['share'] == pytest.approx(row['even'], rel=.1)
        assert f'| {row["distance"]:.3f} | {100 * row["itself"]:.2f} |' \
            in table
    assert (tmp_path / 'figure.png').stat().st_size > 10000


def test_by_hand(tool):
    """Two landmarks, 10 px apart in a box of 8 x 6; one is hidden, and all
    look at it in the first step."""
    attention = np.zeros((1, 2, 1, 3, 2, 2))  # three heads
    attention[0, 0, :, :, :, 1] = 1
    attention[0, 1, :] = np.eye(2)
    sample = PoseDataSample(
        gt_instances=InstanceData(
            keypoints=np.array([[[0., 0.], [8., 6.]]]),
            keypoints_hidden=np.array([[0., 1.]])),
        pred_instances=InstanceData(attention=attention))
    found = tool.measure_face(sample)
    size = np.sqrt(48)
    np.testing.assert_allclose(found['distance'], [[5 / size], [0]])
    np.testing.assert_allclose(found['itself'], [[.5], [1]])
    np.testing.assert_allclose(found['landmarks'], [[1], [1]])
    np.testing.assert_allclose(found['received'], [[[0, 1]], [[.5, .5]]])
    assert found['hidden'].tolist() == [False, True]
    assert found['even'] == pytest.approx(5 / size)


def test_faces_that_tell_nothing_of_hidden_ones(tool, files, tmp_path,
                                                capsys):
    assert tool.main([*files('PackPoseInputs'), '--out', str(tmp_path)]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith('attention_statistics.py: error: ')
    assert 'which landmarks are hidden' in said


def test_no_checkpoint_is_one_line(tool, files, tmp_path, capsys):
    config, _ = files('PackFaceInputs')
    assert tool.main([config, 'none.pth', '--out', str(tmp_path)]) == 2
    assert 'no checkpoint file none.pth' in capsys.readouterr().err
