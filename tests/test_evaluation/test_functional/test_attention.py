"""Distances and hidden landmarks of attention, by hand."""
import numpy as np
import pytest

from spiga_mmpose.evaluation.functional.attention import (attended_distance,
                                                          attended_landmarks,
                                                          even_attention,
                                                          hidden_attention,
                                                          received_attention)

LINE = np.array([[0., 0.], [3., 4.], [6., 8.]])  # 5 px from one to the next


def test_how_many_landmarks():
    rows = np.array([[1, 0, 0, 0], [.5, .5, 0, 0], [.25] * 4, [0, 0, 0, 1.]])
    assert attended_landmarks(rows) == pytest.approx((1 + 2 + 4 + 1) / 4)
    assert attended_landmarks(even_attention(7)) == pytest.approx(7)


class TestDistance:

    def test_by_hand(self):
        itself = np.eye(3)
        assert attended_distance(itself, LINE, 5.) == 0
        ring = itself[[1, 2, 0]]  # 5, 5 and 10 px away
        assert attended_distance(ring, LINE, 10.) == pytest.approx(2 / 3)
        assert attended_distance((ring + itself) / 2, LINE,
                                 10.) == pytest.approx(1 / 3)

    def test_even_attention(self):
        # 0, 5, 10; 5, 0, 5; 10, 5, 0 px
        assert attended_distance(even_attention(3), LINE,
                                 5.) == pytest.approx(8 / 9)

    def test_leading_axes(self):
        attention = np.stack([[np.eye(3)], [even_attention(3)]])
        found = attended_distance(attention, LINE, 5.)
        assert found.shape == (2, 1)
        np.testing.assert_allclose(found, [[0], [8 / 9]])


class TestReceived:

    def test_all_on_one(self):
        attention = np.zeros((2, 3, 3))
        attention[..., 1] = 1
        np.testing.assert_allclose(
            received_attention(attention), [[0, 1, 0]] * 2)

    def test_sums_to_one(self):
        attention = np.random.default_rng(0).random((4, 5, 5))
        attention /= attention.sum(-1, keepdims=True)
        np.testing.assert_allclose(received_attention(attention).sum(-1), 1)


class TestHidden:

    def test_by_hand(self):
        """Landmark 0 gets .6 when it is seen and .3 when it is not."""
        received = np.array([[.6, .4, 0], [.3, .4, .3]])
        hidden = np.array([[False] * 3, [True, False, False]])
        found = hidden_attention(received, hidden)
        assert found['share'] == pytest.approx(.3)
        assert found['even'] == pytest.approx(1 / 3)
        assert found['against_visible'] == pytest.approx(.5)

    def test_blind_attention_has_a_ratio_of_one(self):
        """Whatever it likes, and whatever is hidden how often."""
        rng = np.random.default_rng(0)
        received = np.tile(rng.dirichlet(np.ones(20)), (50, 1))
        hidden = rng.random((50, 20)) < np.linspace(.05, .9, 20)
        found = hidden_attention(received, hidden)
        assert found['against_visible'] == pytest.approx(1)
        assert found['share'] != pytest.approx(found['even'], rel=.02)

    def test_always_hidden_landmarks_tell_nothing(self):
        received = np.array([[.5, .5], [.1, .9]])
        hidden = np.array([[True, False], [True, True]])
        found = hidden_attention(received, hidden)
        # Landmark 1 alone: .9 hidden, .5 seen.
        assert found['against_visible'] == pytest.approx(1.8)

    def test_nothing_hidden(self):
        found = hidden_attention(np.full((2, 4), .25),
                                 np.zeros((2, 4), bool))
        assert all(np.isnan(value) for value in found.values())
