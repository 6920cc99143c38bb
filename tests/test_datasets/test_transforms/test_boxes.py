"""Boxes: which, checked how, changed how."""
import numpy as np
import pytest

from spiga_mmpose.datasets.transforms import (BadSampleError, BoxFromLandmarks,
                                              FaceBoxCenterScale,
                                              FaceRandomBox, FaceRandomFlip)


class TestBoxFromLandmarks:

    def test_tight_box_of_labelled_points(self):
        results = dict(
            bbox=np.array([[0., 0, 9, 9]]),
            keypoints=np.array([[[2, 3], [5, 1], [-7, 90], [4, 8]]], 'f'),
            keypoints_visible=np.array([[1, 1, 0, 1]], 'f'))
        out = BoxFromLandmarks()(results)
        assert out['bbox'].tolist() == [[2, 1, 5, 8]]

    def test_inference_and_too_few_points_keep_the_box(self):
        box = np.array([[0., 0, 9, 9]])
        assert BoxFromLandmarks()(dict(bbox=box))['bbox'] is box
        results = dict(
            bbox=box,
            keypoints=np.zeros((1, 3, 2)),
            keypoints_visible=np.array([[0, 1, 0]]))
        assert BoxFromLandmarks()(results)['bbox'] is box


class TestFaceBoxCenterScale:

    def run(self, bbox, **extra):
        return FaceBoxCenterScale()(
            dict(
                bbox=np.array([bbox]),
                img_shape=(100, 200),
                img_path='some.jpg',
                **extra))

    def test_by_hand_whatever_the_data_set_brought(self):
        out = self.run([10, 20, 50, 40],
                       bbox_center=np.zeros((1, 2)),
                       bbox_scale=np.ones((1, 2)))
        assert np.allclose(out['bbox_center'], [[30, 30]])
        assert np.allclose(out['bbox_scale'], [[64, 32]])

    @pytest.mark.parametrize('bbox, center', [
        ([-30., -20, 1, 1], (-14.5, -9.5)),
        ([199., 99, 300, 300], (249.5, 199.5)),
    ])
    def test_partly_outside_is_good(self, bbox, center):
        assert np.allclose(self.run(bbox)['bbox_center'], center)

    @pytest.mark.parametrize('bbox, words', [
        ([10, 20, 10, 40.], 'x1 < x2'),
        ([10, 20, 50, 20.], 'y1 < y2'),
        ([50, 20, 10, 40.], 'x1 < x2'),
        ([10, np.nan, 50, 40], 'finite'),
        ([10, 20, np.inf, 40], 'finite'),
        ([10., 20, 30], 'finite'),
        ([200., 20, 250, 40], '200 x 100'),
        ([10., 100, 50, 140], '200 x 100'),
        ([-50., 20, 0, 40], '200 x 100'),
        ([10., -50, 50, -1], '200 x 100'),
    ])
    def test_bad_boxes_are_named(self, bbox, words):
        with pytest.raises(BadSampleError) as error:
            self.run(bbox)
        assert words in str(error.value)
        assert 'some.jpg' in str(error.value)
        assert str(np.array([bbox]).tolist()) in str(error.value)


def test_flip_takes_the_hidden_flags_along():
    results = dict(
        img=np.arange(12, dtype=np.uint8).reshape(1, 4, 3),
        img_shape=(1, 4),
        bbox=np.array([[0., 0, 2, 1]]),
        keypoints=np.array([[[0., 0], [3, 0], [1, 0]]]),
        keypoints_visible=np.array([[1, 0, 1]]),
        keypoints_hidden=np.array([[1., 0, 0]]),
        annotated_pose=np.arange(6),
        flip_indices=[1, 0, 2])
    out = FaceRandomFlip(prob=1.)(results)
    assert out['flip']
    assert out['img'][0, :, 0].tolist() == [9, 6, 3, 0]
    assert out['bbox'].tolist() == [[1, 0, 3, 1]]
    assert out['keypoints'][0, :, 0].tolist() == [0, 3, 2]
    assert out['keypoints_visible'].tolist() == [[0, 1, 1]]
    assert out['keypoints_hidden'].tolist() == [[0, 1, 0]]
    assert 'annotated_pose' not in out


class TestFaceRandomBox:

    def run(self, **kwargs):
        results = FaceBoxCenterScale()(
            dict(bbox=np.array([[10., 20, 50, 40]]), img_shape=(100, 200)))
        return FaceRandomBox(**kwargs)(results)

    def test_nothing(self):
        out = self.run(rotate=0, shift=0, scale=0)
        assert np.allclose(out['bbox_center'], [[30, 30]])
        assert np.allclose(out['bbox_scale'], [[64, 32]])
        assert out['bbox_rotation'] == 0

    def test_turned_box_is_enlarged(self, monkeypatch):
        # All draws at their upper end.
        monkeypatch.setattr(np.random, 'uniform',
                            lambda low, high, n: np.full(n, high))
        out = self.run(rotate=90, shift=0, scale=0)
        assert np.allclose(out['bbox_scale'], [[32, 64]])
        out = self.run(rotate=45, shift=0, scale=0)
        assert np.allclose(out['bbox_scale'], 96 / 2**.5)

    def test_a_turned_face_may_keep_its_size(self, monkeypatch):
        monkeypatch.setattr(np.random, 'uniform',
                            lambda low, high, n: np.full(n, high))
        out = self.run(rotate=45, shift=0, scale=.25, keep_size=True)
        assert np.allclose(out['bbox_scale'], [[64 / 1.25, 32 / 1.25]])
        assert out['bbox_rotation'] == 45

    def test_face_grows_by_scale_and_box_shifts_by_its_size(
            self, monkeypatch):
        monkeypatch.setattr(np.random, 'uniform',
                            lambda low, high, n: np.full(n, high))
        out = self.run(rotate=0, shift=.05, scale=.25)
        assert np.allclose(out['bbox_center'], [[32, 31]])
        assert np.allclose(out['bbox_scale'], [[64 / 1.25, 32 / 1.25]])

    def test_uniform_over_the_whole_range(self):
        np.random.seed(0)
        draws = [self.run(shift=0, scale=0) for _ in range(2000)]
        angles = np.array([d['bbox_rotation'][0] for d in draws])
        assert -45 <= angles.min() < -43 and 43 < angles.max() <= 45
        counts = np.histogram(angles, 6, (-45, 45))[0]
        assert counts.min() > 270  # 333 expected
