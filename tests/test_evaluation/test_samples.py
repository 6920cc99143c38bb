"""What samples say of a face is as promised, or a clear error."""
import numpy as np
import pytest
import torch

from spiga_mmpose.evaluation import samples
from spiga_mmpose.landmark_sets import load_landmark_set

WFLW = load_landmark_set('wflw_98')


def sample(part='gt_instances', **fields):
    return {'img_path': 'a.jpg', part: fields}


def test_parts_that_are_missing():
    for empty in ({}, dict(gt_instances=None, pred_instances=None),
                  dict(gt_instances={}, pred_instances={})):
        assert samples.num_landmarks(empty) is None
        assert samples.steps_of(empty, 3) is None
        assert samples.labelled_of(empty, 3).all()
        assert np.isnan(samples.true_box(empty)).all()
        assert samples.predicted_angles(empty) is None
        assert samples.true_angles(empty, WFLW) is None
        assert samples.subsets_of(empty) == ()
        with pytest.raises(ValueError, match='pred_instances holds no key'):
            samples.landmarks_of(empty, 'pred_instances', 3)


def test_box():
    assert samples.true_box(sample(bboxes=[[1, 2, 3, 4]])).tolist() == [
        1, 2, 3, 4]
    # What the crop was by is not what was annotated.
    assert samples.true_box(
        sample(bboxes=[[5, 6, 7, 8]], annotated_bboxes=[[1, 2, 3, 4]])
    ).tolist() == [1, 2, 3, 4]
    for bad in ([1, 2, 3, 4], [[1, 2, 3]], [[1, 2, 3, 4, 5]],
                [[1, 2, 3, 4]] * 2, 5, [['1', '2', '3', '4']],
                [[1, 2, 3, np.nan]]):
        with pytest.raises(ValueError, match='a.jpg: gt_instances.bboxes mus'):
            samples.true_box(sample(bboxes=bad))


def test_poses():
    for pose in (torch.tensor([[1., 2, 3, 4, 5, 6]]), [[1, 2, 3]]):
        found = samples.predicted_angles(
            sample('pred_instances', head_poses=pose))
        assert found.tolist() == [1, 2, 3]
        found = samples.true_angles(sample(head_poses=pose), WFLW)
        assert found.tolist() == [1, 2, 3]
    for bad in ([1, 2, 3], [[1, 2]], [[[1, 2, 3]]], [['1', '2', '3']],
                [[True, False, True]]):
        with pytest.raises(ValueError, match='pred_instances.head_poses must'):
            samples.predicted_angles(sample('pred_instances', head_poses=bad))
        with pytest.raises(ValueError, match='gt_instances.head_poses must'):
            samples.true_angles(sample(head_poses=bad), WFLW)


def test_a_crop_of_one_number():
    crop = dict(input_center=[1, 2], input_scale=[9, 9], input_size=[9, 9])
    points = sample(keypoints=np.zeros((1, 98, 2)))
    assert samples.true_angles({**points, **crop}, WFLW) is None  # one spot
    for key in crop:
        for bad in ([5], 5, [1, 2, 3], ['1', '2'], [1, np.nan]):
            with pytest.raises(ValueError, match=f'a.jpg: {key} must be'):
                samples.true_angles({**points, **crop, key: bad}, WFLW)
    for key in ('input_scale', 'input_size'):
        with pytest.raises(ValueError, match=f'{key} must be .* positive'):
            samples.true_angles({**points, **crop, key: [0, 0]}, WFLW)


def test_labelled():
    for values in ([[1, 0]], [[True, False]], [[[1], [0]]],
                   [[[1, 0], [0, 1]]], torch.tensor([[True, False]])):
        found = samples.labelled_of(sample(keypoints_visible=values), 2)
        assert found.tolist() == [True, False]
    for bad in ([1, 0], [[1]], [['1', '0']], [[1, np.nan]], 'x'):
        with pytest.raises(ValueError, match='keypoints_visible must'):
            samples.labelled_of(sample(keypoints_visible=bad), 2)


@pytest.mark.parametrize('shape', [(1, 0, 2, 2), (2, 3, 2, 2), (1, 3, 3, 2),
                                   (3, 2, 2), (0, ), ()])
def test_shape_of_steps(shape):
    with pytest.raises(ValueError, match=r'shape \(1, S\+1, 2, 2\), found'):
        samples.steps_of(
            sample('pred_instances', landmark_steps=np.zeros(shape)), 2)


def test_subsets():
    for value, expected in (('pose', ('pose', )), (['a', 'b'], ('a', 'b')),
                            (('a', 'b', 'a'), ('a', 'b')), ((), ())):
        assert samples.subsets_of(dict(subsets=value)) == expected
    for bad in (5, [5], [[1]], [None], [''], {'a': 1}, True, 0, False,
                np.array(['a', 'b'])):
        with pytest.raises(ValueError, match='subsets must be a list of name'):
            samples.subsets_of(dict(subsets=bad))
