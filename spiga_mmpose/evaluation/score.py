"""Scoring predicted against annotated faces by a protocol."""
from typing import Dict, Tuple, Union

import numpy as np

from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from .face_files import Faces
from .functional import (BOX_NORMS, alignment_summary, face_nme, landmark_nme,
                         norm_lengths, normalized_errors, pose_summary)
from .protocols import Protocol

# Error of every landmark of a face that a method does not find, per cent: the
# face is a failure and adds nothing to the AUC of any benchmark.
MISSED_ERROR = 100.


def missed_faces(predictions: Faces) -> np.ndarray:
    """Mask of the faces that a method misses: those without any landmark.

    Args:
        predictions (Faces): N faces.

    Returns:
        np.ndarray: (N,) bool.
    """
    return ~predictions.labelled.any(1)


def landmark_errors(predictions: Faces, annotations: Faces, match: np.ndarray,
                    norm: Union[str, float],
                    landmark_set: LandmarkSet) -> np.ndarray:
    """Normalised error of every landmark of one method.

    Args:
        predictions (Faces): N faces; each with all landmarks that are
            annotated, or missed, without any.
        annotations (Faces): N faces.
        match (np.ndarray): See :func:`score`.
        norm (str | float): See :func:`~.functional.norm_lengths`.
        landmark_set (LandmarkSet): L landmarks.

    Returns:
        np.ndarray: (N, L) per cent; ``MISSED_ERROR`` for all of a missed
        face, NaN for what is not annotated or has no normaliser.

    Raises:
        ValueError: If a box is needed and missing.
    """
    labelled = annotations.labelled
    if norm in BOX_NORMS:
        boxless = labelled.any(1) & np.isnan(annotations.boxes).any(1)
        if boxless.any():
            raise ValueError(
                f'{annotations.describe(boxless.argmax())}: has no box, which '
                f'the normaliser {norm!r} needs')
    lengths = norm_lengths(norm, annotations.landmarks, labelled,
                           annotations.boxes, landmark_set)
    missed = missed_faces(predictions)[match, None]
    errors = normalized_errors(predictions.landmarks[match],
                               annotations.landmarks, labelled & ~missed,
                               lengths)
    counts = labelled & np.isfinite(lengths)[:, None]
    return np.where(missed & counts, MISSED_ERROR, errors)


def score(predictions: Faces, annotations: Faces, match: np.ndarray,
          protocol: Protocol, norm: Union[str, float], threshold: float,
          subsets: Dict[str, np.ndarray]) -> Tuple[dict, np.ndarray]:
    """All numbers of one method on one data set.

    Args:
        predictions (Faces): N faces, checked by
            :func:`~spiga_mmpose.evaluation.matching.check_predicted`.
        annotations (Faces): N faces.
        match (np.ndarray): (N,) prediction of each annotated face, of
            :func:`~spiga_mmpose.evaluation.matching.match_faces`.
        protocol (Protocol): Landmarks and divisor.
        norm (str | float): See :func:`~.functional.norm_lengths`.
        threshold (float): Of AUC and FR, per cent.
        subsets (dict[str, np.ndarray]): Face indices of each subset.

    Returns:
        tuple: the result, a dict of ``num_faces`` (scored), ``skipped``,
        ``NME``, ``AUC<t>``, ``FR<t>``, ``NPE90``, ``NPE95``, ``NPE99``, for
        MERL-RAV ``NME_labelled``, ``landmark_NME`` (L values) and, where both
        files carry poses, ``pose`` (``num_faces`` with both poses, and
        :func:`~.functional.pose_summary`); ``subsets``: name -> the same
        without ``skipped`` and ``landmark_NME``, NaN for what has no face;
        and the per-face NME (N,), NaN for skipped faces.

    Raises:
        ValueError: If a box is needed and missing, or no face can be scored.
    """
    errors = landmark_errors(predictions, annotations, match, norm,
                             load_landmark_set(protocol.landmark_set))
    scores = face_nme(errors, protocol.divide_by)
    scored = np.isfinite(scores)
    if not scored.any():
        raise ValueError(f'{annotations.path}: no face has labelled landmarks '
                         f'and a normaliser ({norm!r})')
    per_point = face_nme(errors)
    predicted = predictions.angles[match]
    posed = np.isfinite(predicted).all(1) & np.isfinite(
        annotations.angles).all(1)

    def summary(indices):
        members = indices[scored[indices]]
        row = dict(
            num_faces=len(members),
            **alignment_summary(scores[members], threshold))
        if protocol.divide_by == 'all':
            row['NME_labelled'] = float(
                per_point[members].mean()) if len(members) else float('nan')
        if posed.any():
            members = indices[posed[indices]]
            row['pose'] = dict(
                num_faces=len(members),
                **pose_summary(predicted[members],
                               annotations.angles[members]))
        return row

    result = summary(np.arange(len(scores)))
    result['skipped'] = int((~scored).sum())
    result['landmark_NME'] = landmark_nme(errors).tolist()
    result['subsets'] = {
        name: summary(indices)
        for name, indices in subsets.items()
    }
    return result, scores
