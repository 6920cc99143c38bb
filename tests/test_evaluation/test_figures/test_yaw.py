"""Error against yaw."""
import numpy as np
import pytest

from spiga_mmpose.evaluation.figures import draw_errors_by_yaw


def test_bins_medians_and_counts(drawn):
    yaw = np.array([0., 1, 2, 30, 31, np.nan, 60])
    ours = np.array([1., 2, 9, 4, 6, 5, np.nan])
    errors = dict(ours=ours, theirs=ours * 2)
    figure = drawn(draw_errors_by_yaw, errors, yaw, 'corners')
    upper, lower = figure.axes
    for line, factor in zip(upper.lines, (1, 2)):
        x, median = line.get_data()
        seen = np.isfinite(median)
        assert median[seen].tolist() == [2 * factor, 5 * factor]
        assert np.abs(x[seen] - [0, 30]).max() < 7.5  # within its bin
    heights = {round(bar.get_x() + bar.get_width() / 2): bar.get_height()
               for bar in lower.patches}
    assert heights[0] == 3 and heights[30] == 2 and heights[60] == 0
    assert sum(heights.values()) == 5
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ['ours', 'theirs']


def test_faces_left_out_are_told(drawn):
    yaw = np.array([0., np.nan, np.nan, 5])
    errors = dict(ours=np.array([1., 2, 3, np.nan]))
    label = drawn(draw_errors_by_yaw, errors, yaw,
                  'corners').axes[1].get_xlabel()
    assert '1 faces, 1 more not scored, 2 more without a yaw' in label


def test_methods_stay_in_their_bins(drawn):
    errors = {str(i): np.array([1.]) for i in range(12)}
    upper = drawn(draw_errors_by_yaw, errors, np.zeros(1), 'corners').axes[0]
    places = [line.get_xdata()[6] for line in upper.lines]
    assert len(set(places)) == 12 and max(map(abs, places)) < 7.5


def test_no_yaw_at_all(tmp_path):
    with pytest.raises(ValueError, match='no scored face has a true yaw'):
        draw_errors_by_yaw(
            dict(ours=np.array([1., np.nan])), np.array([np.nan, 3]),
            'corners', str(tmp_path / 'yaw.png'))
    assert not (tmp_path / 'yaw.png').exists()
