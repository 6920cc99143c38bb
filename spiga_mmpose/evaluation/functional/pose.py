"""Head-pose errors; the angle convention is that of ``geometry.euler``.

Poses (N, 3) are yaw, pitch, roll of N faces, degrees, finite; where shapes do
not fit or a number is not finite, ``ValueError`` is raised.
"""
from typing import Tuple

import numpy as np

from spiga_mmpose.geometry import euler_to_matrix, wrap_degrees

ANGLES = ('yaw', 'pitch', 'roll')
BIN_CENTRES = np.arange(-90, 91, 15)  # 13 bins of 15 degrees
SUCCESS_DEGREES = (2.5, 5, 10, 15, 30)


def _checked(predicted, true):
    predicted = np.asarray(predicted, np.float64)
    true = np.asarray(true, np.float64)
    if true.ndim != 2 or true.shape[1] != 3 or predicted.shape != true.shape:
        raise ValueError('expected yaw, pitch, roll of N faces, shape (N, 3) '
                         f'twice; found {predicted.shape} and {true.shape}')
    for name, angles in (('predicted', predicted), ('true', true)):
        bad = ~np.isfinite(angles).all(1)
        if bad.any():
            face = bad.argmax()
            raise ValueError(f'face {face}: the {name} angles are '
                             f'{angles[face].tolist()}; expected finite '
                             'degrees')
    return predicted, true


def angle_errors(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Absolute differences (N, 3), 0 to 180 degrees, the short way round.

    The mean over the faces is the MAE of the paper (section 3.1), where
    differences are not wrapped; they differ only for turns beyond 180.
    """
    predicted, true = _checked(predicted, true)
    return np.abs(wrap_degrees(predicted - true))


def geodesic_error(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    r"""Angle (N,), 0 to 180 degrees, of the rotation between two poses.

    With the Frobenius norm, :math:`2 \arcsin(\|R_p - R_t\| / \sqrt 8)`,
    which is the angle of :math:`R_p R_t^T` and, unlike the arccosine of its
    trace, exact for small angles. It stays meaningful near gimbal lock,
    where differences of Euler angles do not.
    """
    predicted, true = _checked(predicted, true)
    distance = np.linalg.norm(
        euler_to_matrix(predicted) - euler_to_matrix(true), axis=(-2, -1))
    return np.rad2deg(2 * np.arcsin(np.clip(distance / np.sqrt(8), 0, 1)))


def angle_bins(angles: np.ndarray) -> np.ndarray:
    """Nearest of the 13 angles -90, -75, ..., 90, as an index 0 to 12.

    Of angles of any shape. Halfway between two the lower one is taken. Angles
    are wrapped into [-180, 180) first; above 90 the last bin (12) is taken
    and below -90 the first (0). So 179 is in bin 12, but 180 and -180 are
    both in bin 0: angles next to each other across +-180 are in the bins
    farthest apart. Source: PyPI package ``spiga`` 0.0.6,
    ``spiga/eval/benchmark/metrics/pose.py``.
    """
    places = (wrap_degrees(np.asarray(angles, np.float64)) + 90) / 15
    return np.clip(np.ceil(places - 0.5), 0, 12).astype(int)


def binned_accuracy(predicted: np.ndarray,
                    true: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Faces in the right bin of 15 degrees (3,), and in it or next to it (3,).

    Per cent, for each angle; NaN without any face. The PyPI package ``spiga``
    0.0.6 counts neighbours among the bins that occur in the data; here they
    are neighbours on the scale.
    """
    predicted, true = _checked(predicted, true)
    if len(true) == 0:
        return np.full(3, np.nan), np.full(3, np.nan)
    apart = np.abs(angle_bins(predicted) - angle_bins(true))
    return 100 * (apart == 0).mean(0), 100 * (apart <= 1).mean(0)


def success_rates(errors: np.ndarray,
                  degrees: Tuple[float, ...] = SUCCESS_DEGREES) -> np.ndarray:
    """Faces (T, 3), per cent, whose error is at most each of T degrees.

    Of the errors (N, 3); NaN without any face. An error exactly at the limit
    is a success, as one exactly at the threshold is no failure in the failure
    rate.
    """
    if len(errors) == 0:
        return np.full((len(degrees), 3), np.nan)
    limits = np.asarray(degrees, np.float64)[:, None, None]
    return 100 * (np.asarray(errors) <= limits).mean(1)


def pose_summary(predicted: np.ndarray,
                 true: np.ndarray,
                 binned: bool = True) -> dict:
    """The numbers of one row of a head-pose table; NaN without any face.

    ``MAE_yaw``, ``MAE_pitch``, ``MAE_roll``, ``MAE`` (their mean) and
    ``geodesic``, degrees; with ``binned`` also ``bin_acc_<angle>``,
    ``adjacent_acc_<angle>`` and ``success<limit>_<angle>``, per cent.
    """
    errors = angle_errors(predicted, true)
    empty = len(errors) == 0
    mae = np.full(3, np.nan) if empty else errors.mean(0)
    summary = {f'MAE_{name}': mae[i] for i, name in enumerate(ANGLES)}
    summary['MAE'] = mae.mean()
    summary['geodesic'] = (
        np.nan if empty else geodesic_error(predicted, true).mean())
    if binned:
        exact, adjacent = binned_accuracy(predicted, true)
        rates = success_rates(errors)
        for i, name in enumerate(ANGLES):
            summary[f'bin_acc_{name}'] = exact[i]
            summary[f'adjacent_acc_{name}'] = adjacent[i]
            for limit, rate in zip(SUCCESS_DEGREES, rates):
                summary[f'success{limit:g}_{name}'] = rate[i]
    return {key: float(value) for key, value in summary.items()}


def quartiles_by_angle(errors: np.ndarray, angles: np.ndarray) -> dict:
    """Errors (N,) of any unit by the bins of an angle (N,), degrees.

    ``count`` (13,), int; ``low``, ``median`` and ``high`` (13,): the
    percentiles 25, 50 and 75 (linear interpolation) of the errors of the
    faces in each bin, NaN in a bin without faces.
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
    """Number of faces (13, 13) by the true bin (rows) and the predicted one
    (columns) of one angle (N,), degrees."""
    table = np.zeros((len(BIN_CENTRES), ) * 2, int)
    np.add.at(table, (angle_bins(true), angle_bins(predicted)), 1)
    return table
