"""Occlusion, light and blur of the crop."""
import cv2
import numpy as np
import pytest

from spiga_mmpose.datasets.transforms import (RandomBlur, RandomHSV,
                                              RandomOcclusion)


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
