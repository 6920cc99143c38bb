"""A set that nobody knows: twelve points, from one file to predictions."""
import json
import os
import os.path as osp
import re
import subprocess
import sys

import numpy as np
import pytest
import small_models
import torch
from factorization import fit_head, mean_shape
from mmengine.dataset import Compose, pseudo_collate
from synthetic_landmarks import in_crop, synthetic_landmarks

from spiga_mmpose.codecs import SPIGALabel
from spiga_mmpose.datasets import SyntheticFaceDataset
from spiga_mmpose.landmark_sets import load_landmark_set

# Points of the 98 that the twelve are.
TWELVE = [35, 44, 60, 64, 68, 72, 54, 57, 76, 82, 79, 85]
SET = dict(
    name='twelve',
    num_landmarks=12,
    flip_pairs=[[0, 1], [2, 5], [3, 4], [8, 9]],
    edges=dict(nose=[6, 7], lip=[8, 10, 9]),
    parts=dict(nose=[6, 7], mouth=[8, 9, 10, 11]),
    eye_corners=[2, 5],
    robust_ids=[0, 1, 2, 3, 4, 5, 6, 7])


@pytest.fixture(scope='module')
def fitted(tmp_path_factory):
    """The set's field of the head, and that of the mean shape."""
    path = tmp_path_factory.mktemp('twelve') / 'twelve.json'
    path.write_text(json.dumps(SET))
    points = in_crop(synthetic_landmarks(60)[:, TWELVE])
    labelled = np.ones(points.shape[:2], bool)
    fit = fit_head(points, labelled, load_landmark_set(str(path)))
    return dict(
        pose=dict(head_model=fit.head_model.tolist()),
        mean=dict(mean_shape=mean_shape(points, labelled).tolist()))


def batch(path, count=2):
    """Synthetic faces of which the twelve points alone are labelled."""
    faces = SyntheticFaceDataset(count, image_size=small_models.SIZE)
    pack = Compose(small_models.pipeline(path))
    samples = []
    for index in range(count):
        info = faces.get_data_info(index)
        for key in ('keypoints', 'keypoints_visible', 'keypoints_hidden'):
            info[key] = info[key][:, TWELVE]
        info['flip_indices'] = load_landmark_set(path).flip_indices.tolist()
        samples.append(pack(info))
    return pseudo_collate(samples)


@pytest.fixture(params=['pose', 'mean'])
def start(request):
    return request.param


@pytest.fixture(params=[{}, dict(edges={}, flip_pairs=[])],
                ids=['full', 'bare'])
def path(request, fitted, start, tmp_path):
    """File of the set: a head or a mean shape, edges and pairs or none."""
    path = tmp_path / 'twelve.json'
    path.write_text(json.dumps({**SET, **fitted[start], **request.param}))
    return str(path)


def test_encodes(path, start):
    """With a head there is a pose, without one there is none."""
    codec = SPIGALabel(input_size=(64, 64), landmark_set=path)
    points = in_crop(synthetic_landmarks(2, seed=9)[:, TWELVE]) * 64
    labels = codec.encode(points)
    assert labels['keypoint_labels'].shape == (2, 12, 2)
    assert labels['keypoint_weights'].sum() == 24
    assert labels['pose_weights'].tolist() == [start == 'pose'] * 2
    decoded, scores = codec.decode(labels['keypoint_labels'])
    np.testing.assert_allclose(decoded, points, atol=1e-4)


def test_trains_and_predicts(path, start):
    config = small_models.estimator(
        backbone=small_models.backbone(landmark_set=path),
        head=small_models.head(landmark_set=path, initial_shape=start))
    model = small_models.build(config)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), 1e-6)
    losses = model(**model.data_preprocessor(batch(path)), mode='loss')
    has_edges = bool(load_landmark_set(path).edges)
    assert ('loss_edges' in losses) == has_edges
    total = sum(v for name, v in losses.items() if 'loss' in name)
    total.backward()
    assert torch.isfinite(total)
    before = model.head.steps[0].offset[-1].weight.clone()
    optimizer.step()
    assert not torch.equal(before, model.head.steps[0].offset[-1].weight)

    model.eval()
    with torch.no_grad():
        faces = model(**model.data_preprocessor(batch(path)), mode='predict')
    assert len(faces) == 2
    for face in faces:
        found = face.pred_instances
        assert found.keypoints.shape == (1, 12, 2)
        assert found.landmark_steps.shape == (1, 4, 12, 2)
        assert np.isfinite(found.keypoints).all()
        if start == 'mean':  # the same place in every crop
            shape = load_landmark_set(path).mean_shape
            np.testing.assert_allclose(
                np.ptp(found.landmark_steps[0, 0], axis=0),
                np.ptp(shape, axis=0) * face.metainfo['input_scale'],
                rtol=1e-4)


@pytest.mark.slow
def test_commands_of_the_docs(tmp_path, repo):
    """Every command of the walk-through, with fewer faces."""
    with open(osp.join(repo, 'docs', 'landmark_sets.md')) as file:
        part = file.read().split('## A new set')[1]
    commands = '\n'.join(re.findall(r'```bash\n(.*?)```', part, re.DOTALL))
    assert commands.count('tools/train.py') == 2
    assert 'num_faces=300' in commands
    commands = commands.replace('num_faces=300', 'num_faces=60')
    for name in ('configs', 'tools'):
        os.symlink(osp.join(repo, name), tmp_path / name)
    environment = dict(
        os.environ,
        PATH=osp.dirname(sys.executable) + os.pathsep + os.environ['PATH'],
        PYTHONPATH=repo)
    done = subprocess.run(['bash', '-e', '-c', commands],
                          cwd=tmp_path,
                          env=environment,
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    fitted = load_landmark_set(
        str(tmp_path / 'work_dirs/sketch/fitted_12.json'))
    assert fitted.head_model.shape == (12, 3)
    assert len(fitted.robust_ids) >= 6
    flat = load_landmark_set(str(tmp_path / 'work_dirs/sketch/flat_12.json'))
    assert flat.head_model is None and flat.mean_shape.shape == (12, 2)
    assert done.stdout.count('wrote work_dirs/sketch/') == 3
    # train.py validates, test.py tests: once each, with and without head.
    assert (done.stdout + done.stderr).count('NME: ') >= 4
