"""The cumulative error distribution (CED) and the numbers read off it.

All errors (N,) and thresholds are per-face NMEs in per cent, as
:func:`~spiga_mmpose.evaluation.functional.nme.face_nme` gives them; drop the
faces that have none (NaN) first, for silently ignoring them would hide them.
Without any face all is NaN. Everything raises ``ValueError`` if an error is
negative or not finite, or a threshold not positive. Source: paper, section
3.1.
"""
import numpy as np


def _checked(errors, threshold=None):
    errors = np.asarray(errors, np.float64)
    if errors.ndim != 1:
        raise ValueError('expected the errors of N faces, shape (N,); found '
                         f'shape {errors.shape}')
    bad = ~(np.isfinite(errors) & (errors >= 0))
    if bad.any():
        raise ValueError('errors must be finite and 0 or more; face '
                         f'{bad.argmax()} has {errors[bad.argmax()]}')
    if threshold is not None and not (np.isfinite(threshold)
                                      and threshold > 0):
        raise ValueError('the threshold must be a positive number of per '
                         f'cent, found {threshold!r}')
    return errors


def _mean(values):
    return float(values.mean()) if len(values) else float('nan')


def ced(errors: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Share, in [0, 1], of faces with an error <= x, at each x (per cent) of
    the grid (G,)."""
    errors = np.sort(_checked(errors))
    if len(errors) == 0:
        return np.full(len(grid), np.nan)
    return np.searchsorted(errors, grid, side='right') / len(errors)


def auc(errors: np.ndarray, threshold: float) -> float:
    """Area under the CED from 0 to the threshold t, over t: 0 to 100 %.

    Exact, with no histogram: ``100 * mean(max(0, t - e)) / t``. A face with
    an error of 0 adds 100, one at or above the threshold 0. A curve that
    reaches 1 below the threshold counts on to it. The PyPI package ``spiga``
    0.0.6 integrates a histogram of 10,000 bins instead
    (``spiga/eval/benchmark/metrics/landmarks.py``) and differs by some
    hundredths.
    """
    errors = _checked(errors, threshold)
    return float(
        100 * _mean(np.maximum(0, threshold - errors)) / threshold)


def failure_rate(errors: np.ndarray, threshold: float) -> float:
    """Faces with an error strictly above the threshold t, per cent.

    A face exactly at the threshold is no failure, so that the failure rate
    is ``100 * (1 - CED(t))``.
    """
    return 100 * _mean(_checked(errors, threshold) > threshold)


def percentile_error(errors: np.ndarray, q: float) -> float:
    """NPE: the q-th percentile, q from 0 to 100, of the per-face NME.

    Linear interpolation between the two nearest faces, i.e. the value at
    place ``(N - 1) * q / 100`` of the sorted errors (NumPy's default). The
    paper introduces NPE90. ValueError if q is out of range.
    """
    errors = _checked(errors)
    return float(np.percentile(errors, q)) if len(errors) else float('nan')


def alignment_summary(errors: np.ndarray, threshold: float) -> dict:
    """The numbers of one row of a results table, per cent.

    ``NME`` (mean over the faces), ``AUC<t>``, ``FR<t>`` with the threshold
    written as ``%g``, ``NPE90``, ``NPE95``, ``NPE99``.
    """
    return {
        'NME': _mean(_checked(errors, threshold)),
        f'AUC{threshold:g}': auc(errors, threshold),
        f'FR{threshold:g}': failure_rate(errors, threshold),
        **{f'NPE{q}': percentile_error(errors, q) for q in (90, 95, 99)}
    }
