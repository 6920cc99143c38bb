"""Is one method better than another, or is it the choice of the faces?"""
import numpy as np
from scipy import stats

# So many drawn errors are held at a time; bounds the memory.
_CHUNK = 10_000_000


def bootstrap_differences(errors: np.ndarray,
                          threshold: float,
                          samples: int = 2000,
                          confidence: float = 95,
                          seed: int = 0) -> dict:
    """Paired bootstrap intervals of the differences to the first method.

    The same faces are drawn, N with replacement, for all methods, and the
    differences of NME, AUC and FR are taken on them; the interval holds the
    middle ``confidence`` per cent of the differences (percentile method,
    Efron and Tibshirani, 1993). The three numbers are means over the faces,
    so only per-face differences have to be drawn. An interval that does not
    hold 0 is a difference that these faces support; it says nothing about
    training seeds or other data.

    Of the per-face NME (M, N) of M methods on the same N faces, per cent,
    with the threshold of AUC and FR and the confidence in per cent too; so
    many ``samples`` are drawn. For each of ``NME``, ``AUC<t>``, ``FR<t>`` a
    table (M, 3): difference (method minus first method), lower and upper end,
    percentage points. ValueError if there is no face, or an error is not
    finite.
    """
    errors = np.asarray(errors, np.float64)
    if errors.ndim != 2 or errors.shape[1] == 0:
        raise ValueError('expected the errors of M methods on N >= 1 faces, '
                         f'shape (M, N); found shape {errors.shape}')
    if not np.isfinite(errors).all():
        raise ValueError('the bootstrap needs finite errors of every method '
                         'on every face')
    values = np.stack([
        errors, 100 * np.maximum(0, threshold - errors) / threshold,
        100. * (errors > threshold)
    ])  # (3, M, N)
    values = values - values[:, :1]
    if values.shape[-1] == 1:  # SciPy draws from two at least
        values = values.repeat(2, -1)
    drawn = stats.bootstrap(
        (values, ),
        np.mean,
        n_resamples=samples,
        batch=max(1, _CHUNK // values.size),
        axis=-1,
        confidence_level=confidence / 100,
        method='percentile',
        random_state=seed).confidence_interval
    table = np.stack([values.mean(-1), drawn.low, drawn.high], -1)
    return dict(
        zip(('NME', f'AUC{threshold:g}', f'FR{threshold:g}'), table))
