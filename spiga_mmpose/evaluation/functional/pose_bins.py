"""Errors and hits by head pose, in the 13 bins of 15 degrees."""
import numpy as np

from .pose import BIN_CENTRES, angle_bins


def quartiles_by_angle(errors: np.ndarray, angles: np.ndarray) -> dict:
    """Median and quartiles of the errors of the faces in each bin.

    Args:
        errors (np.ndarray): (N,) of any unit, finite.
        angles (np.ndarray): (N,) degrees, finite; binned by
            :func:`~.pose.angle_bins`.

    Returns:
        dict[str, np.ndarray]: ``count`` (13,), int; ``low``, ``median`` and
        ``high`` (13,): the percentiles 25, 50 and 75 (linear interpolation),
        NaN in a bin without faces.

    Raises:
        ValueError: If the shapes do not fit or a number is not finite.
    """
    errors, angles = (np.asarray(a, np.float64) for a in (errors, angles))
    if errors.ndim != 1 or errors.shape != angles.shape:
        raise ValueError('expected errors and angles of N faces, shape (N,) '
                         f'twice; found {errors.shape} and {angles.shape}')
    for name, values in (('error', errors), ('angle', angles)):
        bad = ~np.isfinite(values)
        if bad.any():
            face = bad.argmax()
            raise ValueError(f'face {face}: the {name} is {values[face]}; '
                             'expected a finite number')
    bins = angle_bins(angles)
    quartiles = np.full((3, len(BIN_CENTRES)), np.nan)
    for place in np.unique(bins):
        quartiles[:, place] = np.percentile(errors[bins == place],
                                            (25, 50, 75))
    return dict(
        zip(('low', 'median', 'high'), quartiles),
        count=np.bincount(bins, minlength=len(BIN_CENTRES)))


def angle_confusion(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Faces by true and by predicted bin of one angle.

    Args:
        predicted (np.ndarray): (N,) degrees, finite.
        true (np.ndarray): (N,) degrees, finite.

    Returns:
        np.ndarray: (13, 13) int, rows by the true bin, columns by the
        predicted one.
    """
    table = np.zeros((len(BIN_CENTRES), ) * 2, int)
    np.add.at(table, (angle_bins(true), angle_bins(predicted)), 1)
    return table
