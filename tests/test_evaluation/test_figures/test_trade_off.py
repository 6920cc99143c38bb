"""The figure of costs and errors shows every method at its place."""
import cv2
import numpy as np

from spiga_mmpose.evaluation.figures.comparison import draw_trade_off

BLUE, ORANGE = (31, 119, 180), (255, 127, 14)  # of the first two methods


def test_cheap_is_left_and_good_is_low(tmp_path):
    path = str(tmp_path / 'figure.png')
    draw_trade_off(
        dict(first=(4., 9.), second=(50., 3.)), 'GMACs', 'NME', path)
    image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    plot = image[:600]  # above the legend

    def middle(colour):
        return np.argwhere((plot == colour).all(axis=2)).mean(axis=0)

    (y, x), (other_y, other_x) = middle(BLUE), middle(ORANGE)
    assert x < other_x and y < other_y
