"""A resumed run sees the same crops: photographs, shuffled, two workers."""
import json

import cv2
import numpy as np
import pytest
import small_models
import torch
from mmengine.hooks import Hook
from small_runs import STAGES, run
from synthetic_landmarks import synthetic_landmarks

from spiga_mmpose.landmark_sets import load_landmark_set

PIPELINE = [
    dict(type='LoadFaceImage'),
    dict(type='BoxFromLandmarks'),
    dict(type='FaceRandomFlip', prob=0.5),
    dict(type='FaceBoxCenterScale', padding=1.6),
    dict(type='FaceRandomBox', rotate=45, shift=0.05, scale=0.15),
    dict(
        type='SPIGACrop', input_size=(small_models.SIZE, small_models.SIZE)),
    dict(type='RandomOcclusion'),
    dict(type='RandomHSV', limit=0.5),
    dict(type='RandomBlur', prob=0.5),
    dict(type='GenerateTarget', encoder=small_models.codec()),
    dict(type='PackFaceInputs')
]


class Crops(Hook):
    """Keeps the crops of every iteration."""

    def __init__(self):
        self.seen = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.seen[runner.iter] = torch.stack(list(data_batch['inputs']))


@pytest.fixture(scope='module')
def loader(tmp_path_factory):
    """Loader of six photographs of noise, in the authors' JSON."""
    root = tmp_path_factory.mktemp('photographs')
    rng = np.random.default_rng(0)
    rows = []
    for index, points in enumerate(synthetic_landmarks(6)):
        cv2.imwrite(
            str(root / f'{index}.png'),
            rng.integers(0, 256, (128, 128, 3), np.uint8))
        rows.append(
            dict(
                imgpath=f'{index}.png',
                bbox=[*points.min(0), *np.ptp(points, axis=0)],
                headpose=[0.] * 6,
                ids=list(load_landmark_set('wflw_98').annotation_ids),
                landmarks=points.tolist(),
                visible=[1.] * len(points)))
    (root / 'faces.json').write_text(json.dumps(rows))
    return dict(
        batch_size=3,
        num_workers=2,
        persistent_workers=True,
        collate_fn=dict(type='collate_faces'),
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dict(
            type='SPIGAJsonDataset',
            ann_file='faces.json',
            landmark_set='wflw_98',
            data_root=str(root),
            pipeline=PIPELINE))


def train(folder, loader, **changes):
    crops = Crops()
    _, recorder = run(
        folder,
        folder.name,
        hooks=[crops],
        train_dataloader=loader,
        stages=[dict(STAGES[0], length=3)],
        custom_hooks=[dict(type='SampleSeedHook'),
                      dict(type='StageHook')],
        **changes)
    return crops.seen, recorder.states[-1]


def test_resumed_run_is_the_same_bit_for_bit(tmp_path, loader):
    for name in ('whole', 'resumed'):
        (tmp_path / name).mkdir()
    crops, weights = train(tmp_path / 'whole', loader)
    again, resumed = train(
        tmp_path / 'resumed',
        loader,
        load_from=str(tmp_path / 'whole' / 'epoch_1.pth'),
        resume=True)
    assert sorted(crops) == list(range(6))
    assert sorted(again) == list(range(2, 6))
    for iteration, crop in again.items():
        assert torch.equal(crop, crops[iteration])
    for name, value in weights.items():
        assert torch.equal(value, resumed[name]), name
    # Every epoch has an order and an augmentation of its own.
    assert not torch.equal(crops[2], crops[4])
