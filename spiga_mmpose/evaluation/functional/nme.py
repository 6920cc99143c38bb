"""Landmark errors over a face length: the normalised mean error (NME)."""
from numbers import Real
from typing import Optional, Union

import numpy as np

from spiga_mmpose.landmark_sets import LandmarkSet

NORMS = ('corners', 'pupils', 'lnd_bbox', 'bbox', 'height', 'diagonal')
BOX_NORMS = ('bbox', 'height', 'diagonal')  # these need an annotated box


def norm_lengths(norm: Union[str, float], landmarks: np.ndarray,
                 labelled: np.ndarray, boxes: Optional[np.ndarray] = None,
                 landmark_set: Optional[LandmarkSet] = None) -> np.ndarray:
    """Length in px over which the errors of each face are taken.

    * ``'corners'`` (inter-ocular): distance of the outer eye corners;
    * ``'pupils'``: distance of the pupils, each the mean of the landmarks
      that the landmark set names for it;
    * ``'lnd_bbox'`` ("box" in the papers): sqrt(w * h) of the tight box of
      the labelled true landmarks;
    * ``'bbox'``, ``'height'``, ``'diagonal'``: sqrt(w * h), h and
      sqrt(w^2 + h^2) of the annotated box;
    * a number: the same length, in px, for every face.

    Source: paper, section 3.1; names as in the PyPI package ``spiga`` 0.0.6,
    ``spiga/eval/benchmark/metrics/landmarks.py``. That file's ``'diagonal'``
    cannot run, and its ``'pupils'`` fits 68 landmarks only.

    Args:
        norm (str | float): One of ``NORMS`` or a positive number of px.
        landmarks (np.ndarray): (N, L, 2) true landmarks, image px; anything
            where ``labelled`` (N, L) is False.
        boxes (np.ndarray | None): (N, 4) annotated x1, y1, x2, y2, image px;
            for the norms of the annotated box.
        landmark_set (LandmarkSet | None): For the norms of the eyes.

    Returns:
        np.ndarray: (N,) px, float64. NaN where the face has no such length:
        an eye landmark or every landmark unlabelled, a box without area.
        ValueError if the norm is unknown, or cannot be computed from what was
        given for any face.
    """
    landmarks = np.asarray(landmarks, np.float64)
    labelled = np.asarray(labelled, bool)
    if not isinstance(norm, str):
        if not (isinstance(norm, Real) and 0 < norm < np.inf):
            raise ValueError('a fixed normaliser must be a positive number '
                             f'of px, found {norm!r}')
        lengths = np.full(len(landmarks), float(norm))
    elif norm not in NORMS:
        raise ValueError(f'unknown normaliser {norm!r}: expected one of '
                         f'{list(NORMS)} or a number of px')
    elif norm in BOX_NORMS:
        lengths = _box_lengths(norm, boxes)
    elif norm == 'lnd_bbox':
        mask = labelled[..., None]
        sides = (np.where(mask, landmarks, -np.inf).max(1)
                 - np.where(mask, landmarks, np.inf).min(1))
        lengths = np.sqrt(
            np.where(labelled.any(1)[:, None], sides, 0).prod(-1))
    else:
        lengths = _eye_lengths(norm, landmarks, labelled, landmark_set)
    with np.errstate(invalid='ignore'):
        return np.where(np.isfinite(lengths) & (lengths > 0), lengths, np.nan)


def _eye_lengths(norm, landmarks, labelled, landmark_set):
    field = dict(corners='eye_corners', pupils='pupils')[norm]
    eyes = getattr(landmark_set, field, None)
    if eyes is None:
        name = getattr(landmark_set, 'name', None)
        raise ValueError(
            f'the normaliser {norm!r} needs the eyes of a landmark set, and '
            f'{name!r} names none; take another of {list(NORMS)}')
    left, right = (landmarks[:, np.ravel(ids)].mean(1) for ids in eyes)
    known = labelled[:, np.hstack(eyes)].all(1)
    return np.where(known, np.linalg.norm(left - right, axis=-1), np.nan)


def _box_lengths(norm, boxes):
    if boxes is None:
        raise ValueError(
            f'the normaliser {norm!r} needs annotated boxes; found none')
    boxes = np.asarray(boxes, np.float64)
    width, height = np.moveaxis(boxes[:, 2:] - boxes[:, :2], -1, 0)
    length = dict(
        bbox=np.sqrt(np.abs(width * height)),
        height=height,
        diagonal=np.hypot(width, height))[norm]
    return np.where((width > 0) & (height > 0), length, np.nan)


def normalized_errors(predicted: np.ndarray, true: np.ndarray,
                      labelled: np.ndarray,
                      lengths: np.ndarray) -> np.ndarray:
    r"""Normalised error of every landmark, in per cent.

    .. math:: e_{il} = 100 \, \| \hat x_{il} - x_{il} \|_2 / d_i

    Predicted and true landmarks are (N, L, 2) image px, anything where they
    are not ``labelled`` (N, L), lengths (N,) px, of :func:`norm_lengths`; the
    errors (N, L) float64, NaN for landmarks that are not labelled, and for all
    of a face that has no positive length.

    Raises:
        ValueError: If the shapes do not fit, or a coordinate of a labelled
            landmark is not finite, or its error is beyond the range of
            numbers; the message names the face by its index.
    """
    predicted = np.asarray(predicted, np.float64)
    true = np.asarray(true, np.float64)
    labelled = np.asarray(labelled, bool)
    lengths = np.asarray(lengths, np.float64)
    if (true.ndim != 3 or predicted.shape != true.shape
            or labelled.shape != true.shape[:2]
            or lengths.shape != true.shape[:1]):
        raise ValueError(
            'expected predicted and true (N, L, 2), labelled (N, L), lengths '
            f'(N,); found {predicted.shape}, {true.shape}, {labelled.shape}, '
            f'{lengths.shape}')
    for name, points in (('predicted', predicted), ('true', true)):
        bad = labelled & ~np.isfinite(points).all(-1)
        if bad.any():
            face, landmark = np.argwhere(bad)[0]
            raise ValueError(
                f'face {face}: {name} landmark {landmark} is '
                f'{points[face, landmark].tolist()}; expected finite px')
    counts = labelled & (lengths > 0)[:, None]
    with np.errstate(invalid='ignore', divide='ignore', over='ignore'):
        x, y = np.moveaxis(predicted - true, -1, 0)
        errors = np.where(counts, 100 * np.hypot(x, y) / lengths[:, None],
                          np.nan)
    bad = counts & ~np.isfinite(errors)
    if bad.any():
        # Left alone it would count as a face that cannot be scored.
        face, landmark = np.argwhere(bad)[0]
        raise ValueError(
            f'face {face}: predicted landmark {landmark} is '
            f'{predicted[face, landmark].tolist()}, too far away for a number')
    return errors


def face_nme(errors: np.ndarray, divide_by: str = 'labelled') -> np.ndarray:
    """NME of every face: its mean normalised error.

    With ``divide_by='labelled'`` the sum of the errors is divided by the
    number of labelled landmarks of the face. With ``'all'`` it is divided by
    L whatever is labelled, which is how MERL-RAV is scored (L = 68; LUVLi,
    and the PyPI package ``spiga`` 0.0.6): a face with few labelled landmarks
    then scores better for it. Source: paper, section 3.1.

    Of the errors (N, L) of :func:`normalized_errors` it is (N,) per cent; NaN
    for a face with nothing that counts. ValueError if ``divide_by`` is
    neither.
    """
    if divide_by not in ('labelled', 'all'):
        raise ValueError("divide_by must be 'labelled' or 'all', found "
                         f'{divide_by!r}')
    counts = np.isfinite(errors).sum(1)
    divisor = counts if divide_by == 'labelled' else errors.shape[1]
    return np.where(counts > 0,
                    np.nansum(errors, 1) / np.maximum(divisor, 1), np.nan)


def landmark_nme(errors: np.ndarray) -> np.ndarray:
    """Mean normalised error (L,) of every landmark over the faces.

    Of the errors (N, L) of :func:`normalized_errors`, per cent; NaN for a
    landmark that counts nowhere.
    """
    return face_nme(np.transpose(errors))
