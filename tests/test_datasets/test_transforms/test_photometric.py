"""Occlusion, light and blur of the crop."""
import cv2
import numpy as np
import pytest

from spiga_mmpose.datasets.transforms import (RandomBlur, RandomHSV,
                                              RandomLowQuality, RandomOccluder,
                                              RandomOcclusion)
from spiga_mmpose.landmark_sets import load_landmark_set


@pytest.fixture(autouse=True)
def seed():
    np.random.seed(0)


@pytest.fixture
def noise():
    return np.random.randint(0, 256, (64, 64, 3), dtype=np.uint8)


class TestRandomOcclusion:

    def results(self):
        # One landmark on every pixel: the hidden ones are the rectangle.
        grid = np.stack(np.meshgrid(np.arange(64.), np.arange(64.)), -1)
        return dict(
            img=np.full((64, 64, 3), 255, np.uint8),
            bbox=np.array([[10., 10, 50, 30]]),  # 40 x 20, side 64
            input_size=(64, 64),
            input_scale=np.array([64., 64]),
            transformed_keypoints=grid.reshape(1, -1, 2))

    def test_hides_exactly_what_it_covers(self):
        for _ in range(20):
            results = self.results()
            out = RandomOcclusion()(results)
            covered = (out['img'] != 255).any(-1)
            hidden = out['keypoints_hidden'].reshape(64, 64) > 0
            assert np.array_equal(covered, hidden)
            assert len(np.unique(out['img'].reshape(-1, 3), axis=0)) == 2

    def test_sides_and_place(self):
        sizes, firsts, lasts = [], [], []
        for _ in range(500):
            out = RandomOcclusion()(self.results())
            y, x = np.nonzero(out['keypoints_hidden'].reshape(64, 64))
            sizes.append([np.ptp(x) + 1, np.ptp(y) + 1])
            firsts.append([x.min(), y.min()])
            lasts.append([x.max(), y.max()])
        sizes = np.array(sizes)
        # 10 % to 40 % of 40 x 20, to the pixel
        assert sizes.min(0).tolist() in ([3, 1], [4, 1], [4, 2], [3, 2])
        assert sizes.max(0)[0] in (15, 16, 17) and sizes.max(0)[1] in (8, 9)
        # within the box, which is the middle of the crop: 12..52 x 22..42
        assert (np.min(firsts, 0) >= [12, 22]).all()
        assert (np.max(lasts, 0) <= [52, 42]).all()

    def test_keeps_what_was_hidden(self):
        results = self.results()
        results['keypoints_hidden'] = np.zeros((1, 4096))
        results['keypoints_hidden'][0, 0] = 1  # a corner, never covered
        out = RandomOcclusion()(results)['keypoints_hidden']
        assert out[0, 0] == 1 and out.sum() > 1
        assert out.dtype == np.float32

    def test_box_larger_than_the_crop(self):
        results = self.results()
        results['input_scale'] = np.array([8., 8])
        before = results['img'].copy()
        for _ in range(20):
            results = RandomOcclusion()(results)
        assert results['img'].shape == before.shape
        assert (results['img'] != before).any()


class TestRandomHSV:

    def test_as_a_plain_calculation(self, noise):
        np.random.seed(3)
        out = RandomHSV()(dict(img=noise.copy()))['img']
        np.random.seed(3)
        factors = 1 + np.random.uniform(-.5, .5, 3)
        hsv = cv2.cvtColor(noise, cv2.COLOR_BGR2HSV).astype(float) * factors
        hsv = np.minimum(hsv, [179, 255, 255]).astype(np.uint8)
        assert np.array_equal(out, cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR))

    def test_black_stays_black(self):
        black = np.zeros((4, 4, 3), np.uint8)
        assert (RandomHSV()(dict(img=black))['img'] == 0).all()


class TestRandomBlur:

    def test_kernels(self, noise):
        """Half of the time nothing; else one of three, so 2/3 in all."""
        expected = {
            kernel: cv2.GaussianBlur(noise, (kernel, kernel), 0).tobytes()
            for kernel in (1, 3, 5)
        }
        found = [
            RandomBlur()(dict(img=noise.copy()))['img'].tobytes()
            for _ in range(600)
        ]
        counts = {k: found.count(v) for k, v in expected.items()}
        assert sum(counts.values()) == 600
        assert 360 < counts[1] < 440
        assert counts[3] > 70 and counts[5] > 70


def upright_face(size=128):
    """A grey crop with the mean face of 68 landmarks."""
    shape = load_landmark_set('300w_68').mean_shape
    return dict(
        img=np.full((size, size, 3), 128, np.uint8),
        transformed_keypoints=shape[None] * size,
        keypoints_visible=np.ones((1, 68), np.float32))


class TestRandomOccluder:

    def test_hides_landmarks_under_what_it_draws(self):
        hidden = 0
        for _ in range(60):
            before = upright_face()
            out = RandomOccluder('300w_68', prob=1)(dict(before))
            points = out['transformed_keypoints'][0]
            x, y = np.floor(points).astype(int).T
            # Where a landmark is hidden something was drawn, but for a grey
            # as before.
            changed = (out['img'][y, x] != 128).any(-1)
            under = out['keypoints_hidden'][0] > 0
            hidden += under.sum()
            assert (changed | ~under).mean() > .95
            assert out['keypoints_hidden'].shape == (1, 68)
        assert hidden > 200

    def test_a_mask_covers_mouth_and_chin_and_no_eye(self):
        for _ in range(20):
            out = RandomOccluder(
                '300w_68', prob=1, face_mask=1)(upright_face())
            hidden = out['keypoints_hidden'][0] > 0
            parts = load_landmark_set('300w_68').parts
            assert hidden[parts['mouth']].all()
            assert not hidden[parts['eye'] + parts['brow']].any()

    def test_unlabelled_landmarks_have_no_say(self):
        face = upright_face()
        face['keypoints_visible'][:, 2:] = 0
        out = RandomOccluder('300w_68', prob=1)(face)
        assert (out['img'] == 128).all() and 'keypoints_hidden' not in out

    def test_never(self):
        out = RandomOccluder('300w_68', prob=0)(upright_face())
        assert (out['img'] == 128).all()


class TestRandomLowQuality:

    def detail(self, img):
        """Mean step from pixel to pixel, grey levels."""
        return np.abs(np.diff(img.astype(int), axis=1)).mean()

    def test_loses_detail_and_keeps_the_size(self, noise):
        faces = [
            RandomLowQuality(prob=1, min_face=8, max_noise=0)(
                dict(upright_face(64), img=noise.copy())) for _ in range(20)
        ]
        assert all(face['img'].shape == (64, 64, 3) for face in faces)
        details = [self.detail(face['img']) for face in faces]
        assert max(details) < self.detail(noise)
        assert min(details) < self.detail(noise) / 4

    def test_a_small_face_is_not_shrunk(self):
        face = upright_face(16)
        face['img'][::2] = 0
        out = RandomLowQuality(
            prob=1, min_face=20, max_noise=0, min_quality=95)(face)
        assert np.abs(out['img'][::2].astype(int)).mean() < 20
        assert np.abs(out['img'][1::2].astype(int) - 128).mean() < 20

    def test_noise(self):
        sigmas = [
            RandomLowQuality(prob=1, min_face=500, max_noise=20)(
                upright_face())['img'].std() for _ in range(50)
        ]
        assert min(sigmas) < 4 and 10 < max(sigmas) < 22

    def test_never(self, noise):
        face = dict(upright_face(64), img=noise.copy())
        assert np.array_equal(RandomLowQuality(prob=0)(face)['img'], noise)
