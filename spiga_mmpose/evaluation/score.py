"""Score predicted against annotated faces, and files of them.

What ``tools/evaluate.py`` and the tools that draw errors have in common.
"""
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Tuple, Union

import numpy as np
from tqdm import tqdm

from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from . import face_files
from .face_files import Faces
from .functional import (BOX_NORMS, alignment_summary, face_nme, landmark_nme,
                         norm_lengths, normalized_errors, pose_summary)
from .matching import check_predicted, match_faces
from .protocols import (Protocol, checked_norm, checked_threshold,
                        guess_dataset, protocol_of)

# Error of every landmark of a face that a method does not find, per cent: the
# face is a failure and adds nothing to the AUC of any benchmark.
MISSED_ERROR = 100.


def missed_faces(predictions: Faces) -> np.ndarray:
    """Mask (N,) of the faces that a method misses: without any landmark."""
    return ~predictions.labelled.any(1)


def landmark_errors(predictions: Faces, annotations: Faces, match: np.ndarray,
                    norm: Union[str, float],
                    landmark_set: LandmarkSet) -> np.ndarray:
    """Normalised error (N, L) of every landmark of one method, per cent.

    Each face is predicted with all landmarks that are annotated, or missed:
    then all its errors are ``MISSED_ERROR``. NaN for what is not annotated or
    has no normaliser. The arguments are those of :func:`score`; ValueError if
    a box is needed and missing.
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
        predictions, annotations (Faces): N faces each, checked by
            :func:`.matching.check_predicted`.
        match (np.ndarray): (N,) of :func:`.matching.match_faces`.
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
            row['NME_labelled'] = (
                float(per_point[members].mean())
                if len(members) else float('nan'))
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
    result['subsets'] = {name: summary(faces)
                         for name, faces in subsets.items()}
    return result, scores


@dataclass
class ScoredFiles:
    """Several methods on the same N faces."""
    dataset: str  # key of PROTOCOLS, or a landmark set
    norm: str  # normaliser
    threshold: float  # of AUC and FR, per cent
    annotations: Faces
    predictions: Dict[str, Faces]  # of each method, in the annotations' order
    subsets: Dict[str, np.ndarray]  # face indices of each
    results: Dict[str, dict]  # of each method, see score()
    # Of each method the per-face NME (N,), per cent; NaN for faces that are
    # not scored. Which these are hangs on the annotations alone: the same for
    # all methods.
    errors: Dict[str, np.ndarray]

    def __len__(self):
        return len(self.annotations)

    @property
    def finite_errors(self) -> Dict[str, np.ndarray]:
        """``errors`` without the faces that are not scored."""
        return {name: e[np.isfinite(e)] for name, e in self.errors.items()}

    @property
    def protocol(self) -> Protocol:
        """Scoring protocol of the data set."""
        return protocol_of(self.dataset)

    @property
    def landmark_set(self) -> LandmarkSet:
        """The landmarks of all the faces."""
        return load_landmark_set(self.protocol.landmark_set)

    def only(self, subset: str) -> 'ScoredFiles':
        """The faces of one subset, scored.

        Without subsets of its own; the methods are called ``'<method>
        (<subset>)'``, so that figures tell. ValueError if there is no such
        subset, or none of its faces can be scored.
        """
        if subset not in self.subsets:
            raise ValueError(
                f'{self.annotations.path}: there is no subset {subset!r}; '
                f'expected one of {list(self.subsets)}, or give a file of '
                'subsets')
        faces = self.subsets[subset]
        part = replace(
            self,
            annotations=_take(self.annotations, faces),
            predictions={
                f'{name} ({subset})': _take(predictions, faces)
                for name, predictions in self.predictions.items()
            },
            subsets={})
        scores = {
            name: score(predictions, part.annotations, np.arange(len(faces)),
                        self.protocol, self.norm, self.threshold, {})
            for name, predictions in part.predictions.items()
        }
        part.results = {name: both[0] for name, both in scores.items()}
        part.errors = {name: both[1] for name, both in scores.items()}
        return part


def _take(faces: Faces, indices: np.ndarray) -> Faces:
    """Some faces of a file, in the order of the indices."""
    return replace(
        faces,
        landmarks=faces.landmarks[indices],
        boxes=faces.boxes[indices],
        angles=faces.angles[indices],
        names=[faces.names[index] for index in indices],
        labelled=faces.labelled[indices],
        subsets={})


def read_annotations(path: str,
                     dataset: Optional[str] = None) -> Tuple[str, Faces]:
    """Of which data set the true faces of a file are, and the faces.

    Data set and errors are as in :func:`score_files`.
    """
    records = face_files.load_records(path)
    if dataset is None:
        dataset = guess_dataset(records, path)
    landmark_set = load_landmark_set(protocol_of(dataset).landmark_set)
    faces = face_files.read_faces(path, records, landmark_set, 'annotations')
    return dataset, faces


def score_files(predictions: List[str], annotations: str,
                dataset: Optional[str] = None,
                norm: Optional[Union[str, float]] = None,
                threshold: Optional[float] = None,
                subsets: Optional[str] = None,
                allow_missed: bool = False) -> ScoredFiles:
    """Score the results of methods, which are called by their files.

    Args:
        predictions (list[str]): Files of results, see
            :mod:`spiga_mmpose.evaluation.face_files`.
        annotations (str): File of the truth.
        dataset (str | None): Key of ``PROTOCOLS``, or name or path of a
            landmark set. None: told by the landmarks.
        norm (str | float | None): Normaliser, or a number of px. None: the
            data set's.
        threshold (float | None): Per cent, from 0.01 to 1000. None: the usual
            one.
        subsets (str | None): File of subset lists. None: the subsets that the
            annotations tell of.
        allow_missed (bool): Accept predictions without any landmark, of faces
            that a method does not find; see :func:`landmark_errors`.

    Raises:
        ValueError: If a file is damaged or does not fit the others (the
            message names file and face), or another argument is wrong.
        OSError: If a file cannot be read.
    """
    dataset, truth = read_annotations(annotations, dataset)
    protocol = protocol_of(dataset)
    landmark_set = load_landmark_set(protocol.landmark_set)
    norm = checked_norm(protocol.norm if norm is None else norm)
    threshold = protocol.threshold(norm) if threshold is None else threshold
    scored = ScoredFiles(
        dataset=dataset,
        norm=norm,
        threshold=checked_threshold(threshold),
        annotations=truth,
        predictions={},
        subsets=(face_files.read_subsets(subsets, len(truth))
                 if subsets else truth.subsets),
        results={},
        errors={})
    names = face_files.short_names(predictions)
    with tqdm(predictions, unit='file', disable=None, leave=False) as bar:
        for path, name in zip(bar, names):
            found = face_files.read_faces(
                path, face_files.load_records(path), landmark_set,
                'predictions')
            match = match_faces(found, truth)
            check_predicted(found, truth, match, landmark_set, allow_missed)
            scored.results[name], scored.errors[name] = score(
                found, truth, match, protocol, norm, scored.threshold,
                scored.subsets)
            scored.predictions[name] = _take(found, match)
    return scored
