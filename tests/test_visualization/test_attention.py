"""Attention on the face and as a matrix."""
import cv2
import numpy as np
import pytest

from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from spiga_mmpose.visualization import (attention_grid, attention_matrix,
                                        attention_panels, crop_panel, to_panel)
from spiga_mmpose.visualization.drawing import facial_parts

STEPS, LAYERS, HEADS, L = 3, 2, 4, 98
CHIN, PUPIL, MOUTH = 16, 96, 85
SHAPE = (STEPS, LAYERS, HEADS, L, L)


@pytest.fixture
def landmark_set():
    return load_landmark_set('wflw_98')


@pytest.fixture
def landmarks(landmark_set):
    return 50 + 200 * project_head(landmark_set.head_model,
                                   np.array([0., 0, 0, 0, 0, 3]))


@pytest.fixture
def image():
    return np.full((300, 300, 3), 120, np.uint8)


def even():
    return np.full(SHAPE, 1 / L)


def on_one(target, share=1.):
    """Every landmark gives one a share, and the others the rest evenly."""
    attention = np.full(SHAPE, (1 - share) / (L - 1))
    attention[..., target] = share
    return attention


def green(panel):
    """(H, W) bool: where lines are."""
    panel = panel.astype(int)
    return panel[..., 1] > np.maximum(panel[..., 0], panel[..., 2]) + 20


class TestPanels:

    def test_a_line_from_the_one_to_the_other(self, image, landmarks,
                                              landmark_set):
        panels = attention_panels(image, on_one(MOUTH), landmarks,
                                  landmark_set, CHIN)
        assert [len(row) for row in panels] == [LAYERS] * STEPS
        _, matrix = crop_panel(image, landmarks)
        start, end = to_panel(landmarks[[CHIN, MOUTH]], matrix)
        line = green(panels[0][0])
        for share in (0.3, 0.6, 0.9):
            x, y = (start + share * (end - start)).round().astype(int)
            assert line[y, x]
        y, x = np.nonzero(line)
        low, high = np.minimum(start, end) - 8, np.maximum(start, end) + 8
        assert (x > low[0]).all() and (x < high[0]).all()
        assert (y > low[1]).all() and (y < high[1]).all()

    def test_no_lines_for_an_even_share(self, image, landmarks, landmark_set):
        panels = attention_panels(image, even(), landmarks, landmark_set, CHIN)
        assert not green(panels[0][0]).any()

    def test_wider_and_brighter_for_more(self, image, landmarks, landmark_set):
        """One scale in all panels."""
        attention = on_one(MOUTH, 0.9)
        attention[1] = on_one(MOUTH, 0.3)[1]
        attention[2] = on_one(MOUTH, 0.05)[2]
        panels = attention_panels(image, attention, landmarks, landmark_set,
                                  CHIN)
        areas = [green(row[0]).sum() for row in panels]
        assert areas[0] > areas[1] > areas[2] > 0
        peaks = [row[0][green(row[0])].max() for row in panels]
        assert peaks[0] > peaks[1] > peaks[2]

    def test_each_step_and_layer_has_its_own(self, image, landmarks,
                                             landmark_set):
        attention = even()
        attention[1, 0] = on_one(MOUTH)[1, 0]
        panels = attention_panels(image, attention, landmarks, landmark_set,
                                  CHIN)
        drawn = [[green(panel).any() for panel in row] for row in panels]
        assert drawn == [[False, False], [True, False], [False, False]]

    def test_rows_are_what_a_landmark_attends_to(self, image, landmarks,
                                                 landmark_set):
        attention = even()
        attention[..., MOUTH, :] = on_one(PUPIL)[..., 0, :]
        silent, speaking = (
            attention_panels(image, attention, landmarks, landmark_set, i)
            for i in (PUPIL, MOUTH))
        assert not green(silent[0][0]).any() and green(speaking[0][0]).any()

    def test_mean_over_the_heads(self, image, landmarks, landmark_set):
        mixed, mean = even(), even()
        mixed[:, :, 0] = on_one(MOUTH)[:, :, 0]
        mean[:] = mixed.mean(2, keepdims=True)
        one, other = (
            attention_panels(image, a, landmarks, landmark_set, CHIN)[0][0]
            for a in (mixed, mean))
        assert green(one).any() and (one == other).all()

    def test_attention_to_itself_draws_no_line(self, image, landmarks,
                                               landmark_set):
        itself = np.broadcast_to(np.eye(L), SHAPE)
        panel = attention_panels(image, itself, landmarks, landmark_set,
                                 CHIN)[0][0]
        assert not green(panel).any()

    def test_landmarks_that_are_not_finite(self, image, landmarks,
                                           landmark_set):
        landmarks[[MOUTH, PUPIL]] = np.nan
        for landmark in (CHIN, MOUTH):
            panel = attention_panels(image, on_one(MOUTH), landmarks,
                                     landmark_set, landmark)[0][0]
            assert not green(panel).any()


class TestGrid:

    def test_rows_are_steps_and_columns_layers(self, image, landmarks,
                                               landmark_set):
        grid = attention_grid(
            image, on_one(MOUTH), landmarks, landmark_set, CHIN, size=128)
        assert grid.shape[1] == LAYERS * 128 + (LAYERS + 1) * 4
        assert grid.shape[0] > STEPS * 128
        assert grid.dtype == np.uint8

    def test_left_pupil_where_no_landmark_is_named(self, image, landmarks,
                                                   landmark_set):
        default, pupil, chin = (
            attention_grid(image, on_one(MOUTH), landmarks, landmark_set, *i)
            for i in ((), (PUPIL, ), (CHIN, )))
        assert (default == pupil).all() and (default != chin).any()

    @pytest.mark.parametrize('shape, landmark, word', [
        (SHAPE, 98, 'landmark 98: expected one from 0 to 97'),
        (SHAPE, -1, 'landmark -1'),
        ((1, *SHAPE), CHIN, r'attention of one face.*found shape \(1, 3'),
        (SHAPE[:-1] + (68, ), CHIN, "98, 98.*for 'wflw_98'"),
    ])
    def test_errors(self, image, landmarks, landmark_set, shape, landmark,
                    word):
        with pytest.raises(ValueError, match=word):
            attention_grid(image, np.ones(shape), landmarks, landmark_set,
                           landmark)


class TestMatrix:
    # Parts whose landmarks lie apart: 0, 2, 4, ... and 1, 3, 5, ...
    ZEBRA = LandmarkSet(
        'zebra',
        40,
        parts=dict(eye=list(range(0, 40, 2)), mouth=list(range(1, 40, 2))))

    @staticmethod
    def yellow(image):
        """Middles (x, y) of the bright blocks, and the matrix's box."""
        values = image.astype(int)
        bright = (values[..., 0] > 200) & (values[..., 2] < 100)
        bright[:, int(0.8 * image.shape[1]):] = False  # the colour bar
        count, _, stats, _ = cv2.connectedComponentsWithStats(
            bright.astype(np.uint8))
        return stats[1:]

    def test_one_block_a_pair_of_parts(self):
        """Eye to mouth: the upper right quarter, in one piece."""
        attention = np.full((1, 1, 2, 40, 40), 1e-6)
        attention[..., 0::2, 1::2] = 1 / 20
        blocks = self.yellow(attention_matrix(attention, self.ZEBRA))
        assert len(blocks) == 1
        attention = np.full((1, 1, 2, 40, 40), 1e-6)
        attention[..., 1::2, 0::2] = 1 / 20
        other = self.yellow(attention_matrix(attention, self.ZEBRA))
        assert len(other) == 1
        # Mouth to eye is further down and further left.
        assert other[0, 0] < blocks[0, 0] and other[0, 1] > blocks[0, 1]
        width, height = blocks[0, 2:4]
        assert width == pytest.approx(height, rel=0.1)

    def test_one_matrix_a_step_and_layer(self):
        attention = np.full((3, 2, 2, 40, 40), 1e-6)
        attention[..., 0::2, 1::2] = 1 / 20
        blocks = self.yellow(attention_matrix(attention, self.ZEBRA))
        assert len(blocks) == 6
        assert len(set(blocks[:, 0])) == 2 and len(set(blocks[:, 1])) == 3

    def test_a_real_set_and_one_without_parts(self, landmark_set):
        image = attention_matrix(even(), landmark_set)
        assert image.ndim == 3 and image.dtype == np.uint8
        plain = LandmarkSet('plain', 5)
        assert list(facial_parts(plain)) == ['other']
        attention_matrix(np.full((1, 1, 1, 5, 5), 0.2), plain)

    def test_errors(self, landmark_set):
        with pytest.raises(ValueError, match='found shape'):
            attention_matrix(np.ones((L, L)), landmark_set)
