"""Several data sets in one training: shares, and the same draws again."""
import numpy as np
import pytest

from spiga_mmpose.datasets import SeededCombinedDataset
from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.fixture
def combined():
    faces = dict(type='SyntheticFaceDataset', image_size=32, pipeline=[])
    return SeededCombinedDataset(
        metainfo=load_landmark_set('wflw_98').metainfo(),
        datasets=[
            dict(faces, num_faces=6, seed=0),
            dict(faces, num_faces=1000, seed=1)
        ],
        sample_ratio_factor=[1., 0.01],
        pipeline=[dict(type='FaceRandomFlip', prob=0.5)])


def paths(dataset, indices):
    return [dataset[i]['img_path'] for i in indices]


def test_shares_of_an_epoch(combined):
    assert len(combined) == 16
    combined.set_epoch(0, 0)
    found = paths(combined, range(16))
    assert [path.split('/')[4] for path in found] == ['0'] * 6 + ['1'] * 10


def test_an_epoch_is_the_same_in_any_order(combined):
    combined.set_epoch(3, 0)
    forwards = [combined[i] for i in range(16)]
    np.random.seed(5)  # the state of another worker
    backwards = [combined[i] for i in range(15, -1, -1)][::-1]
    for one, other in zip(forwards, backwards):
        assert one['img_path'] == other['img_path']
        assert one['flip'] == other['flip']
        np.testing.assert_array_equal(one['img'], other['img'])


def test_other_epochs_take_other_faces(combined):
    combined.set_epoch(0, 0)
    first = paths(combined, range(6, 16))
    combined.set_epoch(1, 0)
    assert paths(combined, range(6, 16)) != first
