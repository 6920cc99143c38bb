"""The cumulative error curve."""
import numpy as np

from spiga_mmpose.evaluation.figures import draw_ced, per_cent_of
from spiga_mmpose.evaluation.figures.style import method_style


def test_curves_and_legend(drawn):
    errors = dict(ours=np.array([1., 2, 3, 11]), theirs=np.array([5.] * 4))
    figure = drawn(draw_ced, errors, 10., 'corners')
    axes, = figure.axes
    ours, theirs = axes.lines
    x, y = ours.get_data()
    assert (x[0], x[-1]) == (0, 10)
    assert [y[np.argmin(abs(x - at))] for at in (.5, 1, 2.5, 10)] == [
        0, 25, 50, 75]
    assert set(theirs.get_ydata()) == {0, 100}
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    # 100 * mean of 9, 8, 7, 0 over 10.
    assert texts == ['ours (AUC 60.00, FR 25.00)',
                     'theirs (AUC 50.00, FR 0.00)']
    assert 'outer eye corners' in axes.get_xlabel()


def test_methods_differ_without_colour():
    styles = [method_style(place) for place in range(28)]
    assert len({(s['linestyle'], s['marker']) for s in styles}) == 28


def test_a_normaliser_of_ones_own():
    assert per_cent_of('length of the nose') == '% of the length of the nose'
