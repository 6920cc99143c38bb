"""AUC, FR, NPE and the curve they are read from."""
import numpy as np
import pytest
from scipy.integrate import trapezoid

from spiga_mmpose.evaluation.functional import (alignment_summary, auc, ced,
                                                failure_rate, percentile_error)

# A perfect face, one half-way, one exactly at the threshold, one beyond.
ERRORS = np.array([0, 5, 10, 30.])


def test_hand_computed():
    assert auc(ERRORS, 10) == pytest.approx(100 * (1 + .5 + 0 + 0) / 4)
    assert failure_rate(ERRORS, 10) == 25
    assert ced(ERRORS, [-1, 0, 4.9, 5, 10, 29, 30]).tolist() == [
        0, .25, .25, .5, .75, .75, 1
    ]
    # Place (4 - 1) * 0.9 = 2.7 of the sorted errors.
    assert percentile_error(ERRORS, 90) == pytest.approx(10 + .7 * 20)


def test_summary_keys_and_values():
    assert alignment_summary(ERRORS, 10) == pytest.approx(
        dict(NME=11.25, AUC10=37.5, FR10=25, NPE90=24, NPE95=27,
             NPE99=29.4))
    assert list(alignment_summary(ERRORS, 7.5))[1:3] == ['AUC7.5', 'FR7.5']
    assert list(alignment_summary(ERRORS, 8.))[1:3] == ['AUC8', 'FR8']


def test_perfect_prediction():
    summary = alignment_summary(np.zeros(5), 8)
    assert summary == dict(
        NME=0, AUC8=100, FR8=0, NPE90=0, NPE95=0, NPE99=0)


def test_auc_counts_on_to_the_threshold():
    """All faces at 1 %: the curve is 1 from there to the threshold."""
    assert auc(np.ones(10), 10) == pytest.approx(90)


def test_auc_is_the_area_under_the_curve():
    errors = np.random.default_rng(0).gamma(2, 2, 500)
    grid = np.linspace(0, 8, 200_001)
    area = 100 * trapezoid(ced(errors, grid), grid) / 8
    assert auc(errors, 8) == pytest.approx(area, abs=1e-3)
    assert failure_rate(errors, 8) == pytest.approx(
        100 * (1 - ced(errors, [8])[0]))


def test_no_face_gives_nan():
    assert np.isnan(list(alignment_summary(np.zeros(0), 10).values())).all()
    assert np.isnan(ced([], [1, 2])).all()


@pytest.mark.parametrize('value', [np.nan, np.inf, -1])
@pytest.mark.parametrize('function', [
    lambda e: auc(e, 10), lambda e: failure_rate(e, 10),
    lambda e: percentile_error(e, 90), lambda e: ced(e, [1]),
    lambda e: alignment_summary(e, 10)
])
def test_bad_errors(function, value):
    with pytest.raises(ValueError, match='face 1 has'):
        function(np.array([1, value]))


def test_bad_shape():
    with pytest.raises(ValueError, match=r'shape \(N,\)'):
        auc(np.ones((2, 2)), 10)


@pytest.mark.parametrize('threshold', [0, -1, np.nan, np.inf])
def test_bad_threshold(threshold):
    for function in (auc, failure_rate, alignment_summary):
        with pytest.raises(ValueError, match='threshold must be'):
            function(ERRORS, threshold)
