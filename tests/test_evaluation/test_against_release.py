"""The same numbers as the evaluator of the authors' release."""
import numpy as np
import pytest
from release_metrics import make_faces, release_metrics

from spiga_mmpose.evaluation.functional import (alignment_summary, face_nme,
                                                landmark_nme, norm_lengths,
                                                normalized_errors,
                                                percentile_error, pose_summary)
from spiga_mmpose.evaluation.protocols import PROTOCOLS
from spiga_mmpose.landmark_sets import load_landmark_set


def unpack(annotations, predictions, landmark_set):
    """Arrays of the two lists of faces."""
    place = {name: i for i, name in enumerate(landmark_set.annotation_ids)}
    shape = (len(annotations), landmark_set.num_landmarks)
    true, labelled = np.full((*shape, 2), np.nan), np.zeros(shape, bool)
    for i, face in enumerate(annotations):
        columns = [place[name] for name in face['ids']]
        true[i, columns] = face['landmarks']
        labelled[i, columns] = True
    boxes = np.array([face['bbox'] for face in annotations])
    boxes[:, 2:] += boxes[:, :2]
    return np.array([f['landmarks'] for f in predictions]), true, labelled, \
        boxes


@pytest.mark.parametrize('dataset, database, norm', [
    ('wflw', 'wflw', 'corners'),
    ('300w', '300wpublic', 'corners'),
    ('300w', '300wpublic', 'pupils'),
    ('300w', '300wpublic', 'height'),
    ('300w-private', '300wprivate', 'lnd_bbox'),
    ('300w-private', '300wprivate', 'bbox'),
    ('cofw68', 'cofw68', 'lnd_bbox'),
    ('merlrav', 'merlrav', 'lnd_bbox'),
])
def test_landmarks(monkeypatch, dataset, database, norm):
    protocol = PROTOCOLS[dataset]
    landmark_set = load_landmark_set(protocol.landmark_set)
    annotations, predictions = make_faces(
        landmark_set, 400, labelled=.6 if dataset == 'merlrav' else 1)
    answers = () if norm == protocol.norm else ('y', norm, 'n')
    expected = release_metrics(monkeypatch, 'landmarks', database,
                               annotations, predictions, answers)
    assert expected['nme_norm'] == norm

    predicted, true, labelled, boxes = unpack(annotations, predictions,
                                              landmark_set)
    lengths = norm_lengths(norm, true, labelled, boxes, landmark_set)
    errors = normalized_errors(predicted, true, labelled, lengths)
    scores = face_nme(errors, protocol.divide_by)
    threshold = protocol.threshold(norm)
    assert expected['nme_thr'] == threshold
    found = alignment_summary(scores, threshold)
    assert 0 < found[f'FR{threshold}'] < 50  # or the test shows little
    assert found['NME'] == pytest.approx(expected['nme'], abs=1e-9)
    for q in (90, 95, 99):
        assert found[f'NPE{q}'] == pytest.approx(
            expected[f'nme_p{q}'], abs=1e-9)
    assert found[f'AUC{threshold}'] == pytest.approx(
        expected['auc'], abs=.05)
    assert found[f'FR{threshold}'] == pytest.approx(expected['fr'], abs=.05)
    for i, name in enumerate(landmark_set.annotation_ids):
        assert landmark_nme(errors)[i] == pytest.approx(
            expected['nme_per_ldm'][name])
        column = errors[labelled[:, i], i]
        assert percentile_error(column, 90) == pytest.approx(
            expected['npe90_per_ldm'][name])


def test_pose(monkeypatch):
    annotations, predictions = make_faces(load_landmark_set('wflw_98'), 300)
    expected = release_metrics(monkeypatch, 'pose', 'wflw', annotations,
                               predictions)
    predicted, true = (
        np.array([face['headpose'][:3] for face in faces])
        for faces in (predictions, annotations))
    found = pose_summary(predicted, true)
    for i, name in enumerate(('yaw', 'pitch', 'roll')):
        assert found[f'MAE_{name}'] == pytest.approx(expected['mae_ypr'][i])
        for limit, share in expected[f'sr_{name}'].items():
            # The release reads the share off a histogram of 1000 bins.
            assert found[f'success{limit:g}_{name}'] == pytest.approx(
                100 * share, abs=.7)
    assert found['MAE'] == pytest.approx(expected['mae_mean'])
