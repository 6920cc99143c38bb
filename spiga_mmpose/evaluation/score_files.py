"""Score result files against an annotation file.

What ``tools/evaluate.py`` and the tools that draw errors have in common.
"""
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Tuple, Union

import numpy as np
from tqdm import tqdm

from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from . import face_files
from .dataset_guess import guess_dataset
from .face_files import Faces
from .matching import check_predicted, match_faces
from .protocols import Protocol, checked_norm, checked_threshold, protocol_of
from .score import score


@dataclass
class ScoredFiles:
    """Several methods on the same N faces.

    Attributes:
        dataset (str): Key of ``PROTOCOLS``, or a landmark set.
        norm (str): Normaliser.
        threshold (float): Of AUC and FR, per cent.
        annotations (Faces): N faces.
        predictions (dict[str, Faces]): Of each method, N faces in the order
            of the annotations.
        subsets (dict[str, np.ndarray]): Face indices of each subset.
        results (dict[str, dict]): Of each method, see
            :func:`~spiga_mmpose.evaluation.score.score`.
        errors (dict[str, np.ndarray]): Of each method the per-face NME (N,),
            per cent; NaN for faces that are not scored. Which these are hangs
            on the annotations alone: the same for all methods.
    """
    dataset: str
    norm: str
    threshold: float
    annotations: Faces
    predictions: Dict[str, Faces]
    subsets: Dict[str, np.ndarray]
    results: Dict[str, dict]
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

        Args:
            subset (str): A name in ``subsets``.

        Returns:
            ScoredFiles: Without subsets of its own; the methods are called
            ``'<method> (<subset>)'``, so that figures tell.

        Raises:
            ValueError: If there is no such subset, or none of its faces can
                be scored.
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
        in_order = np.arange(len(faces))
        scores = {
            name: score(predictions, part.annotations, in_order,
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
    """The true faces of a file, and of which data set they are.

    Args:
        path (str): File of the truth.
        dataset (str | None): See :func:`score_files`.

    Returns:
        tuple: the data set, and the faces.

    Raises:
        ValueError, OSError: As :func:`score_files`.
    """
    records = face_files.load_records(path)
    if dataset is None:
        dataset = guess_dataset(records, path)
    landmark_set = load_landmark_set(protocol_of(dataset).landmark_set)
    faces = face_files.read_faces(path, records, landmark_set, 'annotations')
    return dataset, faces


def score_files(predictions: List[str],
                annotations: str,
                dataset: Optional[str] = None,
                norm: Optional[Union[str, float]] = None,
                threshold: Optional[float] = None,
                subsets: Optional[str] = None,
                allow_missed: bool = False) -> ScoredFiles:
    """Score the results of one or more methods.

    Args:
        predictions (list[str]): Files of results, see
            :mod:`spiga_mmpose.evaluation.face_files`.
        annotations (str): File of the truth.
        dataset (str | None): Key of ``PROTOCOLS``, or name or path of a
            landmark set. Defaults to None: told by the landmarks.
        norm (str | float | None): Normaliser, or a number of px. Defaults to
            None: the data set's.
        threshold (float | None): Per cent, from 0.01 to 1000. Defaults to
            None: the usual one.
        subsets (str | None): File of subset lists. Defaults to None: the
            subsets that the annotations tell of.
        allow_missed (bool): Accept predictions without any landmark, of faces
            that a method does not find; see :func:`.score.landmark_errors`.

    Returns:
        ScoredFiles: Methods by the names of their files.

    Raises:
        ValueError: If a file is damaged or does not fit the others (the
            message names file and face), or another argument is wrong.
        OSError: If a file cannot be read.
    """
    dataset, truth = read_annotations(annotations, dataset)
    protocol = protocol_of(dataset)
    landmark_set = load_landmark_set(protocol.landmark_set)
    norm = checked_norm(protocol.norm if norm is None else norm)
    if threshold is None:
        threshold = protocol.threshold(norm)
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
        for place, path in enumerate(bar):
            found = face_files.read_faces(
                path, face_files.load_records(path), landmark_set,
                'predictions')
            match = match_faces(found, truth)
            check_predicted(found, truth, match, landmark_set, allow_missed)
            name = names[place]
            scored.results[name], scored.errors[name] = score(
                found, truth, match, protocol, norm, scored.threshold,
                scored.subsets)
            scored.predictions[name] = _take(found, match)
    return scored
