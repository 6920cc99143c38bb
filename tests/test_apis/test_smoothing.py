"""The 1 euro filter by hand, and what it does to faces."""
import numpy as np
import pytest
from mmengine.structures import InstanceData

from spiga_mmpose.apis.smoothing import (SMOOTHING, FaceSmoother,
                                         OneEuroFilter, Smoothing)

RATE = 30.
SQUARE = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [.5, .5]])
NAMES = ('light', 'strong')


def faces(*points, ids=None, **fields):
    """Faces with landmarks (5, 2) each."""
    points = np.array(points, np.float32)
    ids = range(len(points)) if ids is None else ids
    return InstanceData(
        bboxes=np.zeros((len(points), 4), np.float32),
        keypoints=points,
        track_ids=np.array(ids, np.int64),
        **fields)


def smoothed(name, frames):
    """(F, 5, 2) smoothed landmarks of one face, F frames."""
    smoother = FaceSmoother(name, RATE)
    return np.array([smoother(faces(points)).keypoints[0]
                     for points in frames])


def jitter(frames):
    """Mean distance of a landmark from frame to frame."""
    return np.linalg.norm(np.diff(frames, axis=0), axis=-1).mean()


class TestFilter:

    def test_plain_low_pass_by_hand(self):
        # A cut-off of rate / 2 pi gives half of the new value.
        smooth = OneEuroFilter(Smoothing(10 / (2 * np.pi), 0), rate=10)
        values = [smooth([[x]])[0, 0] for x in (0, 1, 1, 5)]
        np.testing.assert_allclose(values, [0, 1 / 2, 3 / 4, 23 / 8])

    def test_speed_by_hand(self):
        # At 2 pi values a second a cut-off of c Hz has the weight c / (c + 1)
        # and the speed, cut off at 1 Hz, the weight 1 / 2.
        smooth = OneEuroFilter(Smoothing(1, 2), rate=2 * np.pi)
        smooth([[0.]])
        speed = np.pi  # half of 1 * 2 pi
        cutoff = 1 + 2 * speed
        first = cutoff / (cutoff + 1)
        np.testing.assert_allclose(smooth([[1.]]), [[first]])
        speed = (np.pi + (1 - first) * 2 * np.pi) / 2
        cutoff = 1 + 2 * speed
        second = first + cutoff / (cutoff + 1) * (1 - first)
        np.testing.assert_allclose(smooth([[1.]]), [[second]])

    def test_unit_of_speed(self):
        one = OneEuroFilter(Smoothing(1, 2), rate=25)
        ten = OneEuroFilter(Smoothing(1, 2), rate=25)
        for x in ([0., 0.], [1., 3.], [2., -1.]):
            np.testing.assert_allclose(
                ten(10 * np.array([x]), unit=10), 10 * one([x]))

    def test_direction_is_kept(self):
        smooth = OneEuroFilter(SMOOTHING['light'], RATE)
        for i in range(5):
            x, y = smooth([[0.1 * i**2, 0.3 * i**2]])[0]
            assert y == pytest.approx(3 * x)

    def test_points_are_alone(self):
        smooth = OneEuroFilter(SMOOTHING['light'], RATE)
        alone = OneEuroFilter(SMOOTHING['light'], RATE)
        for i in range(5):
            both = smooth([[0., 0.], [i, 2. * i]])
            np.testing.assert_allclose(both[0], 0)
            np.testing.assert_allclose(both[1:], alone([[i, 2. * i]]))


class TestLandmarks:

    @pytest.mark.parametrize('name', NAMES)
    def test_rest(self, name):
        frames = [100 * SQUARE + 7] * 4
        np.testing.assert_allclose(smoothed(name, frames), frames, rtol=1e-6)

    @pytest.mark.parametrize('name', NAMES)
    @pytest.mark.parametrize('step', [1., 30.])
    def test_step(self, name, step):
        """It goes there without a turn, and does not go beyond."""
        still = 100 * SQUARE
        frames = smoothed(name, [still] + [still + [step, 0]] * 90)
        way = frames[:, 0, 0]
        assert way[0] == 0 and (np.diff(way) >= -1e-6).all()
        assert way[1] < 0.9 * step
        assert way[-1] == pytest.approx(step, rel=0.01)

    def test_strong_is_slower(self):
        still = 100 * SQUARE
        way = [smoothed(name, [still, still + [1, 0]])[-1, 0, 0]
               for name in NAMES]
        assert 0 < way[1] < way[0] < 1

    @pytest.mark.parametrize('name, most', [('light', .45), ('strong', .25)])
    def test_still_face_under_noise(self, name, most):
        """Noise of 0.5 % of the face, as of a network, at 30 Hz."""
        rng = np.random.default_rng(0)
        frames = 200 * SQUARE + rng.normal(0, 1., (300, 5, 2))
        calm = smoothed(name, frames)
        assert jitter(calm) < most * jitter(frames)
        # And it is where it was.
        np.testing.assert_allclose(
            calm[30:].mean(0), 200 * SQUARE, atol=0.3)

    @pytest.mark.parametrize('name', NAMES)
    @pytest.mark.parametrize('speed', [0.1, 0.5, 2., 8.])
    def test_lag_is_bounded(self, name, speed):
        """At any steady speed (face sizes a second), see Smoothing."""
        way = speed / RATE * np.arange(150)
        frames = 100 * (SQUARE + np.stack([way, 0 * way], -1)[:, None])
        late = (frames - smoothed(name, frames))[-1, :, 0] / 100
        assert (late > 0).all()
        assert (late < 1 / (2 * np.pi * SMOOTHING[name].speed_gain)).all()

    @pytest.mark.parametrize('name', NAMES)
    def test_small_and_large_faces(self, name):
        rng = np.random.default_rng(1)
        frames = SQUARE + np.cumsum(rng.normal(0, .02, (20, 5, 2)), axis=0)
        large = smoothed(name, 400 * frames + [50, 90])
        np.testing.assert_allclose(
            large, 400 * smoothed(name, 20 * frames) / 20 + [50, 90],
            atol=0.02)

    def test_off(self):
        given = faces(SQUARE)
        assert FaceSmoother('off', RATE)(given) is given

    def test_unknown(self):
        with pytest.raises(ValueError, match="off, light, strong, found 'no'"):
            FaceSmoother('no', RATE)


class TestFaces:

    def test_a_copy_with_its_box(self):
        smoother = FaceSmoother('strong', RATE)
        smoother(faces(100 * SQUARE))
        given = faces(100 * SQUARE + 5)
        found = smoother(given)
        np.testing.assert_allclose(given.keypoints[0], 100 * SQUARE + 5)
        low, high = found.keypoints[0].min(0), found.keypoints[0].max(0)
        np.testing.assert_allclose(found.bboxes, [[*low, *high]])
        assert 0 < low[0] < 5

    def test_each_by_its_identity(self):
        smoother = FaceSmoother('strong', RATE)
        first, second = 100 * SQUARE, 100 * SQUARE + 300
        smoother(faces(first, second, ids=[4, 9]))
        found = smoother(faces(second, first, ids=[9, 4]))
        np.testing.assert_allclose(found.keypoints, [second, first])

    def test_starts_afresh_after_a_gap(self):
        smoother = FaceSmoother('strong', RATE)
        smoother(faces(100 * SQUARE))
        empty = InstanceData(
            bboxes=np.zeros((0, 4)),
            keypoints=np.zeros((0, 5, 2)),
            track_ids=np.zeros(0, np.int64))
        assert len(smoother(empty)) == 0
        moved = 100 * SQUARE + 50
        np.testing.assert_allclose(
            smoother(faces(moved)).keypoints[0], moved)

    def test_no_size(self):
        """All landmarks on one place: no division by nothing."""
        smoother = FaceSmoother('light', RATE)
        for x in (0, 1):
            found = smoother(faces(0 * SQUARE + x))
        assert np.isfinite(found.keypoints).all()

    def test_last_step_is_the_landmarks(self):
        smoother, rng = FaceSmoother('light', RATE), np.random.default_rng(2)
        for _ in range(5):
            steps = rng.normal(0, 5, (1, 4, 5, 2)) + 100 * SQUARE
            found = smoother(
                faces(steps[0, -1], landmark_steps=steps.astype(np.float32)))
        np.testing.assert_allclose(
            found.landmark_steps[:, -1], found.keypoints, rtol=1e-5)
        assert np.abs(found.landmark_steps - steps).max() > 0.1


class TestPoses:

    @staticmethod
    def smooth(name, poses):
        smoother = FaceSmoother(name, RATE)
        return np.array([
            smoother(faces(SQUARE, head_poses=np.array([pose], np.float32)))
            .head_poses[0] for pose in poses
        ])

    @pytest.mark.parametrize('name, most', [('light', .6), ('strong', .4)])
    def test_noise(self, name, most):
        rng = np.random.default_rng(0)
        still = np.array([20., -5, 3, 0.1, 0.2, 3.])
        noise = rng.normal(0, 1, (200, 6)) * [1, 1, 1, .01, .01, .03]
        calm = self.smooth(name, still + noise)
        ratio = np.abs(np.diff(calm, axis=0)).mean(0) / np.abs(
            np.diff(noise, axis=0)).mean(0)
        assert (ratio < most).all()
        np.testing.assert_allclose(calm[30:, :3].mean(0), still[:3], atol=.5)

    @pytest.mark.parametrize('name', NAMES)
    def test_wrap(self, name):
        angles = np.array([178., -178, 179, -179, -176, 177] * 3)
        poses = np.zeros((len(angles), 6))
        poses[:, 0] = angles
        yaw = self.smooth(name, poses)[:, 0]
        assert ((yaw >= -180) & (yaw < 180)).all()
        assert (np.abs(yaw) > 175).all()

    def test_a_full_turn(self):
        poses = np.zeros((73, 6))
        poses[:, 2] = (10 * np.arange(73) + 180) % 360 - 180
        roll = np.unwrap(self.smooth('light', poses)[:, 2], period=360)
        assert (np.diff(roll) > 0).all()
        assert 715 < roll[-1] < 720
