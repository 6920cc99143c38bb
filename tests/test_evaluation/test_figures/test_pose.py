"""Predicted against true pose."""
import numpy as np
import pytest

from spiga_mmpose.evaluation.figures import draw_pose_errors

NAN = np.full(3, np.nan)


def test_scatter_and_confusion(drawn):
    true = np.array([[0., 5, 5], [1, 6, 170], [40, 0, 0], NAN])
    predicted = true + (2, -3, 0)
    predicted[1, 2] = -170  # 20 degrees on from 170
    predicted[2] = NAN
    predicted[3] = 0
    figure = drawn(draw_pose_errors, dict(ours=predicted), true)
    yaw, pitch, roll, table = figure.axes
    titles = [axes.get_title(loc='left') for axes in figure.axes]
    assert titles[0] == 'ours (2 of 4 faces have both poses)\nyaw: MAE 2.00°'
    assert titles[1:3] == ['pitch: MAE 3.00°', 'roll: MAE 10.00°']
    assert yaw.collections[0].get_offsets().tolist() == [[0, 2], [1, 3]]
    # Its distance from the line is the error the short way round.
    assert roll.collections[0].get_offsets().tolist() == [[5, 5], [170, 190]]
    texts = {text.get_position(): text.get_text() for text in table.texts}
    assert texts == {(6, 6): '2'}
    assert '100.0 % in the right one' in titles[3]


def test_true_bins_are_rows(drawn):
    table = drawn(draw_pose_errors, dict(ours=np.array([[45., 0, 0]])),
                  np.zeros((1, 3))).axes[3]
    text, = table.texts
    assert text.get_position() == (9, 6)  # column predicted, row true
    assert table.images[0].get_array()[6, 9] == 1
    assert '0.0 % in the right one' in table.get_title(loc='left')


def test_a_row_for_each_method_with_poses(drawn):
    true = np.zeros((2, 3))
    methods = dict(ours=true, nothing=true * np.nan, theirs=true + 50)
    axes = drawn(draw_pose_errors, methods, true).axes
    assert len(axes) == 8
    assert axes[4].get_title(loc='left').startswith('theirs')
    # One scale for both, or the eye would compare wrongly.
    assert axes[0].get_xlim() == axes[4].get_xlim()


@pytest.mark.parametrize('true, predicted', [(NAN, NAN * 0 + 1), (NAN, NAN)])
def test_no_pose_at_all(true, predicted, tmp_path):
    with pytest.raises(ValueError, match='no face has a true and a predicted'):
        draw_pose_errors(
            dict(ours=predicted[None]), true[None], str(tmp_path / 'p.png'))
