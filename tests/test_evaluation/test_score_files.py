"""From files to scores: order, subsets, and what was scored."""
import json

import numpy as np
import pytest
from release_metrics import make_faces

from spiga_mmpose.evaluation.score import score_files
from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.fixture
def files(tmp_path):
    """Paths of two methods, the annotations and the subsets."""
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 12)
    shuffled = [predictions[i] for i in np.random.default_rng(0).permutation(
        12)]
    subsets = dict(some=[1, 4, 7], none=[])
    paths = {}
    for name, content in (('ours', predictions), ('theirs', shuffled),
                          ('truth', annotations), ('subsets', subsets)):
        path = tmp_path / f'{name}.json'
        path.write_text(json.dumps(content))
        paths[name] = str(path)
    return paths


def test_predictions_come_in_the_order_of_the_annotations(files):
    scored = score_files([files['ours'], files['theirs']], files['truth'])
    ours, theirs = scored.predictions['ours'], scored.predictions['theirs']
    assert (ours.landmarks == theirs.landmarks).all()
    assert (ours.angles == theirs.angles).all()
    assert ours.names == theirs.names == scored.annotations.names
    assert scored.results['ours'] == scored.results['theirs']
    assert scored.errors['ours'].mean() == pytest.approx(
        scored.results['ours']['NME'])
    assert len(scored) == 12 and scored.dataset == 'wflw'
    assert (scored.norm, scored.threshold) == ('corners', 10)
    assert scored.landmark_set.num_landmarks == 98


def test_a_subset_is_scored_as_its_row_says(files):
    scored = score_files([files['ours'], files['theirs']], files['truth'],
                         subsets=files['subsets'])
    part = scored.only('some')
    assert list(part.results) == ['ours (some)', 'theirs (some)']
    assert len(part) == 3 and not part.subsets
    result = part.results['ours (some)']
    for key, value in scored.results['ours']['subsets']['some'].items():
        assert result[key] == pytest.approx(value)
    assert (part.errors['ours (some)'] == scored.errors['ours'][[1, 4, 7]]
            ).all()
    assert part.annotations.names == [
        scored.annotations.names[i] for i in (1, 4, 7)]
    assert len(scored) == 12  # it is left as it was


def test_faces_that_are_not_scored(files, tmp_path):
    with open(files['truth']) as file:
        faces = json.load(file)
    faces[3]['landmarks'] = [[5., 5.]] * 98  # eyes coincide
    (tmp_path / 'truth.json').write_text(json.dumps(faces))
    scored = score_files([files['ours']], files['truth'])
    assert np.isnan(scored.errors['ours']).nonzero()[0].tolist() == [3]
    assert len(scored.finite_errors['ours']) == 11
    assert np.isfinite(scored.finite_errors['ours']).all()


@pytest.mark.parametrize('name, word', [
    ('dogs', r"no subset 'dogs'; expected one of \['some', 'none'\]"),
    ('none', 'truth.json: no face has'),
])
def test_bad_subset(files, name, word):
    scored = score_files([files['ours']], files['truth'],
                         subsets=files['subsets'])
    with pytest.raises(ValueError, match=word):
        scored.only(name)


@pytest.mark.parametrize('settings, word', [
    (dict(norm=True), 'normaliser must be one of .* found True'),
    (dict(norm=0), 'normaliser must be .* found 0'),
    (dict(norm='ocular'), "found 'ocular'"),
    (dict(threshold=0), 'from 0.01 to 1000 per cent, found 0'),
    (dict(threshold=1e-9), 'from 0.01 to 1000 per cent, found 1e-09'),
    (dict(threshold=True), 'found True'),
    (dict(dataset='dogs'), "no data set 'dogs'"),
    (dict(dataset=''), "no data set ''"),
])
def test_bad_settings(files, settings, word):
    with pytest.raises(ValueError, match=word):
        score_files([files['ours']], files['truth'], **settings)


def test_a_number_of_px(files):
    scored = score_files([files['ours']], files['truth'], norm=50)
    expected = scored.annotations.landmarks - (
        scored.predictions['ours'].landmarks)
    assert scored.results['ours']['NME'] == pytest.approx(
        2 * np.linalg.norm(expected, axis=-1).mean())


def test_faces_of_one_image_that_changed_places(files):
    """Images are in order, faces are not: boxes tell."""
    expected = score_files([files['ours']], files['truth'])
    with open(files['ours']) as file:
        faces = json.load(file)
    assert faces[2]['imgpath'] == faces[3]['imgpath']
    faces[2:4] = faces[3:1:-1]
    with open(files['ours'], 'w') as file:
        json.dump(faces, file)
    found = score_files([files['ours']], files['truth'])
    assert found.results == expected.results


def test_faces_that_a_method_misses(files):
    """They count with 100 %, if the caller allows them at all."""
    with open(files['ours']) as file:
        faces = json.load(file)
    faces[5].update(ids=[], landmarks=[])
    with open(files['ours'], 'w') as file:
        json.dump(faces, file)
    with pytest.raises(ValueError, match='face 5 .* not predicted'):
        score_files([files['ours']], files['truth'])
    expected = score_files([files['theirs']], files['truth']).errors['theirs']
    expected[5] = 100
    scored = score_files([files['ours']], files['truth'], allow_missed=True)
    assert scored.errors['ours'] == pytest.approx(expected)
    assert scored.results['ours']['NME'] == pytest.approx(expected.mean())

    faces[7].update(ids=faces[7]['ids'][1:],
                    landmarks=faces[7]['landmarks'][1:])
    with open(files['ours'], 'w') as file:
        json.dump(faces, file)
    with pytest.raises(ValueError, match='face 7 .* not predicted'):
        score_files([files['ours']], files['truth'], allow_missed=True)
