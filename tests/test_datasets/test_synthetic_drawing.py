"""The drawing itself: exact landmarks, visibility, surface, light."""
import numpy as np
import pytest

from spiga_mmpose.datasets.synthetic.camera import (Camera, place,
                                                    vertex_normals)
from spiga_mmpose.datasets.synthetic.expression import (sample_expression,
                                                        sample_identity)
from spiga_mmpose.datasets.synthetic.rasterizer import rasterize
from spiga_mmpose.datasets.synthetic.renderer import draw_face
from spiga_mmpose.datasets.synthetic.shape_model import shape_model
from spiga_mmpose.geometry import euler_to_matrix, project_head
from spiga_mmpose.landmark_sets import load_landmark_set

HEAD = load_landmark_set('wflw_98')


def _camera(yaw=0., pitch=0., roll=0., size=128):
    angles = np.array([yaw, pitch, roll])
    return Camera(np.array([*angles, 0, 0, 3.2]), euler_to_matrix(angles),
                  size)


def _hidden(yaw):
    """Landmarks of the mean face that hide behind the head itself."""
    camera, model = _camera(yaw), shape_model()
    view = camera.view(model.mean)
    coverage = rasterize(camera.screen(view), view[:, 2], model.triangles,
                         camera.size)
    return coverage.hides(camera.screen(view[:98]), view[:98, 2],
                          view[:, 2], .06)


@pytest.mark.parametrize('size', [96, 128, 256, 600])
def test_landmarks_are_the_projected_vertices(size):
    for seed in range(5):
        face = draw_face(np.random.default_rng(seed), size)
        np.testing.assert_allclose(
            face.landmarks, project_head(face.vertices, face.pose) * size,
            atol=1e-9)


def test_mean_face_is_the_rigid_head():
    np.testing.assert_array_equal(shape_model().mean[:98], HEAD.head_model)


def test_frontal_face_hides_next_to_nothing():
    hidden = np.flatnonzero(_hidden(0))
    # The ends of the contour lie at the ears, on the silhouette.
    assert set(hidden) <= {0, 1, 2, 30, 31, 32}


@pytest.mark.parametrize('yaw, near, far', [
    # A face that turns to the right edge shows its side y > 0.
    (60, range(4, 16), range(20, 30)), (-60, range(17, 29), range(3, 12))])
def test_turned_face_hides_its_far_side(yaw, near, far):
    hidden = _hidden(yaw)
    assert hidden[list(far)].all()
    assert not hidden[list(near)].any()


def test_frontal_normals_of_the_face_point_to_the_camera():
    model, camera = shape_model(), _camera()
    normals = vertex_normals(camera.view(model.mean), model.triangles,
                             model.normal_sum)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    inside = [16, 35, 44, 51, 54, 60, 72, 85]
    assert (normals[inside, 2] < 0).all()


def test_surface_is_closed_but_for_the_ears():
    """Every edge of the head belongs to two triangles or to the back."""
    model = shape_model()
    edges = np.sort(model.triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    unique, counts = np.unique(edges, axis=0, return_counts=True)
    single = unique[counts == 1]
    back = len(model.mean) - 16 - 42  # the ring at the back, then the ears
    assert (single >= back).all()


def test_interpolation_is_exact_on_a_big_triangle():
    points = np.array([[4., 5.], [60., 9.], [11., 58.]])
    coverage = rasterize(points, np.ones(3), np.array([[0, 1, 2]]), 64)
    x, y = coverage.interpolate(points)
    np.testing.assert_allclose(x, coverage.x, atol=.05)
    np.testing.assert_allclose(y, coverage.y, atol=.05)
    assert abs(len(x) - 1464) < 120  # area 1464 px and its border


def test_nearer_triangles_win_and_backs_are_not_drawn():
    points = np.array([[2., 2.], [30., 2.], [2., 30.]] * 2)
    corners = np.array([[0, 1, 2], [3, 4, 5]])
    depth = np.array([5., 5., 5., 3., 3., 3.])
    ids = rasterize(points, depth, corners, 32).triangles
    assert set(np.unique(ids)) == {-1, 1}
    ids = rasterize(points, depth, corners[:, ::-1], 32).triangles
    assert set(np.unique(ids)) == {-1}


def test_closed_lids_meet_and_open_mouth_opens():
    model = shape_model()
    shut = model.vertices(dict(lid_left=1., lid_right=1.))
    opened = model.vertices(dict(mouth_open=1.))
    for upper, lower in ((62, 66), (70, 74)):
        assert abs(shut[upper, 2] - shut[lower, 2]) < .01
    assert opened[94, 2] - opened[90, 2] > .2
    assert opened[16, 2] > model.mean[16, 2] + .2
    np.testing.assert_allclose(opened[60:76], model.mean[60:76], atol=.01)


def test_most_eyes_are_open():
    rng = np.random.default_rng(0)
    lids = [sample_expression(rng)[0]['lid_left'] for _ in range(500)]
    assert np.mean(np.array(lids) > .6) < .15


def test_placed_box_fills_the_canvas():
    model = shape_model()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        vertices = model.vertices(sample_identity(rng, model.identity))[:98]
        camera = place(rng, rng.uniform(-40, 40, 3), vertices, 128)
        points = camera.pixels(vertices)
        np.testing.assert_allclose(
            points, project_head(vertices, camera.pose) * 128)
        side = 1.6 * (points.max(0) - points.min(0)).max()
        assert .75 * 128 < side < 1.2 * 128


def test_unknown_component_is_an_error():
    with pytest.raises(ValueError, match='no_such'):
        shape_model().vertices(dict(no_such=1.))
