"""FaceAlignmentMetric, by hand-made samples."""
import logging
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpose.registry import METRICS

from spiga_mmpose.evaluation import FaceAlignmentMetric
from spiga_mmpose.evaluation import metrics as face_alignment_metric
from spiga_mmpose.landmark_sets import load_landmark_set


def make_sample(shift=0., subsets=None, landmark_set='wflw_98', **extra):
    """A face with an inter-ocular distance of 100 px, off by ``shift`` px."""
    shape = load_landmark_set(landmark_set)
    rng = np.random.default_rng(0)
    true = rng.uniform(0, 200, (1, shape.num_landmarks, 2))
    true[0, list(shape.eye_corners)] = [[50, 80], [150, 80]]
    sample = dict(
        img_path='faces/a.jpg',
        pred_instances=dict(keypoints=true + (shift, 0)),
        gt_instances=dict(
            keypoints=true,
            keypoints_visible=np.ones((1, shape.num_landmarks)),
            bboxes=np.array([[0., 0, 50, 200]])))
    if subsets is not None:
        sample['subsets'] = subsets
    sample.update(extra)
    return sample


def evaluate(metric, samples):
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_perfect_prediction():
    metrics = evaluate(FaceAlignmentMetric(), [make_sample()] * 3)
    assert metrics == dict(
        NME=0, AUC10=100, FR10=0, NPE90=0, NPE95=0, NPE99=0, num_faces=3,
        skipped=0)


def test_hand_computed_with_subsets():
    samples = [
        make_sample(2, ('pose', 'blur')),
        make_sample(20, ('pose', )),
        make_sample(5, ()),
        make_sample(5),
    ]
    metrics = evaluate(FaceAlignmentMetric(), samples)
    assert metrics['NME'] == pytest.approx(8)
    assert metrics['AUC10'] == pytest.approx((80 + 0 + 50 + 50) / 4)
    assert metrics['FR10'] == 25
    assert metrics['pose/NME'] == pytest.approx(11)
    assert metrics['pose/FR10'] == 50
    assert metrics['pose/NPE90'] == pytest.approx(2 + .9 * 18)
    assert metrics['blur/NME'] == pytest.approx(2)
    assert metrics['num_faces'] == 4
    assert metrics['skipped'] == 0


def test_mean_over_faces_not_over_landmarks():
    """A face with one labelled landmark weighs as much as a full one."""
    few = make_sample(10)
    visible = np.zeros((1, 98))
    visible[0, [60, 72]] = 1
    few['gt_instances']['keypoints_visible'] = visible
    metrics = evaluate(FaceAlignmentMetric(), [make_sample(2), few])
    assert metrics['NME'] == pytest.approx(6)


@pytest.mark.parametrize('shape', [(1, 98, 1), (1, 98, 2)])
def test_shapes_of_visible(shape):
    sample = make_sample(3)
    visible = np.ones(shape)
    visible[0, 5, 0] = 0
    sample['gt_instances']['keypoints_visible'] = visible
    sample['pred_instances']['keypoints'][0, 5] += 1000
    assert evaluate(FaceAlignmentMetric(),
                    [sample])['NME'] == pytest.approx(3)


def test_without_visible_all_are_labelled():
    sample = make_sample(3)
    del sample['gt_instances']['keypoints_visible']
    assert evaluate(FaceAlignmentMetric(),
                    [sample])['NME'] == pytest.approx(3)


def test_steps_of_the_cascade():
    samples = []
    for shift in (1, 3):
        sample = make_sample(shift)
        true = sample['gt_instances']['keypoints']
        sample['pred_instances']['landmark_steps'] = torch.tensor(
            np.stack([true + (10 * shift, 0), true + (shift, 0)], 1))
        samples.append(sample)
    metrics = evaluate(FaceAlignmentMetric(), samples)
    assert metrics['step0/NME'] == pytest.approx(20)
    assert metrics['step1/NME'] == pytest.approx(2)
    samples[1]['subsets'] = ('occlusion', )
    metrics = evaluate(FaceAlignmentMetric(), samples)
    assert metrics['step0/NME'] == pytest.approx(20)
    assert metrics['occlusion/step0/NME'] == pytest.approx(30)
    assert metrics['occlusion/step1/NME'] == pytest.approx(3)
    metrics = evaluate(FaceAlignmentMetric(per_step=False), samples)
    assert 'step0/NME' not in metrics
    metrics = evaluate(FaceAlignmentMetric(), samples + [make_sample(1)])
    assert 'step0/NME' not in metrics


def test_usual_normaliser_and_threshold():
    for name, norm, threshold in (('wflw_98', 'corners', 10),
                                  ('300w_68', 'corners', 8)):
        metric = FaceAlignmentMetric(name)
        assert (metric.norm, metric.threshold) == (norm, threshold)
    metric = FaceAlignmentMetric('300w_68', norm='lnd_bbox')
    assert metric.threshold == 7


def test_other_normaliser_under_a_prefix():
    evaluator = Evaluator([
        dict(type='FaceAlignmentMetric'),
        dict(
            type='FaceAlignmentMetric',
            norm='bbox',
            threshold=7.5,
            prefix='box'),
    ])
    evaluator.process([make_sample(5)])
    metrics = evaluator.evaluate(1)
    assert metrics['NME'] == pytest.approx(5)
    assert metrics['box/NME'] == pytest.approx(5)  # sqrt(50 * 200) = 100
    assert metrics['box/AUC7.5'] == pytest.approx(100 / 3)
    assert metrics['box/num_faces'] == 1


def test_merl_rav_rule():
    sample = make_sample(4, landmark_set='300w_68')
    visible = np.zeros((1, 68))
    visible[0, :17] = 1
    sample['gt_instances']['keypoints_visible'] = visible
    metric = FaceAlignmentMetric('300w_68', norm=100, divide_by='all')
    metrics = evaluate(metric, [sample])
    assert metrics['NME'] == pytest.approx(4 * 17 / 68)
    assert metrics['NME_labelled'] == pytest.approx(4)


def test_skipped_faces_are_counted_and_named(monkeypatch):
    messages = []
    monkeypatch.setattr(face_alignment_metric, 'print_log',
                        lambda text, **how: messages.append((text, how)))
    unlabelled = make_sample(5, ('pose', ), img_path='faces/b.jpg')
    unlabelled['gt_instances']['keypoints_visible'] = np.zeros((1, 98))
    no_length = make_sample(5, img_path='faces/c.jpg')
    no_length['gt_instances']['keypoints'][0, [60, 72]] = 7.
    metrics = evaluate(FaceAlignmentMetric(),
                       [make_sample(2), unlabelled, no_length])
    assert metrics['NME'] == pytest.approx(2)
    assert metrics['num_faces'] == 1 and metrics['skipped'] == 2
    assert 'pose/NME' not in metrics
    (text, how), = messages
    assert 'faces/b.jpg, faces/c.jpg' in text
    assert how['level'] == logging.WARNING


def test_no_scored_face_gives_nan():
    sample = make_sample()
    sample['gt_instances']['keypoints_visible'] = np.zeros((1, 98))
    metrics = evaluate(FaceAlignmentMetric(), [sample])
    assert np.isnan(metrics['NME']) and metrics['num_faces'] == 0


def _broken(part, key, value):
    sample = make_sample()
    if value is None:
        del sample[part][key]
    else:
        sample[part][key] = value
    return sample


@pytest.mark.parametrize('value', [np.nan, np.inf])
@pytest.mark.parametrize('part, name', [('pred_instances', 'predicted'),
                                        ('gt_instances', 'true')])
def test_not_finite(part, name, value):
    sample = make_sample()
    sample[part]['keypoints'] = sample[part]['keypoints'].copy()
    sample[part]['keypoints'][0, 3, 0] = value
    with pytest.raises(ValueError, match=f'faces/a.jpg: {name} landmarks'):
        FaceAlignmentMetric().process(None, [sample])


def test_steps_not_finite():
    sample = _broken('pred_instances', 'landmark_steps',
                     np.full((1, 4, 98, 2), np.nan))
    with pytest.raises(ValueError, match='faces/a.jpg: predicted landmarks'):
        FaceAlignmentMetric().process(None, [sample])


@pytest.mark.parametrize('part, key, value, message', [
    ('pred_instances', 'keypoints', None, 'pred_instances holds no keyp'),
    ('gt_instances', 'keypoints', None, 'gt_instances holds no keyp'),
    ('pred_instances', 'keypoints', np.zeros((1, 68, 2)), r'\(1, 68, 2\)'),
    ('pred_instances', 'keypoints', np.zeros((2, 98, 2)), r'\(2, 98, 2\)'),
    ('gt_instances', 'keypoints_visible', np.ones((1, 68)), r'\(1, 68\)'),
    ('pred_instances', 'landmark_steps', np.ones((4, 98, 2)), 'S\\+1'),
])
def test_bad_samples(part, key, value, message):
    with pytest.raises(ValueError, match='faces/a.jpg.*' + message):
        FaceAlignmentMetric().process(None, [_broken(part, key, value)])


def test_box_norm_without_boxes():
    sample = _broken('gt_instances', 'bboxes', None)
    with pytest.raises(ValueError, match='faces/a.jpg.*needs gt_inst'):
        FaceAlignmentMetric(norm='height').process(None, [sample])


@pytest.mark.parametrize('arguments, message', [
    (dict(landmark_set='dog'), 'no landmark set'),
    (dict(norm='ocular'), 'normaliser must be one of'),
    (dict(norm=-3), 'positive number'),
    (dict(norm=True), 'positive number'),
    (dict(threshold=0), 'threshold'),
    (dict(threshold=1e-9), 'threshold'),
    (dict(divide_by=68), 'divide_by'),
])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        METRICS.build(dict(type='FaceAlignmentMetric', **arguments))


_TWO_PROCESSES = '''
import sys
import numpy as np
import torch.distributed as dist
import spiga_mmpose.evaluation
from mmpose.registry import METRICS

rank, port = int(sys.argv[1]), sys.argv[2]
dist.init_process_group('gloo', f'tcp://127.0.0.1:{port}', rank=rank,
                        world_size=2)
metric = METRICS.build(dict(type='FaceAlignmentMetric', norm=100))
pose = METRICS.build(dict(type='HeadPoseMetric'))
true = np.random.default_rng(0).random((1, 98, 2))
# Five faces on two ranks: the sixth is the padding of the sampler.
for shift in ([1, 3, 5], [2, 4, 1])[rank]:
    sample = dict(
        img_path=str(shift), subsets=('odd', ) if shift % 2 else (),
        pred_instances=dict(keypoints=true + (shift, 0),
                            head_poses=np.full((1, 6), float(shift))),
        gt_instances=dict(keypoints=true, head_poses=np.zeros((1, 6))))
    metric.process(None, [sample])
    pose.process(None, [sample])
found = metric.evaluate(5)
assert found['num_faces'] == 5, found
assert abs(found['NME'] - 3) < 1e-6, found
assert abs(found['odd/NME'] - 3) < 1e-6, found
assert abs(found['NPE90'] - 4.6) < 1e-6, found
found = pose.evaluate(5)
assert found['num_poses'] == 5 and abs(found['MAE'] - 3) < 1e-6, found
dist.destroy_process_group()
'''


def test_two_processes(tmp_path, repo):
    """The metrics gather the faces of two processes, without the padding."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    script = tmp_path / 'rank.py'
    script.write_text(_TWO_PROCESSES)
    env = dict(os.environ, PYTHONPATH=repo, OMP_NUM_THREADS='1')
    ranks = [
        subprocess.Popen([sys.executable, str(script), str(rank), str(port)],
                         cwd=tmp_path, env=env, stderr=subprocess.PIPE)
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=300)[1] for process in ranks]
    assert [p.returncode for p in ranks] == [0, 0], errors
