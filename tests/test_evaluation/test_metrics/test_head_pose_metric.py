"""HeadPoseMetric, by poses that project to known landmarks."""
import logging

import numpy as np
import pytest
from mmengine.evaluator import Evaluator

from spiga_mmpose.evaluation import HeadPoseMetric
from spiga_mmpose.evaluation import metrics as head_pose_metric
from spiga_mmpose.geometry import crop_to_image, project_head
from spiga_mmpose.landmark_sets import load_landmark_set

CROP = dict(
    input_center=np.array([300., 200]),
    input_scale=np.array([500., 500]),
    input_size=(256, 256))
POSE = np.array([20., -10, 5, .02, -.05, 3])


def make_sample(error=(0, 0, 0), from_landmarks=False, **extra):
    """A face of ``POSE``, predicted with an error of some degrees."""
    shape = load_landmark_set('wflw_98')
    points = crop_to_image(
        project_head(shape.head_model, POSE) * 256, CROP['input_center'],
        CROP['input_scale'], CROP['input_size'])
    truth = dict(keypoints=points[None], keypoints_visible=np.ones((1, 98)))
    if not from_landmarks:
        truth['head_poses'] = POSE[None]
    predicted = POSE.copy()
    predicted[:3] += error
    sample = dict(
        img_path='faces/a.jpg',
        pred_instances=dict(head_poses=predicted[None]),
        gt_instances=truth,
        **CROP)
    sample.update(extra)
    return sample


def evaluate(metric, samples):
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_hand_computed():
    samples = [
        make_sample((3, 0, 0), subsets=('pose', )),
        make_sample((-1, 2, 0))
    ]
    metrics = evaluate(HeadPoseMetric(prefix=''), samples)
    assert metrics['MAE_yaw'] == pytest.approx(2)
    assert metrics['MAE_pitch'] == pytest.approx(1)
    assert metrics['MAE_roll'] == pytest.approx(0, abs=1e-9)
    assert metrics['MAE'] == pytest.approx(1)
    assert metrics['num_poses'] == 2
    assert metrics['pose/MAE_yaw'] == pytest.approx(3)
    assert metrics['pose/geodesic'] == pytest.approx(3, abs=.1)
    assert metrics['skipped_poses'] == 0
    assert 'bin_acc_yaw' not in metrics


def test_binned():
    metrics = evaluate(HeadPoseMetric(binned=True), [make_sample((15, 0, 0))])
    assert metrics['bin_acc_yaw'] == 0
    assert metrics['adjacent_acc_yaw'] == 100
    assert metrics['success10_yaw'] == 0
    assert metrics['success30_yaw'] == 100


def test_true_pose_from_the_landmarks():
    metrics = evaluate(HeadPoseMetric(), [make_sample((4, 0, 0), True)])
    assert metrics['MAE_yaw'] == pytest.approx(4, abs=.05)
    assert metrics['MAE_pitch'] < .05 and metrics['MAE_roll'] < .05


def test_rounded_landmarks_give_another_pose():
    exact = evaluate(HeadPoseMetric(), [make_sample((0, 0, 0), True)])
    rounded = evaluate(
        HeadPoseMetric(rounded=True), [make_sample((0, 0, 0), True)])
    assert .02 < rounded['MAE'] < 1 and exact['MAE'] < .02


def test_unlabelled_landmarks_do_not_count():
    sample = make_sample((0, 0, 0), True)
    sample['gt_instances']['keypoints'][0, :40] = np.nan
    sample['gt_instances']['keypoints_visible'][0, :40] = 0
    assert evaluate(HeadPoseMetric(), [sample])['MAE'] < .1


def test_angles_wrap():
    sample = make_sample((0, 0, 358))
    assert evaluate(HeadPoseMetric(),
                    [sample])['MAE_roll'] == pytest.approx(2)


def test_skipped_faces_are_counted_and_named(monkeypatch):
    messages = []
    monkeypatch.setattr(head_pose_metric, 'print_log',
                        lambda text, **how: messages.append((text, how)))
    no_prediction = make_sample(img_path='faces/b.jpg')
    del no_prediction['pred_instances']['head_poses']
    stored_nan = make_sample(img_path='faces/c.jpg')
    stored_nan['gt_instances']['head_poses'] = np.full((1, 6), np.nan)
    few_points = make_sample((0, 0, 0), True, img_path='faces/d.jpg')
    few_points['gt_instances']['keypoints_visible'][:] = 0
    no_crop = make_sample((0, 0, 0), True, img_path='faces/e.jpg')
    del no_crop['input_center']
    metrics = evaluate(
        HeadPoseMetric(),
        [make_sample(), no_prediction, stored_nan, few_points, no_crop])
    assert metrics['num_poses'] == 1 and metrics['skipped_poses'] == 4
    (text, how), = messages
    assert 'faces/b.jpg, faces/c.jpg, faces/d.jpg, faces/e.jpg' in text
    assert how['level'] == logging.WARNING


def test_no_pose_at_all_gives_nan():
    sample = make_sample()
    del sample['pred_instances']['head_poses']
    metrics = evaluate(HeadPoseMetric(), [sample])
    assert np.isnan(metrics['MAE']) and metrics['num_poses'] == 0


def test_beside_the_alignment_metric():
    """Both with their bare keys and their counts in one evaluator."""
    sample = make_sample((0, 0, 0), subsets=('pose', ))
    sample['pred_instances']['keypoints'] = sample['gt_instances'][
        'keypoints']
    empty = make_sample(subsets=('pose', ))
    empty['pred_instances'] = dict(
        keypoints=empty['gt_instances']['keypoints'])
    empty['gt_instances']['keypoints_visible'] = np.zeros((1, 98))
    evaluator = Evaluator(
        [dict(type='FaceAlignmentMetric'),
         dict(type='HeadPoseMetric')])
    evaluator.process([sample, empty])
    metrics = evaluator.evaluate(2)
    assert metrics['pose/NME'] == 0 and metrics['pose/MAE'] == 0
    assert metrics['skipped'] == 1 and metrics['skipped_poses'] == 1


def test_bad_input():
    sample = make_sample((np.nan, 0, 0))
    with pytest.raises(ValueError, match='faces/a.jpg: the predicted yaw'):
        HeadPoseMetric().process(None, [sample])
    sample = make_sample((0, 0, 0), True, input_size=(192, 256))
    with pytest.raises(ValueError, match='faces/a.jpg.*square crop'):
        HeadPoseMetric().process(None, [sample])
    with pytest.raises(ValueError, match='no landmark set'):
        HeadPoseMetric('dog')
