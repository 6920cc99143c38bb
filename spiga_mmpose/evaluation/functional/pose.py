"""Head-pose errors; the angle convention is that of ``geometry.euler``."""
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
    """Absolute differences of yaw, pitch and roll, the short way round.

    The mean over the faces is the MAE of the paper (section 3.1), where
    differences are not wrapped; they differ only for turns beyond 180.

    Args:
        predicted (np.ndarray): (N, 3) yaw, pitch, roll, degrees.
        true (np.ndarray): (N, 3) degrees.

    Returns:
        np.ndarray: (N, 3) degrees, 0 to 180.

    Raises:
        ValueError: If the shapes do not fit or an angle is not finite.
    """
    predicted, true = _checked(predicted, true)
    return np.abs(wrap_degrees(predicted - true))


def geodesic_error(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    r"""Angle of the rotation that leads from one pose to the other.

    With the Frobenius norm, :math:`2 \arcsin(\|R_p - R_t\| / \sqrt 8)`,
    which is the angle of :math:`R_p R_t^T` and, unlike the arccosine of its
    trace, exact for small angles. It stays meaningful near gimbal lock,
    where differences of Euler angles do not.

    Args:
        predicted (np.ndarray): (N, 3) yaw, pitch, roll, degrees.
        true (np.ndarray): (N, 3) degrees.

    Returns:
        np.ndarray: (N,) degrees, 0 to 180.

    Raises:
        ValueError: As :func:`angle_errors`.
    """
    predicted, true = _checked(predicted, true)
    distance = np.linalg.norm(
        euler_to_matrix(predicted) - euler_to_matrix(true), axis=(-2, -1))
    return np.rad2deg(2 * np.arcsin(np.clip(distance / np.sqrt(8), 0, 1)))


def angle_bins(angles: np.ndarray) -> np.ndarray:
    """Nearest of the 13 angles -90, -75, ..., 90, as an index 0 to 12.

    Halfway between two the lower one is taken. Angles are wrapped into
    [-180, 180) first; above 90 the last bin (12) is taken and below -90 the
    first (0). So 179 is in bin 12, but 180 and -180 are both in bin 0: angles
    next to each other across +-180 are in the bins farthest apart. Source:
    PyPI package ``spiga`` 0.0.6, ``spiga/eval/benchmark/metrics/pose.py``.

    Args:
        angles (np.ndarray): Any shape, degrees, finite.

    Returns:
        np.ndarray: Same shape, int.
    """
    places = (wrap_degrees(np.asarray(angles, np.float64)) + 90) / 15
    return np.clip(np.ceil(places - 0.5), 0, 12).astype(int)


def binned_accuracy(predicted: np.ndarray,
                    true: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Share of faces in the right bin of 15 degrees, and in it or next to it.

    The PyPI package ``spiga`` 0.0.6 counts neighbours among the bins that
    occur in the data; here they are neighbours on the scale.

    Args:
        predicted (np.ndarray): (N, 3) yaw, pitch, roll, degrees.
        true (np.ndarray): (N, 3) degrees.

    Returns:
        tuple: exact (3,) and adjacent (3,), per cent, one for each angle;
        NaN without any face.

    Raises:
        ValueError: As :func:`angle_errors`.
    """
    predicted, true = _checked(predicted, true)
    if len(true) == 0:
        return np.full(3, np.nan), np.full(3, np.nan)
    apart = np.abs(angle_bins(predicted) - angle_bins(true))
    return 100 * (apart == 0).mean(0), 100 * (apart <= 1).mean(0)


def success_rates(errors: np.ndarray,
                  degrees: Tuple[float, ...] = SUCCESS_DEGREES) -> np.ndarray:
    """Share of faces whose error is at most so many degrees.

    An error exactly at the limit is a success, as one exactly at the
    threshold is no failure in the failure rate.

    Args:
        errors (np.ndarray): (N, 3) of :func:`angle_errors`.
        degrees (tuple[float]): T limits, degrees.

    Returns:
        np.ndarray: (T, 3) per cent; NaN without any face.
    """
    if len(errors) == 0:
        return np.full((len(degrees), 3), np.nan)
    limits = np.asarray(degrees, np.float64)[:, None, None]
    return 100 * (np.asarray(errors) <= limits).mean(1)


def pose_summary(predicted: np.ndarray,
                 true: np.ndarray,
                 binned: bool = True) -> dict:
    """The numbers of one row of a head-pose table.

    Args:
        predicted (np.ndarray): (N, 3) yaw, pitch, roll, degrees.
        true (np.ndarray): (N, 3) degrees.
        binned (bool): Give the binned figures and success rates too.

    Returns:
        dict[str, float]: ``MAE_yaw``, ``MAE_pitch``, ``MAE_roll``, ``MAE``
        (their mean) and ``geodesic``, degrees; with ``binned`` also
        ``bin_acc_<angle>``, ``adjacent_acc_<angle>`` and
        ``success<limit>_<angle>``, per cent. NaN without any face.

    Raises:
        ValueError: As :func:`angle_errors`.
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
