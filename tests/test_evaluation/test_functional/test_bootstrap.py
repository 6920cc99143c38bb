"""Paired bootstrap intervals."""
import numpy as np
import pytest

from spiga_mmpose.evaluation.functional import (alignment_summary, bootstrap,
                                                bootstrap_differences)


@pytest.fixture
def errors():
    rng = np.random.default_rng(0)
    first = rng.gamma(4, 1, 400)
    return np.stack([first, first + .3 + .1 * rng.standard_normal(400),
                     first + rng.standard_normal(400)]).clip(0)


def test_differences_are_those_of_the_summaries(errors):
    table = bootstrap_differences(errors, 8, samples=10)
    summaries = [alignment_summary(e, 8) for e in errors]
    for key, rows in table.items():
        expected = [s[key] - summaries[0][key] for s in summaries]
        assert rows[:, 0] == pytest.approx(expected)


def test_interval_has_the_width_of_the_standard_error(errors):
    table = bootstrap_differences(errors, 8, samples=4000)['NME']
    for row, other in zip(table[1:], errors[1:]):
        difference = other - errors[0]
        error = difference.std() / np.sqrt(len(difference))
        assert row[1] == pytest.approx(
            difference.mean() - 1.96 * error, abs=.15 * error)
        assert row[2] == pytest.approx(
            difference.mean() + 1.96 * error, abs=.15 * error)


def test_same_method_does_not_differ(errors):
    table = bootstrap_differences(errors[[0, 0]], 8, samples=50)
    assert all((rows == 0).all() for rows in table.values())


def test_repeatable_and_independent_of_the_chunks(errors, monkeypatch):
    first = bootstrap_differences(errors, 8, samples=30)
    monkeypatch.setattr(bootstrap, '_CHUNK', 1700)
    second = bootstrap_differences(errors, 8, samples=30)
    for key in first:
        assert first[key] == pytest.approx(second[key])


def test_one_face():
    rows = bootstrap_differences(np.array([[1.], [3.]]), 8, samples=5)['NME']
    assert rows.tolist() == [[0, 0, 0], [2, 2, 2]]


def test_bad_input():
    for bad in (np.zeros((2, 0)), np.zeros(3)):
        with pytest.raises(ValueError, match='M methods on N >= 1'):
            bootstrap_differences(bad, 8)
    with pytest.raises(ValueError, match='finite'):
        bootstrap_differences(np.array([[1, np.nan]]), 8)
