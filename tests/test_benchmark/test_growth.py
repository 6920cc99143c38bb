"""Straight lines, made-up landmark sets and the figure."""
import math

import cv2
import pytest

from spiga_mmpose.benchmark.figure import draw_growth
from spiga_mmpose.benchmark.growth import fit_line, write_landmark_set
from spiga_mmpose.landmark_sets import load_landmark_set


def test_a_straight_line_is_found():
    line = fit_line([1, 2, 5], [5, 7, 13])
    assert line.slope == pytest.approx(2) and line.start == pytest.approx(3)
    assert line.r2 == pytest.approx(1)


def test_r2_by_hand():
    # The line is 0 + x / 2; squares 0.25 + 1 + 0.25 of 2.
    line = fit_line([0, 1, 2], [0.5, -0.5, 1.5])
    assert (line.slope, line.start) == (pytest.approx(0.5), pytest.approx(0))
    assert line.r2 == pytest.approx(1 - 1.5 / 2)


def test_what_does_not_vary_has_no_r2():
    line = fit_line([1, 2, 3], [4, 4, 4])
    assert line.slope == pytest.approx(0) and math.isnan(line.r2)


@pytest.mark.parametrize('count', [19, 478])
def test_a_landmark_set_of_any_size(count, tmp_path):
    made = load_landmark_set(write_landmark_set(str(tmp_path), count))
    assert made.num_landmarks == count
    assert made.head_model.shape == (count, 3)
    found = sorted(i for curve in made.curves.values() for i in curve)
    assert found == list(range(count))


def test_the_figure_has_a_column_a_task(tmp_path):
    curve = dict(sizes=[1, 2, 8], ms=[10., 13, 24], memory=[50., 50, 50])
    one, two = str(tmp_path / 'one.png'), str(tmp_path / 'two.png')
    draw_growth({'crops at once': curve}, one)
    draw_growth({'crops at once': curve, 'landmarks': curve}, two)
    assert cv2.imread(two).shape[1] == 2 * cv2.imread(one).shape[1]
