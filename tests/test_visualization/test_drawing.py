"""Drawing: what is painted, where, and what is left alone."""
import numpy as np
import pytest

from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from spiga_mmpose.visualization import drawing

RED, GREEN = (255, 0, 0), (0, 255, 0)
NO_LINKS = np.zeros((0, 2), int)


def gray(height=100, width=120):
    return np.full((height, width, 3), 128, np.uint8)


def changed(canvas, before=None):
    """(H, W) bool: pixels that were painted."""
    return (canvas
            != (gray(*canvas.shape[:2]) if before is None else before)).any(-1)


def alike(pixel, color):
    """The same colour, but for antialiasing."""
    return np.allclose(pixel, color, atol=25)


def centroid(mask):
    """x, y of the middle of a mask."""
    return np.argwhere(mask).mean(0)[::-1]


@pytest.fixture(params=['wflw_98', '300w_68'])
def landmark_set(request):
    return load_landmark_set(request.param)


@pytest.fixture
def face(landmark_set):
    """(L, 2) frontal head in the middle of a 200 px crop."""
    return 200 * project_head(landmark_set.head_model,
                              np.array([0., 0, 0, 0, 0, 3]))


class TestSizes:

    def test_face_size_by_hand(self):
        points = np.array([[10., 10], [40, 20], [np.nan, 500]])
        assert drawing.face_size(points) == pytest.approx(300**0.5)

    @pytest.mark.parametrize('points', [
        np.full((3, 2), np.nan),
        np.zeros((0, 2)),
        np.array([[5., 5]]),
    ])
    def test_face_size_is_at_least_one(self, points):
        assert drawing.face_size(points) == 1

    @pytest.mark.parametrize(
        'rule',
        [drawing.line_width, drawing.point_radius, drawing.text_height])
    def test_sizes_grow_with_the_face(self, rule):
        sizes = [rule(size) for size in (1, 60, 250, 1000, 2000)]
        assert sizes == sorted(sizes) and sizes[-1] > 3 * sizes[0] > 0

    @pytest.mark.parametrize(
        'rule',
        [drawing.line_width, drawing.point_radius, drawing.text_height])
    def test_a_4k_face_looks_like_a_small_one(self, rule):
        assert rule(3000) / 3000 == pytest.approx(rule(256) / 256, rel=0.2)

    def test_letters_can_be_read_beside_a_tiny_face(self):
        assert drawing.text_height(10) >= 10


class TestParts:

    def test_every_landmark_is_in_one_part(self, landmark_set):
        parts = drawing.facial_parts(landmark_set)
        assert sorted(sum(parts.values(), [])) == list(
            range(landmark_set.num_landmarks))
        assert parts == landmark_set.parts

    @pytest.mark.parametrize('parts, expected', [
        ({}, dict(other=[0, 1, 2, 3])),
        (dict(nose=[3, 1]), dict(nose=[3, 1], other=[0, 2])),
        (dict(other=[2], eye=[0]), dict(other=[2, 1, 3], eye=[0])),
        (dict(eye=[0, 1], nose=[1, 2, 3]), dict(eye=[0, 1], nose=[2, 3])),
    ])
    def test_landmarks_of_no_part_and_of_two(self, parts, expected):
        assert drawing.facial_parts(LandmarkSet('dog', 4,
                                                parts=parts)) == expected

    def test_part_of_a_landmark(self):
        dog = LandmarkSet('dog', 3, parts=dict(nose=[1]))
        assert drawing.part_of(dog, 1) == 'nose'
        assert drawing.part_of(dog, 0) == 'other'
        for wrong in (3, -1):
            with pytest.raises(ValueError, match=f"{wrong}.*0 to 2 of 'dog'"):
                drawing.part_of(dog, wrong)

    def test_landmark_to_look_at(self, landmark_set):
        found = drawing.example_landmark(landmark_set)
        assert found in landmark_set.pupils[0]
        assert drawing.example_landmark(LandmarkSet('dog', 3)) == 0


class TestLandmarks:

    def test_style(self, landmark_set):
        colors, links = drawing.landmark_style(landmark_set)
        assert colors.shape == (landmark_set.num_landmarks, 3)
        assert links.max() < landmark_set.num_landmarks
        lips = landmark_set.parts['mouth']
        assert (colors[lips] == colors[lips[0]]).all()
        assert (colors[lips[0]] != colors[0]).any()
        # An edge of n landmarks has n - 1 links.
        assert len(links) == sum(
            len(edge) - 1 for edge in landmark_set.edges.values())

    def test_points_have_their_colours_in_their_places(self, landmark_set,
                                                       face):
        canvas = gray(200, 200)
        colors, _ = drawing.landmark_style(landmark_set)
        whole = np.round(face)
        drawing.draw_landmarks(canvas, whole, colors, NO_LINKS)
        for i in landmark_set.robust_ids:
            x, y = whole[i].astype(int)
            assert (canvas[y, x] == colors[i]).all()

    def test_links_are_drawn(self):
        points = np.array([[20., 50], [100, 50], [60, 90]])
        canvas = gray()
        drawing.draw_landmarks(canvas, points, np.tile(RED, (3, 1)),
                               np.array([[0, 1]]))
        assert alike(canvas[50, 60], RED)
        assert not changed(canvas)[70, 78:82].any()  # no link 1 to 2

    def test_opacity(self):
        points = np.array([[20., 50], [60, 50], [100, 50]])
        canvas = gray()
        drawing.draw_landmarks(canvas, points, np.tile(RED, (3, 1)),
                               np.array([[0, 1], [1, 2]]),
                               np.array([1, 0.5, 0]))
        assert (canvas[50, 20] == RED).all()
        half = [191.5, 64, 64]
        assert alike(canvas[50, 60], half)
        # The link is as faint as its fainter end, or not there at all.
        assert alike(canvas[50, 40], half)
        assert not changed(canvas)[:, 66:].any()

    def test_points_that_are_not_finite_are_left_out(self):
        points = np.array([[20., 50], [np.nan, 50], [100, np.inf]])
        canvas, alone = gray(), gray()
        colors = np.tile(RED, (3, 1))
        drawing.draw_landmarks(canvas, points, colors,
                               np.array([[0, 1], [1, 2]]))
        drawing.draw_landmarks(alone, points[:1], colors[:1], NO_LINKS)
        assert (canvas == alone).all() and changed(canvas).any()

    @pytest.mark.parametrize('points', [
        np.full((2, 2), np.nan),
        np.array([[-500., -500], [-400, -400]]),
        np.array([[1e12, 1e12], [2e12, 1e12]]),
    ])
    def test_nothing_to_see(self, points):
        canvas = gray()
        drawing.draw_landmarks(canvas, points, np.tile(RED, (2, 1)),
                               np.array([[0, 1]]))
        assert not changed(canvas).any()

    def test_a_face_of_absurd_size(self, landmark_set, face):
        """A bad pose blows the head up; what is in the image is drawn."""
        canvas = gray()
        style = drawing.landmark_style(landmark_set)
        drawing.draw_landmarks(canvas, (face - face[0]) * 1e9 + 50, *style)
        assert changed(canvas).any()
        pose = np.array([0., 0, 0, 0, 0, 3])
        drawing.draw_pose_axes(canvas, pose, np.zeros(2), 1e12, 1e12)
        drawing.draw_indices(canvas, face * 1e12, style[0])
        drawing.draw_box(canvas, np.array([-1e12, -1e12, 1e12, 1e12]))

    def test_a_face_half_outside(self, landmark_set, face):
        canvas = gray(200, 200)
        drawing.draw_landmarks(canvas, face - [100, 0],
                               *drawing.landmark_style(landmark_set))
        whole = gray(200, 300)
        drawing.draw_landmarks(whole, face,
                               *drawing.landmark_style(landmark_set))
        assert changed(canvas).any()
        # Strokes cut by the border may differ in their antialiasing.
        assert (canvas[:, 3:100] == whole[:, 103:200]).mean() > 0.999

    def test_looks_alike_at_every_size(self, landmark_set, face):
        """The painted share of the image does not depend on its size."""
        shares = []
        for scale in (4, 12):
            canvas = gray(200 * scale, 200 * scale)
            drawing.draw_landmarks(canvas, face * scale,
                                   *drawing.landmark_style(landmark_set))
            shares.append(changed(canvas).mean())
        assert shares[0] == pytest.approx(shares[1], rel=0.35)

    def test_indices(self):
        points = np.array([[30., 50], [90, 50], [np.nan, np.nan]])
        canvas = gray()
        drawing.draw_indices(canvas, points, np.tile(RED, (3, 1)))
        left, right = changed(canvas)[:, :60], changed(canvas)[:, 60:]
        assert left.any() and right.any()


def test_line():
    canvas = gray()
    drawing.draw_line(canvas, np.array([10., 20]), np.array([np.nan, 20]), RED,
                      3)
    assert not changed(canvas).any()
    drawing.draw_line(canvas, np.array([10., 20]), np.array([90., 20]), RED, 3)
    assert (canvas[20, 10:90] == RED).all()


class TestPose:

    @pytest.mark.parametrize(
        'pose', [[0, 0, 0, 0, 0, 3.], [35, -20, 12, 0.2, -0.1, 2.8],
                 [-80, 5, 40, -0.3, 0.2, 4]])
    def test_frame_is_the_crop(self, landmark_set, pose):
        corner, side = np.array([-30., 410]), 333.
        landmarks = corner + side * project_head(landmark_set.head_model,
                                                 np.array(pose))
        landmarks[3] = np.nan
        found, found_side = drawing.pose_frame(landmark_set.head_model, pose,
                                               landmarks)
        np.testing.assert_allclose(found, corner, atol=1e-8)
        assert found_side == pytest.approx(side)

    def test_no_frame(self, landmark_set, face):
        head = landmark_set.head_model
        pose = np.array([0., 0, 0, 0, 0, 3])
        assert np.isnan(drawing.pose_frame(head, pose, face * np.nan)[1])
        assert np.isnan(drawing.pose_frame(head, pose * np.nan, face)[1])

    def arrows(self, *angles):
        """Middles of the red, green and blue arrow from the origin."""
        canvas = gray(200, 200)
        drawing.draw_pose_axes(canvas, np.array([*angles, 0, 0, 3.]),
                               np.zeros(2), 200., 100.)
        return [
            centroid((canvas == color).all(-1)) - 100
            for color in drawing.AXIS_COLORS
        ]

    def test_looking_straight(self):
        right, down, front = self.arrows(0, 0, 0)
        assert right[0] > 15 and abs(right[1]) < 2
        assert down[1] > 15 and abs(down[0]) < 2
        np.testing.assert_allclose(front, 0, atol=2)

    def test_directions_are_those_of_the_convention(self):
        # geometry.euler: yaw > 0 turns right, pitch > 0 looks up, roll > 0
        # leans clockwise.
        assert self.arrows(40, 0, 0)[2][0] > 8
        assert self.arrows(-40, 0, 0)[2][0] < -8
        assert self.arrows(0, 40, 0)[2][1] < -8
        right, down, _ = self.arrows(0, 0, 30)
        assert right[1] > 5 and down[0] < -5

    @pytest.mark.parametrize(
        'pose',
        [
            [np.nan, 0, 0, 0, 0, 3],
            [0, 0, 0, 0, 0, 0],  # the head at the camera
            [0, 0, 0, 0, 0, -3],  # and behind it
        ])
    def test_no_axes(self, pose):
        canvas = gray()
        drawing.draw_pose_axes(canvas, np.array(pose, float), np.zeros(2),
                               100., 100.)
        assert not changed(canvas).any()

    def test_axes_without_a_frame(self):
        canvas = gray()
        drawing.draw_pose_axes(canvas, np.array([0., 0, 0, 0, 0, 3]),
                               np.full(2, np.nan), np.nan, 100.)
        assert not changed(canvas).any()


class TestBoxAndText:

    def test_box(self):
        canvas = gray()
        drawing.draw_box(canvas, np.array([20., 30, 80, 90]))
        for x, y in ((20, 60), (80, 60), (50, 30), (50, 90)):
            assert alike(canvas[y, x], drawing.BOX_COLOR)
        assert not changed(canvas)[40:80, 30:70].any()

    @pytest.mark.parametrize('box',
                             [[np.nan, 0, 5, 5], [-500, -500, -400, -400]])
    def test_no_box(self, box):
        canvas = gray()
        drawing.draw_box(canvas, np.array(box, float))
        assert not changed(canvas).any()

    def test_square_and_disc(self):
        canvas = gray()
        drawing.draw_square(canvas, np.array([60., 50]), 40, RED, 1)
        for x, y in ((40, 50), (80, 50), (60, 30), (60, 70)):
            assert alike(canvas[y, x], RED)
        assert not changed(canvas)[35:65, 45:75].any()
        drawing.draw_disc(canvas, np.array([60., 50]), 5, GREEN)
        assert (canvas[47:54, 57:64] == GREEN).all()

    def test_no_square_and_no_disc(self):
        canvas = gray()
        drawing.draw_square(canvas, np.array([np.nan, 50]), 40, RED, 1)
        drawing.draw_square(canvas, np.array([60., 50]), np.inf, RED, 1)
        drawing.draw_disc(canvas, np.array([60., np.inf]), 5, GREEN)
        assert not changed(canvas).any()

    def test_band_of_text(self):
        band = drawing.text_band(['abc', 'a line much too long for it'], 80,
                                 12)
        assert band.shape[1] == 80
        assert band.shape[0] == drawing.text_extent(['', ''], 12)[1]
        top, bottom = np.split((band < 100).any(-1), 2)
        assert top.any() and bottom.any()

    def test_text_is_kept_inside(self):
        """Beyond the corner it is the same text, pushed in."""
        inside, pushed = gray(), gray()
        width, height = drawing.text_extent(['abc', 'd'], 12)
        drawing.draw_text(inside, ['abc', 'd'], (120 - width, 100 - height),
                          12)
        drawing.draw_text(pushed, ['abc', 'd'], (1e9, 500), 12)
        assert (inside == pushed).all() and changed(inside).any()

    def test_lines_have_their_colours(self):
        canvas = gray()
        drawing.draw_text(
            canvas, ['MMMM', 'MMMM'], (0, 0), 20, [RED, GREEN], background=1)
        red = centroid((canvas == RED).all(-1))
        green = centroid((canvas == GREEN).all(-1))
        assert red[1] < green[1]

    @pytest.mark.parametrize('shape', [(1, 1), (3, 200), (200, 3)])
    def test_tiny_canvas(self, shape):
        canvas = gray(*shape)
        drawing.draw_text(canvas, ['yaw +12'], (0, 0), 30)
        drawing.draw_box(canvas, np.array([0., 0, 1, 1]))
        drawing.draw_landmarks(canvas, np.array([[0., 0]]), np.array([RED]),
                               NO_LINKS)
        assert changed(canvas).any()

    def test_nowhere(self):
        canvas = gray()
        drawing.draw_text(canvas, ['a'], (np.nan, 0), 12)
        assert not changed(canvas).any()
