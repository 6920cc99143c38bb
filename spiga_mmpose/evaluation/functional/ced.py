"""The cumulative error distribution (CED) and the numbers read off it.

All errors and thresholds are per-face NMEs in per cent, as
:func:`~spiga_mmpose.evaluation.functional.nme.face_nme` gives them; drop the
faces that have none (NaN) first, for silently ignoring them would hide them.
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


def ced(errors: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Cumulative error distribution: share of faces with an error <= x.

    Args:
        errors (np.ndarray): (N,) per cent.
        grid (np.ndarray): (G,) where to read the curve, per cent.

    Returns:
        np.ndarray: (G,) in [0, 1]; NaN without any face.

    Raises:
        ValueError: If an error is not finite or negative.
    """
    errors = np.sort(_checked(errors))
    if len(errors) == 0:
        return np.full(len(grid), np.nan)
    return np.searchsorted(errors, grid, side='right') / len(errors)


def auc(errors: np.ndarray, threshold: float) -> float:
    """Area under the CED from 0 to the threshold, over the threshold.

    Exact, with no histogram: ``100 * mean(max(0, t - e)) / t``. A face with
    an error of 0 adds 100, one at or above the threshold 0. A curve that
    reaches 1 below the threshold counts on to it. Source: paper, section
    3.1; the PyPI package ``spiga`` 0.0.6 integrates a histogram of 10,000
    bins instead (``spiga/eval/benchmark/metrics/landmarks.py``) and differs
    by some hundredths.

    Args:
        errors (np.ndarray): (N,) per cent.
        threshold (float): t, per cent.

    Returns:
        float: Per cent, 0 to 100; NaN without any face.

    Raises:
        ValueError: If an error is not finite or negative, or the threshold not
            positive.
    """
    errors = _checked(errors, threshold)
    if len(errors) == 0:
        return float('nan')
    return float(100 * np.maximum(0, threshold - errors).mean() / threshold)


def failure_rate(errors: np.ndarray, threshold: float) -> float:
    """Share of faces with an error strictly above the threshold.

    A face exactly at the threshold is no failure, so that the failure rate
    is ``100 * (1 - CED(t))``. Source: paper, section 3.1.

    Args:
        errors (np.ndarray): (N,) per cent.
        threshold (float): t, per cent.

    Returns:
        float: Per cent, 0 to 100; NaN without any face.

    Raises:
        ValueError: As :func:`auc`.
    """
    errors = _checked(errors, threshold)
    if len(errors) == 0:
        return float('nan')
    return float(100 * (errors > threshold).mean())


def percentile_error(errors: np.ndarray, q: float) -> float:
    """NPE: the q-th percentile of the per-face NME.

    Linear interpolation between the two nearest faces, i.e. the value at
    place ``(N - 1) * q / 100`` of the sorted errors (NumPy's default).
    Source: paper, section 3.1, which introduces NPE90.

    Args:
        errors (np.ndarray): (N,) per cent.
        q (float): 0 to 100.

    Returns:
        float: Per cent; NaN without any face.

    Raises:
        ValueError: If an error is not finite or negative, or q out of range.
    """
    errors = _checked(errors)
    if len(errors) == 0:
        return float('nan')
    return float(np.percentile(errors, q))


def alignment_summary(errors: np.ndarray, threshold: float) -> dict:
    """The numbers of one row of a results table.

    Args:
        errors (np.ndarray): (N,) per-face NME, per cent.
        threshold (float): Of AUC and FR, per cent.

    Returns:
        dict[str, float]: ``NME`` (mean over the faces), ``AUC<t>``,
        ``FR<t>`` with the threshold written as ``%g``, ``NPE90``, ``NPE95``,
        ``NPE99``; per cent, all NaN without any face.

    Raises:
        ValueError: As :func:`auc`.
    """
    errors = _checked(errors, threshold)
    summary = {
        'NME': float(errors.mean()) if len(errors) else float('nan'),
        f'AUC{threshold:g}': auc(errors, threshold),
        f'FR{threshold:g}': failure_rate(errors, threshold),
    }
    for q in (90, 95, 99):
        summary[f'NPE{q}'] = percentile_error(errors, q)
    return summary
