"""Errors and hits by head pose."""
import numpy as np
import pytest

from spiga_mmpose.evaluation.functional import (angle_confusion,
                                                binned_accuracy,
                                                quartiles_by_angle)


class TestQuartilesByAngle:

    def test_by_hand(self):
        angles = [-7.4, 0, 7.5, 7.4, 3, 30, -200]
        errors = [1, 2, 3, 4, 5, 9, 8]
        found = quartiles_by_angle(errors, angles)
        # 7.5 lies halfway and goes down; -200 is 160, beyond the last bin.
        assert found['count'].tolist() == [0] * 6 + [5, 0, 1, 0, 0, 0, 1]
        for key, expected in (('low', (2, 9, 8)), ('median', (3, 9, 8)),
                              ('high', (4, 9, 8))):
            assert found[key][[6, 8, 12]].tolist() == list(expected)
            assert np.isnan(found[key][found['count'] == 0]).all()

    def test_interpolates(self):
        found = quartiles_by_angle([0, 10], [60, 60])
        assert [found[k][10] for k in ('low', 'median', 'high')] == [2.5, 5,
                                                                     7.5]

    def test_no_face(self):
        found = quartiles_by_angle([], [])
        assert not found['count'].any() and np.isnan(found['median']).all()

    @pytest.mark.parametrize('errors, angles, word', [
        ([1, 2], [1], r'\(2,\) and \(1,\)'),
        ([[1]], [[1]], r'shape \(N,\)'),
        ([1, np.nan], [1, 2], 'face 1: the error is nan'),
        ([1, 2], [np.inf, 2], 'face 0: the angle is inf'),
    ])
    def test_errors(self, errors, angles, word):
        with pytest.raises(ValueError, match=word):
            quartiles_by_angle(errors, angles)


class TestAngleConfusion:

    def test_by_hand(self):
        table = angle_confusion([0, 14, 90, -20, 1], [0, 0, 75, -20, 2])
        assert table.sum() == 5
        assert table[6, 6] == 2  # 0 as 0, twice
        assert table[6, 7] == 1  # 0 as 15
        assert table[11, 12] == 1  # 75 as 90
        assert table[5, 5] == 1  # -20 is nearest to -15

    def test_the_diagonal_is_the_accuracy(self):
        true, predicted = np.random.default_rng(0).uniform(-80, 80, (2, 99, 3))
        predicted = true + predicted / 8
        table = angle_confusion(predicted[:, 0], true[:, 0])
        exact, adjacent = binned_accuracy(predicted, true)
        assert 100 * np.trace(table) / 99 == pytest.approx(exact[0])
        beside = sum(np.trace(table, offset) for offset in (-1, 0, 1))
        assert 100 * beside / 99 == pytest.approx(adjacent[0])
