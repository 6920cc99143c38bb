"""Panels, strips and contact grids."""
import numpy as np
import pytest

from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.visualization import (crop_panel, face_panel, make_grid,
                                        step_panels, to_panel)

POSE = np.array([10., -5, 3, 0, 0, 3])


@pytest.fixture
def landmark_set():
    return load_landmark_set('300w_68')


@pytest.fixture
def image():
    return np.full((300, 400, 3), 100, np.uint8)


@pytest.fixture
def steps(landmark_set):
    """(4, 68, 2): the head model drifting to the truth, the last entry."""
    start = 150 + 200 * (project_head(landmark_set.head_model, POSE) - 0.5)
    return np.stack([start + [shift, 0] for shift in (0., 12, 18, 20)])


class TestCropPanel:

    def test_pixels_and_points_go_the_same_way(self, image):
        image[120, 200] = 255
        corners = np.array([[170., 100], [230, 150]])
        panel, matrix = crop_panel(image, corners, size=240)
        spot = to_panel(np.array([200., 120]), matrix)
        y, x = np.unravel_index(panel[..., 0].argmax(), panel.shape[:2])
        np.testing.assert_allclose([x, y], spot, atol=1)

    def test_the_landmarks_fill_it_but_for_the_margin(self, image):
        corners = np.array([[100., 90], [200, 150], [np.nan, 7]])
        panel, matrix = crop_panel(image, corners, size=200, margin=1.25)
        assert panel.shape == (200, 200, 3)
        inside = to_panel(corners[:2], matrix)
        # Longer side 100 px: 200 / 1.25 = 160 of the 200 px.
        np.testing.assert_allclose(inside, [[20, 52], [180, 148]])

    @pytest.mark.parametrize('points', [
        np.full((5, 2), np.nan),
        np.array([[50., 50]]),
        np.array([[-900., -900], [-800, -800]]),
        np.array([[-1e12, -1e12], [1e12, 1e12]]),
    ])
    def test_no_face_to_look_at(self, image, points):
        panel, matrix = crop_panel(image, points, size=64)
        assert panel.shape == (64, 64, 3) and np.isfinite(matrix).all()

    def test_shrinking_does_not_alias(self):
        """Fine stripes become their mean, not a pattern."""
        image = np.zeros((800, 800, 3), np.uint8)
        image[:, ::2] = 200
        panel, _ = crop_panel(
            image, np.array([[0., 0], [799, 799]]), size=100, margin=1.)
        assert np.ptp(panel[10:-10, 10:-10].astype(int)) < 20


class TestFacePanel:

    def test_draws_landmarks_and_axes(self, image, steps, landmark_set):
        before = image.copy()
        bare = crop_panel(image, steps[0], 128)[0]
        points = face_panel(image, steps[0], landmark_set, size=128)
        posed = face_panel(image, steps[0], landmark_set, POSE, size=128)
        assert (bare != points).any() and (points != posed).any()
        assert (image == before).all()


class TestSteps:

    def test_a_panel_a_step(self, image, steps, landmark_set):
        panels = step_panels(image, steps, landmark_set, size=96)
        assert [p.shape for p in panels] == [(96, 96, 3)] * 4
        assert (panels[0] != panels[3]).any()

    def test_truth_shows_where_steps_are_wrong(self, image, steps,
                                               landmark_set):
        """White lines cover less and less, and none when it is right."""

        def white(truth):
            panels = step_panels(image, steps, landmark_set, truth)
            below = [panel[60:] for panel in panels]  # not the caption
            return [(part > 190).all(-1).sum() for part in below]

        lines = white(steps[3])
        # No offset is a dot on each landmark at most.
        assert lines[0] > lines[1] > lines[2] > lines[3]
        assert lines[3] <= 2 * 68 < lines[0]

    def test_unlabelled_truth(self, image, steps, landmark_set):
        truth = steps[3].copy()
        truth[10:] = np.nan
        assert len(step_panels(image, steps, landmark_set, truth)) == 4

    def test_a_head_gone_astray_moves_no_panel(self, image, steps,
                                               landmark_set):
        good = step_panels(image, steps, landmark_set)
        steps[0] *= 1e7
        astray = step_panels(image, steps, landmark_set)
        assert all((a == b).all() for a, b in zip(good[1:], astray[1:]))


class TestWindows:
    LANDMARK = 30  # the nose tip

    @pytest.fixture
    def dots(self, steps):
        """Steps of which only one landmark is to be seen: no edge hides the
        brightness. The others hold the frame."""
        dots = np.full_like(steps, np.nan)
        dots[:, self.LANDMARK] = steps[:, self.LANDMARK]
        dots[-1, [0, 1]] = [[100, 100], [300, 300]]
        return dots

    def panels(self, image, dots, landmark_set, **kwargs):
        kwargs.setdefault('windows', [100, 50, 25])
        return step_panels(
            image,
            dots,
            landmark_set,
            window_landmarks=[self.LANDMARK],
            **kwargs)

    def test_bright_within_and_dark_without(self, image, dots, landmark_set):
        panels = self.panels(image, dots, landmark_set, size=512)
        bare = step_panels(image, dots, landmark_set, size=512)
        assert (panels[0] == bare[0]).all()
        _, matrix = crop_panel(image, dots[-1], size=512)
        for step, side in ((1, 100), (2, 50), (3, 25)):
            center = dots[step - 1, self.LANDMARK]  # where it was before
            for share, value in ((0.4, 100), (0.6, 50)):
                for direction in ([0, 1], [0, -1], [-1, 0]):
                    spot = center + share * side * np.array(direction)
                    x, y = to_panel(spot, matrix).round().astype(int)
                    assert (panels[step][y, x] == value).all()

    def test_outline_is_where_the_window_ends(self, image, dots, landmark_set):
        panel = self.panels(image, dots, landmark_set)[2]
        _, matrix = crop_panel(image, dots[-1])
        edge = dots[1, self.LANDMARK] + [0, 25]
        x, y = to_panel(edge, matrix).round().astype(int)
        assert panel[y - 1:y + 2, x].max() > 200

    def test_one_at_the_left_pupil_where_none_is_named(self, image, steps,
                                                       landmark_set):
        left = landmark_set.pupils[0][0]
        default = step_panels(image, steps, landmark_set, windows=[9, 9, 9])
        named = step_panels(
            image,
            steps,
            landmark_set,
            windows=[9, 9, 9],
            window_landmarks=[left])
        assert all((a == b).all() for a, b in zip(default, named))

    @pytest.mark.parametrize('center, side', [(np.nan, 50), (1e9, 50),
                                              (150, np.nan), (150, 1e9)])
    def test_windows_that_cannot_be_drawn(self, image, dots, landmark_set,
                                          center, side):
        dots[0, self.LANDMARK] = center
        panels = self.panels(image, dots, landmark_set, windows=[side] * 3)
        assert len(panels) == 4

    @pytest.mark.parametrize('arguments, word', [
        (dict(windows=[50, 25]), 'expected 3 windows.*found 2'),
        (dict(windows=[9, 9, 9], window_landmarks=[68]), 'landmark 68'),
    ])
    def test_errors(self, image, steps, landmark_set, arguments, word):
        with pytest.raises(ValueError, match=word):
            step_panels(image, steps, landmark_set, **arguments)


class TestMakeGrid:

    def test_images_in_their_places(self):
        colors = [[(250, 0, 0), (0, 250, 0)], [(0, 0, 250)]]
        rows = [[np.full((50, 50, 3), color, np.uint8) for color in row]
                for row in colors]
        grid = make_grid(rows, size=64)
        gap = 4
        assert grid.shape == (2 * 64 + 3 * gap, 2 * 64 + 3 * gap, 3)
        assert tuple(grid[gap + 32, gap + 32]) == (250, 0, 0)
        assert tuple(grid[gap + 32, 2 * gap + 96]) == (0, 250, 0)
        assert tuple(grid[2 * gap + 96, gap + 32]) == (0, 0, 250)
        assert tuple(grid[2 * gap + 96, 2 * gap + 96]) == (255, ) * 3

    @pytest.mark.parametrize('shape', [(20, 200), (200, 20), (7, 7), (1, 1)])
    def test_images_are_not_stretched(self, shape):
        image = np.zeros((*shape, 3), np.uint8)
        grid = make_grid([[image]], size=80)
        dark = np.argwhere((grid < 50).all(-1))
        height, width = np.ptp(dark, axis=0) + 1
        assert max(height, width) == 80
        assert height / width == pytest.approx(shape[0] / shape[1], rel=0.15)

    def test_headings_and_captions_take_room_and_show(self):
        image = np.full((64, 64, 3), 255, np.uint8)
        plain = make_grid([[image] * 2] * 2, size=64)
        told = make_grid(
            [[image] * 2] * 2, ['one', 'two'],
            ['first', 'a caption much too long for its row'],
            size=64)
        assert (plain == 255).all()
        assert told.shape[0] > plain.shape[0]
        assert told.shape[1] == plain.shape[1]
        assert (told < 100).any()

    def test_a_note_takes_the_lines_that_it_needs(self):
        image = np.full((64, 64, 3), 255, np.uint8)
        heights = [
            make_grid([[image] * 3], size=64, note='word ' * count).shape[0]
            for count in (0, 1, 20, 40)
        ]
        assert heights[0] < heights[1] < heights[2] < heights[3]

    @pytest.mark.parametrize('arguments, word', [
        (([], ), 'no image'),
        (([[]], ), 'no image'),
        (([[np.zeros((4, 4, 3), np.uint8)]], ['a', 'b']), '1 headings'),
        (([[np.zeros((4, 4, 3), np.uint8)]], [], ['a', 'b']), '1 captions'),
    ])
    def test_errors(self, arguments, word):
        with pytest.raises(ValueError, match=word):
            make_grid(*arguments)
