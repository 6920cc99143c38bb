"""fit_head_model.py and show_landmark_set.py, from files to files."""
import json
import os.path as osp
import runpy
import sys

import cv2
import numpy as np
import pytest
import synthetic_landmarks as drawn_landmarks_module
from synthetic_landmarks import aligned, synthetic_landmarks

from spiga_mmpose.landmark_sets import load_landmark_set

WFLW = load_landmark_set('wflw_98')
TEN = [35, 44, 60, 64, 68, 72, 54, 76, 82, 16]  # of the 98
SET = dict(
    name='ten',
    num_landmarks=10,
    source='a test',
    flip_pairs=[[0, 1], [2, 5], [3, 4], [7, 8]],
    edges=dict(mouth=[7, 8]),
    parts=dict(nose=[6]),
    eye_corners=[2, 5],
    annotation_ids=list(range(10, 20)))


@pytest.fixture
def tool(repo, monkeypatch):
    """Runner of a tool by its path and command line."""

    def run(path, *args):
        path = osp.join(repo, 'tools', path)
        monkeypatch.syspath_prepend(osp.dirname(path))
        monkeypatch.setattr(sys, 'argv', [path, *map(str, args)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name='__main__')
        if end.value.code:
            raise end.value

    return run


@pytest.fixture
def fit(tool):

    def run(*args):
        tool('dataset_converters/fit_head_model.py', *args)

    return run


@pytest.fixture
def files(tmp_path):
    """Writer of the set and of annotations; the paths."""

    def write(annotations, **changes):
        fields = {k: v for k, v in {**SET, **changes}.items()
                  if v is not None}
        (tmp_path / 'set.json').write_text(json.dumps(fields))
        (tmp_path / 'faces.json').write_text(json.dumps(annotations))
        return (tmp_path / 'faces.json', '--landmark-set',
                tmp_path / 'set.json', '--out', tmp_path / 'out.json')

    return write


def authors(points, labelled=None):
    """Annotations as the authors' files have them."""
    labelled = np.ones(points.shape[:2],
                       bool) if labelled is None else labelled
    return [
        dict(
            imgpath='not there.png',
            bbox=[0, 0, 128, 128],
            headpose=None,
            ids=np.array(SET['annotation_ids'])[known].tolist(),
            landmarks=face[known].tolist(),
            visible=[1] * int(known.sum()))
        for face, known in zip(points, labelled)
    ]


def mmposes(points):
    """Annotations as MMPose's files have them."""
    return dict(
        images=[dict(id=0, file_name='not there.png')],
        annotations=[
            dict(
                id=i,
                image_id=0,
                bbox=[0, 0, 128, 128],
                keypoints=np.c_[face, np.ones(len(face))].ravel().tolist())
            for i, face in enumerate(points)
        ])


def near_authors_head(landmark_set):
    head = WFLW.head_model[TEN]
    found = aligned(landmark_set.head_model, head)
    return np.linalg.norm(found - head, axis=1).mean() < .06


@pytest.mark.parametrize('form', [authors, mmposes])
def test_writes_the_set_with_its_head(fit, files, tmp_path, form, capsys):
    fit(*files(form(synthetic_landmarks(80)[:, TEN])))
    found = load_landmark_set(str(tmp_path / 'out.json'))
    assert near_authors_head(found)
    for key in ('name', 'flip_pairs', 'edges', 'parts', 'eye_corners',
                'annotation_ids'):
        expected = load_landmark_set(str(tmp_path / 'set.json'))
        assert getattr(found, key) == getattr(expected, key), key
    assert found.source == 'a test; rigid head: fit_head_model.py, 80 faces'
    out = capsys.readouterr().out
    assert '10 landmarks from 80 of 80 faces; 0 left out' in out
    assert f'robust landmarks chosen: {found.robust_ids}' in out
    assert 'halves of them are' in out and 'WARNING' not in out
    # At least half of them, and with each its mirror partner.
    robust = set(found.robust_ids)
    assert len(robust) >= 5
    assert set(found.flip_indices[list(robust)]) == robust


def test_missing_landmarks_and_useless_faces(fit, files, tmp_path, capsys):
    points = synthetic_landmarks(90)[:, TEN]
    labelled = np.random.default_rng(0).random(points.shape[:2]) > .2
    labelled[:85, :4] = True
    labelled[85:, 3:] = False
    labelled[85:, 0] = True
    fit(*files(authors(points, labelled), robust_ids=[2, 5, 6, 7, 8]))
    assert '85 of 90 faces; 5 left out' in capsys.readouterr().out
    found = load_landmark_set(str(tmp_path / 'out.json'))
    assert near_authors_head(found)
    assert found.robust_ids == [2, 5, 6, 7, 8]  # the set's own


def test_faces_that_hardly_turn(fit, files, capsys, monkeypatch):
    """Their head is flat, however many there are."""
    monkeypatch.setattr(
        drawn_landmarks_module, 'sample_angles',
        lambda rng, variant: rng.normal(0, [10, 8, 5]))
    fit(*files(authors(synthetic_landmarks(100, seed=1)[:, TEN])))
    assert 'WARNING: these faces do not tell the head' in (
        capsys.readouterr().out)


def test_mean_shape(fit, files, tmp_path):
    points = synthetic_landmarks(20)[:, TEN]
    fit(*files(authors(points)), '--mean-shape')
    found = load_landmark_set(str(tmp_path / 'out.json'))
    assert found.head_model is None and found.robust_ids == []
    # In the crop of 1.6 times the longer side of each box.
    low, high = points.min(1), points.max(1)
    side = 1.6 * (high - low).max(1)
    unit = (points - ((low + high) / 2)[:, None]) / side[:, None, None] + .5
    np.testing.assert_allclose(found.mean_shape, unit.mean(0), atol=1e-5)


def test_more_than_a_thousand_faces(fit, files, capsys):
    points = np.tile(synthetic_landmarks(3)[:, TEN], (400, 1, 1))
    fit(*files(authors(points)), '--mean-shape')
    assert 'from 1000 of 1200 faces; 0 left out' in capsys.readouterr().out


@pytest.mark.parametrize('changes, words', [
    (dict(parts=None), "no part 'nose'"),
    (dict(annotation_ids=None), 'landmark id 10 (10 landmarks) is none of'),
    (dict(num_landmarks=0), 'num_landmarks must be an integer'),
    (dict(annotation_ids=list(range(20, 30))),
     'landmark id 10 (10 landmarks) is none of'),
])
def test_bad_set(fit, files, tmp_path, capsys, changes, words):
    arguments = files(authors(synthetic_landmarks(5)[:, TEN]), **changes)
    fails(fit, arguments, capsys, words)
    assert not (tmp_path / 'out.json').exists()


def test_bad_annotations(fit, files, tmp_path, capsys):
    points = synthetic_landmarks(5)[:, TEN]
    fails(fit, files([]), capsys, 'faces.json holds no face')
    fails(fit, files({}), capsys, "expected 'images' and 'annotations'")
    fails(fit, files(authors(points[:2])), capsys, 'in 2 faces, expected at')
    few = np.zeros(points.shape[:2], bool)
    few[:, :3] = True
    fails(fit, files(authors(points, few)), capsys, 'no face has 4 labelled')
    still = np.tile(points[:1], (5, 1, 1))
    fails(fit, files(authors(still)), capsys, 'do not turn enough')
    (tmp_path / 'faces.json').unlink()
    arguments = files(authors(points))
    fails(fit, (tmp_path / 'none.json', *arguments[1:]), capsys,
          'none.json: No such file')
    fails(fit, (*arguments[:-1], tmp_path / 'none/out.json'), capsys,
          'No such file')


def fails(run, arguments, capsys, words):
    """One line that says why, and status 2."""
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert 'error: ' in error and words in error


class TestShow:

    def run(self, tool, *args):
        tool('analysis_tools/show_landmark_set.py', *args)

    @pytest.mark.parametrize('name', ['aflw_19', 'lapa_106'])
    def test_image(self, tool, tmp_path, name):
        self.run(tool, name, tmp_path / 'set.png')
        image = cv2.imread(str(tmp_path / 'set.png'))
        assert image.shape[1] > 1.5 * image.shape[0]  # front and side
        assert (image < 128).any(-1).mean() > .002

    def test_without_head(self, tool, files, tmp_path):
        files([], mean_shape=np.random.default_rng(0).uniform(
            size=(10, 2)).tolist(), edges=None)
        self.run(tool, tmp_path / 'set.json', tmp_path / 'set.png')
        image = cv2.imread(str(tmp_path / 'set.png'))
        assert image.shape[0] == image.shape[1]

    def test_nothing_to_draw_by(self, tool, files, tmp_path, capsys):
        files([])
        arguments = (tmp_path / 'set.json', tmp_path / 'set.png')
        fails(lambda *args: self.run(tool, *args), arguments, capsys,
              'neither head_model nor mean_shape')
        fails(lambda *args: self.run(tool, *args), ('no', 'x.png'), capsys,
              "no landmark set 'no'")
