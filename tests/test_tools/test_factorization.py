"""A rigid head from 2D landmarks: exact bodies, cameras, synthetic faces."""
from dataclasses import replace

import numpy as np
import pytest
from factorization import (EYE_DISTANCE, FRONT_SIDE, factorize, fit_head,
                           mean_shape)
from scipy.spatial.transform import Rotation
from synthetic_landmarks import aligned, in_crop, synthetic_landmarks

from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set

WFLW = load_landmark_set('wflw_98')


def weak_perspective(count=20, num_landmarks=9, seed=0):
    """A random body, and its image from all around, at all sizes."""
    rng = np.random.default_rng(seed)
    body = rng.normal(size=(num_landmarks, 3))
    turns = Rotation.random(count, random_state=seed).as_matrix()
    sizes = rng.uniform(.5, 2, (count, 1, 1))
    shifts = rng.normal(size=(count, 1, 2))
    return body, sizes * body @ turns[:, :2].swapaxes(1, 2) + shifts


def poses_of(count, seed=0, spread=(25, 13, 14)):
    """Poses (N, 6) of faces that look into the camera in the mean."""
    rng = np.random.default_rng(seed)
    angles = rng.normal(size=(count, 3)) * spread
    return np.concatenate([
        angles,
        rng.normal(size=(count, 2)) * .1,
        rng.uniform(2.8, 3.6, (count, 1))
    ], 1)


def labels_like(points, missing=0., seed=0):
    rng = np.random.default_rng(seed)
    return rng.random(points.shape[:2]) >= missing


def distance(head, target, landmark_set):
    """Mean distance over that of the outer eye corners."""
    left, right = target[list(landmark_set.eye_corners)]
    return np.linalg.norm(
        head - target, axis=1).mean() / np.linalg.norm(left - right)


class TestFactorize:

    @pytest.mark.parametrize('missing', [0., .25])
    @pytest.mark.parametrize('seed', range(3))
    def test_recovers_a_rigid_body(self, missing, seed):
        body, points = weak_perspective(seed=seed)
        labelled = labels_like(points, missing, seed)
        assert labelled.sum(1).min() >= 4
        assert missing == 0 or not labelled.all()
        points[~labelled] = np.nan
        head, axes = factorize(points, labelled)
        np.testing.assert_allclose(
            aligned(head, body, reflect=True), body, atol=1e-6)

    def test_axes_bring_the_image_back(self):
        _, points = weak_perspective()
        head, axes = factorize(points, labels_like(points))
        image = head @ axes.swapaxes(1, 2)
        np.testing.assert_allclose(
            image - image.mean(1, keepdims=True),
            points - points.mean(1, keepdims=True),
            atol=1e-6)
        lengths = np.linalg.norm(axes, axis=-1)
        np.testing.assert_allclose(lengths[:, 0], lengths[:, 1], rtol=1e-6)
        np.testing.assert_allclose((axes[:, 0] * axes[:, 1]).sum(-1), 0,
                                   atol=1e-6)

    def test_faces_that_do_not_turn(self):
        """The same view, leaning and moved: a flat image explains all."""
        rng = np.random.default_rng(0)
        lean = Rotation.from_euler(
            'z', rng.normal(size=(9, 1))).as_matrix()[:, :2, :2]
        points = WFLW.mean_shape @ lean + rng.normal(size=(9, 1, 2))
        with pytest.raises(ValueError, match='do not turn enough'):
            factorize(points, labels_like(points))


class TestFitHead:

    @pytest.mark.parametrize('missing', [0., .2])
    def test_recovers_the_head_under_the_camera(self, missing):
        poses = poses_of(40)
        points = project_head(WFLW.head_model, poses)
        labelled = labels_like(points, missing)
        points[~labelled] = np.nan
        fit = fit_head(points, labelled, WFLW)
        # Not mirrored: only turned, and that by little.
        np.testing.assert_allclose(
            aligned(fit.head_model, WFLW.head_model),
            WFLW.head_model,
            atol=1e-5)
        assert distance(fit.head_model, WFLW.head_model, WFLW) < .1
        assert np.isnan(fit.errors[~labelled]).all()
        assert fit.errors[labelled].max() < 1e-5

    def test_poses_and_head_fit_the_landmarks(self):
        points = project_head(WFLW.head_model, poses_of(20))
        fit = fit_head(points, labels_like(points), WFLW)
        np.testing.assert_allclose(
            project_head(fit.head_model, fit.poses), points, atol=1e-5)

    @pytest.mark.parametrize('seed', range(3))
    def test_nose_tells_the_head_from_its_mirror_image(self, seed):
        """From afar nothing else does."""
        poses = poses_of(30, seed)
        poses[:, 5] = 1000.
        head = WFLW.head_model
        points = in_crop(project_head(head, poses))
        noise = np.random.default_rng(seed).normal(size=points.shape)
        points += noise * 1e-3
        # Who calls the ears a nose gets the hollow face.
        ears = replace(WFLW, parts=dict(nose=[0, 1, 2, 30, 31, 32]))
        for landmark_set, hollow in ((WFLW, False), (ears, True)):
            found = fit_head(points, labels_like(points), landmark_set)
            expected = head * [-1 if hollow else 1, 1, 1]
            wrong = head * [1 if hollow else -1, 1, 1]
            near = distance(
                aligned(found.head_model, expected), expected, WFLW)
            far = distance(aligned(found.head_model, wrong), wrong, WFLW)
            assert near < .5 * far

    def test_lies_where_the_authors_heads_do(self):
        points = project_head(WFLW.head_model, poses_of(40))
        head = fit_head(points, labels_like(points), WFLW).head_model
        np.testing.assert_allclose(head.max(0)[0], 0)
        assert head[:, 0].argmax() == 54  # the tip of the nose
        assert head[WFLW.parts['brow'], 2].max() < head[
            WFLW.parts['mouth'], 2].min()  # z is down
        pairs = np.array(WFLW.flip_pairs)
        across = head[pairs[:, 0]] - head[pairs[:, 1]]
        across = (across * np.sign(across[:, 1:2])).sum(0)
        np.testing.assert_allclose(across[[0, 2]], 0, atol=1e-9)
        assert head[60, 1] > .3 > -.3 > head[72, 1]  # y is to the left
        left, right = head[list(WFLW.eye_corners)]
        np.testing.assert_allclose(
            np.linalg.norm(left - right), EYE_DISTANCE)

    def test_set_with_a_nose_and_nothing_else(self):
        bare = LandmarkSet('bare', 98, parts=dict(nose=[54]))
        points = project_head(WFLW.head_model, poses_of(60))
        fit = fit_head(points, labels_like(points), bare)
        np.testing.assert_allclose(
            np.ptp(fit.head_model[:, 1:], axis=0).max(), FRONT_SIDE)
        # No pairs say what straight is: the mean face does.
        assert np.abs(fit.poses[:, :3].mean(0)).max() < 3
        np.testing.assert_allclose(
            aligned(fit.head_model, WFLW.head_model),
            WFLW.head_model,
            atol=1e-5)

    @pytest.mark.parametrize('name', ['wflw_98', '300w_68'])
    def test_constants_are_those_of_the_authors_heads(self, name):
        shipped = load_landmark_set(name)
        head = shipped.head_model
        left, right = head[list(shipped.eye_corners)]
        assert abs(np.linalg.norm(left - right) - EYE_DISTANCE) < .005
        assert abs(np.ptp(head[:, 1:], axis=0).max() - FRONT_SIDE) < .005
        np.testing.assert_array_equal(head[head[:, 0].argmax()], 0)


class TestDrawnFaces:
    """Faces with identity and expression, as docs/landmark_sets.md says."""

    @pytest.mark.parametrize('name', ['wflw_98', '300w_68'])
    def test_is_near_the_authors_head(self, name):
        shipped = load_landmark_set(name)
        drawn = WFLW.head_model
        ids = [int(np.linalg.norm(drawn - row, axis=1).argmin())
               for row in shipped.head_model]
        points = in_crop(synthetic_landmarks(200)[:, ids])
        fit = fit_head(points, labels_like(points), shipped)
        near = aligned(fit.head_model, shipped.head_model)
        assert distance(near, shipped.head_model, shipped) < .03
        # Where it is, without being moved onto the other.
        assert distance(fit.head_model, shipped.head_model, shipped) < .06


class TestBadInput:

    def points(self):
        return project_head(WFLW.head_model, poses_of(6))

    def test_no_nose(self):
        points = self.points()
        with pytest.raises(ValueError, match="'bare' has no part 'nose'"):
            fit_head(points, labels_like(points), LandmarkSet('bare', 98))

    def test_shapes(self):
        points = self.points()
        with pytest.raises(ValueError, match=r'expected points \(N, 98, 2\)'):
            fit_head(points[:, :97], labels_like(points), WFLW)
        with pytest.raises(ValueError, match=r'and \(5, 98\)'):
            fit_head(points, labels_like(points)[:5], WFLW)

    def test_not_finite(self):
        points = self.points()
        points[2, 7] = np.nan
        with pytest.raises(ValueError, match='not finite'):
            fit_head(points, labels_like(points), WFLW)

    def test_too_few(self):
        points, labelled = self.points(), np.ones((6, 98), bool)
        labelled[:4, 5] = False
        with pytest.raises(ValueError, match='landmark 5 is labelled in 2 f'):
            fit_head(points, labelled, WFLW)
        labelled = np.ones((6, 98), bool)
        labelled[3, 3:] = False
        with pytest.raises(ValueError, match='face 3 has 3 labelled'):
            fit_head(points, labelled, WFLW)
        with pytest.raises(ValueError, match='in 2 faces, expected at least'):
            fit_head(points[:2], np.ones((2, 98), bool), WFLW)


def test_mean_shape_skips_what_is_not_labelled():
    points = np.array([[[0., 0.], [1., 2.]], [[4., 2.], [np.nan, 9.]]])
    labelled = np.array([[True, True], [True, False]])
    np.testing.assert_array_equal(
        mean_shape(points, labelled), [[2, 1], [1, 2]])
    with pytest.raises(ValueError, match='landmark 1 is labelled in no face'):
        mean_shape(points, labelled & [True, False])
