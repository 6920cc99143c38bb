"""From a dump to rows of the paper's tables."""
import numpy as np
import pytest
from paper_dumps import make_samples, shrink, write_dump
from paper_tables import (NOT_RUN, NoTableError, as_list, as_printed,
                          dataset_of, fill, score_dump)
from published import TABLES

from spiga_mmpose.datasets.synthetic_face_dataset import face_path
from spiga_mmpose.evaluation.metrics import FaceAlignmentMetric, HeadPoseMetric
from spiga_mmpose.evaluation.run_info import RunInfo, write_run_info


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """WFLW has 6 faces here, 300W 7, 300W private 8, COFW-68 9, ..."""
    shrink(monkeypatch, 6)


def table(number, dataset):
    return next(t for t in TABLES
                if number in t.number and t.dataset == dataset)


def last_row(paper_table, *runs):
    """The last row of a filled table, by column."""
    rows = fill(paper_table, list(runs))
    return dict(zip(rows[0], rows[-1]))


def run_metric(metric, samples):
    metric.process(None, samples)
    return metric.compute_metrics(metric.results)


def test_published_rows_alone():
    for paper_table in TABLES:
        header, *rows = fill(paper_table, [])
        assert {len(row) for row in rows} == {len(header)}
        for row, published in zip(rows, paper_table.rows):
            assert row[0] == published.method
            assert tuple(row[2:-5]) == published.values
        assert rows[-1][0] == 'this project'
        assert set(rows[-1][2:-5]) == {NOT_RUN}


def test_a_run_has_its_row_in_the_tables_on_its_data(tmp_path):
    path = write_dump(tmp_path / 'a.pkl', make_samples('cofw68'))
    write_run_info(path, RunInfo('c.py', 'w.pth', 'annotated', 'on',
                                 'on the test set'))
    run = score_dump(path, 'a.pkl')
    assert run.dataset == 'cofw68'
    row = last_row(table('Table 4', 'cofw68'), run)
    assert row['method'] == 'a.pkl' and row['boxes'] == 'annotated'
    assert row['config'] == 'c.py' and row['checkpoint'] == 'w.pth'
    assert row['flip test'] == 'on' and row['faces'] == '9'
    assert row['selection'] == 'on the test set'
    assert isinstance(row['NME box'], float)
    for paper_table in TABLES:
        rows = fill(paper_table, [run])
        assert (rows[-1][0] == 'a.pkl') == (paper_table.dataset == 'cofw68')
    printed = as_printed(fill(table('Table 4', 'cofw68'), [run]))[-1]
    assert printed[2] == f'{row["NME box"]:.2f}'


def test_without_the_file_beside_it(tmp_path):
    run = score_dump(
        write_dump(tmp_path / 'a.pkl', make_samples('cofw68')), 'a.pkl')
    row = last_row(table('Table 4', 'cofw68'), run)
    for key in ('boxes', 'flip test', 'selection', 'config', 'checkpoint'):
        assert row[key] == 'unknown'


def test_steps_and_subsets_as_the_metric_has_them(tmp_path):
    samples = make_samples('wflw', subsets=('pose', 'blur'), steps=2)
    run = score_dump(write_dump(tmp_path / 'a.pkl', samples), 'a.pkl')
    expected = run_metric(FaceAlignmentMetric(), samples)
    row = last_row(table('Table 6', 'wflw'), run)
    assert row['method'] == 'a.pkl (2)'
    for step in (1, 2):
        assert row[f'step {step} NME'] == pytest.approx(
            expected[f'step{step}/NME'])
    assert row['step 2 NME'] < row['step 1 NME']
    assert row['step 3 NME'] == row['step 3 FR10'] == NOT_RUN

    second = [t for t in TABLES if 'Table 2 and' in t.number]
    for paper_table, metric in zip(second, ('NME', 'FR10', 'AUC10')):
        row = last_row(paper_table, run)
        assert row['full'] == pytest.approx(expected[metric])
        assert row['pose'] == pytest.approx(expected[f'pose/{metric}'])
        assert row['blur'] == pytest.approx(expected[f'blur/{metric}'])
        assert row['make-up'] == NOT_RUN and row['faces'] == '6'
    row = last_row(table('Table 5', 'wflw'), run)
    assert row['NPE90 blur'] == pytest.approx(expected['blur/NPE90'])


def test_pose_by_the_published_rule(tmp_path):
    """Rounded landmarks; it makes a difference."""
    samples = make_samples('300w')
    path = write_dump(tmp_path / 'a.pkl', samples)
    row = last_row(table('Table 1', '300w'), score_dump(path, 'a.pkl'))
    metrics = {
        rounded: run_metric(HeadPoseMetric('300w_68', rounded), samples)
        for rounded in (True, False)
    }
    for label, key in (('yaw', 'MAE_yaw'), ('pitch', 'MAE_pitch'),
                       ('roll', 'MAE_roll'), ('mean', 'MAE')):
        assert row[label] == pytest.approx(metrics[True][key])
        assert row[label] != pytest.approx(metrics[False][key])


def test_predictions_without_pose_and_steps(tmp_path):
    samples = make_samples('wflw')
    for sample in samples:
        del sample['pred_instances']['head_poses']
    run = score_dump(write_dump(tmp_path / 'a.pkl', samples), 'a.pkl')
    row = last_row(table('Table 1', 'wflw'), run)
    assert row['yaw'] == row['mean'] == NOT_RUN
    assert row['faces'] == '0 of 6'
    row = last_row(table('Table 6', 'wflw'), run)
    assert row['step 1 NME'] == NOT_RUN and row['method'] == 'a.pkl (0)'


def test_merl_rav_divides_by_68(tmp_path):
    """Half of the landmarks are labelled and off by (3, 4) px."""
    samples = make_samples('merlrav', subsets=('frontal', ))
    for sample in samples:
        truth = sample['gt_instances']
        truth['keypoints_visible'][:] = np.arange(68) < 34
        truth['keypoints'][0, 0] = 0, 0
        truth['keypoints'][0, 1:] = 80, 20
        sample['pred_instances']['keypoints'] = truth['keypoints'] + (3, 4)
    run = score_dump(write_dump(tmp_path / 'a.pkl', samples), 'a.pkl')
    row = last_row(table('Table 3', 'merlrav'), run)
    # The box is 80 x 20 px: its length is 40.
    assert row['NME all'] == pytest.approx(100 * 5 / 40 / 2)
    assert row['NME frontal'] == row['NME all']
    assert row['AUC7 all'] == pytest.approx(100 * (7 - 6.25) / 7)
    assert row['NME profile'] == NOT_RUN


def test_faces_that_are_not_scored_show(tmp_path):
    samples = make_samples('wflw', subsets=('pose', 'blur'))
    samples[1]['gt_instances']['keypoints'][0, [60, 72]] = 5.
    samples[1]['subsets'] = ('occlusion', )
    run = score_dump(write_dump(tmp_path / 'a.pkl', samples), 'a.pkl')
    row = last_row(table('Table 2 and', 'wflw'), run)
    assert row['faces'] == '5 of 6'
    assert np.isnan(row['occlusion']) and row['full'] > 0


@pytest.mark.parametrize('dataset', ['wflw', '300w', '300w-private',
                                     'cofw68', 'merlrav'])
def test_data_set_by_landmarks_and_faces(dataset):
    samples = make_samples(dataset)
    assert dataset_of(samples) == dataset
    with pytest.raises(NoTableError, match=r'a whole test set \(wflw 6'):
        dataset_of(samples[:2])


def test_drawn_faces_are_no_photographs():
    samples = make_samples('wflw')
    for index, sample in enumerate(samples):
        sample['img_path'] = face_path('default', 128, 2, index)
    with pytest.raises(NoTableError, match='6 synthetic faces'):
        dataset_of(samples)


def test_without_truth():
    with pytest.raises(NoTableError, match='1 faces of no landmarks'):
        dataset_of([dict(pred_instances=dict(keypoints=np.ones((1, 98, 2))))])
    with pytest.raises(NoTableError, match='1 faces of no landmarks'):
        dataset_of([dict(gt_instances=None)])


def cut(samples):
    samples[2]['pred_instances']['landmark_steps'] = samples[2][
        'pred_instances']['landmark_steps'][:, :-1]


def nan_step(samples):
    samples[2]['pred_instances']['landmark_steps'][0, 1, 7] = np.nan


def no_prediction(samples):
    del samples[2]['pred_instances']['keypoints']


@pytest.mark.parametrize('change, message', [
    (cut, r'face 2 has landmark_steps of the shape \(3, 98, 2\)'),
    (nan_step, 'face 2: landmark_steps must be finite'),
    (no_prediction, 'face 2: .* holds no keypoints'),
    (list.clear, 'holds no face'),
])
def test_damaged_content(tmp_path, change, message):
    samples = make_samples('wflw', steps=3)
    change(samples)
    path = write_dump(tmp_path / 'a.pkl', samples)
    with pytest.raises(ValueError, match=message) as error:
        score_dump(path, 'a.pkl')
    assert str(error.value).startswith(path)


def test_as_list(tmp_path):
    run = score_dump(
        write_dump(tmp_path / 'a.pkl', make_samples('cofw68')), 'a.pkl')
    header, *rows = as_list([run])
    assert {len(row) for row in rows} == {len(header)}
    cells = sum(len(t.columns) * (len(t.rows) + 1) for t in TABLES)
    assert len(rows) == cells
    ours = [dict(zip(header, row)) for row in rows if 'a.pkl' in row]
    assert [row['column'] for row in ours] == [
        'NME box', 'AUC7 box', 'NME inter-ocular'
    ]
    row = last_row(table('Table 4', 'cofw68'), run)
    assert all(found['value'] == row[found['column']] for found in ours)
    assert all(found['boxes'] == 'unknown' for found in ours)
