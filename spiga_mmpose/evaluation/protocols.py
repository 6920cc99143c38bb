"""Scoring protocol of each data set: landmarks, normaliser, threshold.

And which data set annotations are of, told by their landmarks.
"""
from dataclasses import dataclass
from numbers import Real
from reprlib import repr as short
from typing import List, Optional, Union

from spiga_mmpose.io.face_json import landmarks_of
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.landmark_sets.landmark_set import available_landmark_sets
from . import samples
from .functional import NORMS

# Of a threshold in per cent: smaller and larger ones decide nothing.
SMALLEST, LARGEST = 0.01, 1000
# Thresholds in per cent with a normaliser that is not the landmark set's.
_THRESHOLDS = dict(corners=8, pupils=8, lnd_bbox=7, bbox=7, height=4)


@dataclass(frozen=True)
class Protocol:
    """Scoring protocol of a data set.

    The landmark set's file owns normaliser and threshold; a protocol names
    only what differs by data set. Source: paper, section 3.1 and tables 2 to
    4, and ``db_info.json`` of each data set in the PyPI package ``spiga``
    0.0.6.
    """
    landmark_set: str  # name or path
    own_norm: Optional[str] = None  # headline, where it is not the set's
    divide_by: str = 'labelled'  # see functional.face_nme

    @property
    def norm(self) -> str:
        """The headline normaliser.

        A landmark set that names none is scored by its outer eye corners, or
        by the landmark box where it has no corners. ValueError if it names
        what is none.
        """
        return self.own_norm or self._of_set()[0]

    def threshold(self, norm: Optional[Union[str, float]] = None) -> float:
        """Threshold of AUC and FR with a normaliser (the headline), per cent.

        With the landmark set's normaliser the landmark set's; with others the
        one common for them, or else the headline's.
        """
        norm = self.norm if norm is None else norm
        of_set, threshold = self._of_set()
        if norm == of_set:
            return threshold
        return _THRESHOLDS.get(norm) or self.threshold()

    def _of_set(self):
        """Normaliser and threshold of the landmark set, checked."""
        found = load_landmark_set(self.landmark_set)
        try:
            norm = checked_norm(
                found.normaliser or
                ('corners' if found.eye_corners else 'lnd_bbox'))
            return norm, checked_threshold(
                _THRESHOLDS.get(norm, _THRESHOLDS['bbox'])
                if found.threshold is None else found.threshold)
        except ValueError as error:
            raise ValueError(f'{self.landmark_set}: {error}') from None


PROTOCOLS = {
    'wflw': Protocol('wflw_98'),
    '300w': Protocol('300w_68'),
    '300w-private': Protocol('300w_68', 'lnd_bbox'),
    'cofw68': Protocol('300w_68', 'lnd_bbox'),
    'merlrav': Protocol('300w_68', 'lnd_bbox', divide_by='all'),
}


def protocol_of(dataset: str) -> Protocol:
    """Scoring protocol of a key of ``PROTOCOLS``, or of a landmark set by its
    name or path: what its file says.

    Raises:
        ValueError: If there is no such data set, or the landmark set's file,
            its normaliser or its threshold is wrong.
    """
    if dataset in PROTOCOLS:
        return PROTOCOLS[dataset]
    known = available_landmark_sets()
    if not (dataset in known or dataset.endswith('.json')):
        raise ValueError(
            f'no data set {dataset!r}: expected one of {list(PROTOCOLS)}, of '
            f'the landmark sets {known} or the path of a .json file of one')
    protocol = Protocol(dataset)
    protocol.threshold()  # a wrong file ends here
    return protocol


def checked_norm(norm: Union[str, float]) -> Union[str, float]:
    """The normaliser; ValueError if it is neither one of ``NORMS`` nor a
    positive, finite number of px."""
    number = isinstance(norm, Real) and not isinstance(norm, bool)
    if not (norm in NORMS or number and 0 < norm < float('inf')):
        raise ValueError(f'the normaliser must be one of {list(NORMS)} or a '
                         f'positive number of px, found {norm!r}')
    return norm


def checked_threshold(threshold: float) -> float:
    """The threshold of AUC and FR; ValueError if it is no number of per cent
    from 0.01 to 1000."""
    number = isinstance(threshold, Real) and not isinstance(threshold, bool)
    if not (number and SMALLEST <= threshold <= LARGEST):
        raise ValueError(f'the threshold must be a number from {SMALLEST:g} '
                         f'to {LARGEST:g} per cent, found {threshold!r}')
    return threshold


def guess_dataset(records: List[dict], path: str) -> str:
    """The data set whose landmarks the records of annotations have.

    A key of ``PROTOCOLS``: the first benchmark that fits, so that 68
    landmarks are 300W's; else the name of the one landmark set that fits.
    ValueError, which names the file (by its path), if none or several fit, or
    the landmarks are damaged.
    """
    # Data samples have none.
    ids = set() if samples.is_sample(records[0]) else set().union(
        *{face['ids'] for face in records
          if isinstance(face.get('ids'), tuple)})
    count = None if ids else _count_in(records, path)
    for name, protocol in PROTOCOLS.items():
        if _fits(protocol.landmark_set, ids, count):
            return name
    scored = {protocol.landmark_set for protocol in PROTOCOLS.values()}
    names = [name for name in available_landmark_sets()
             if name not in scored and _fits(name, ids, count)]
    names = [name for name in names if ids == _ids(name)] or names
    if len(names) == 1:
        return names[0]
    found = (f'{len(ids)} different landmark ids {short(sorted(ids))}'
             if ids else f'{count or "no"} landmarks')
    if names:
        raise ValueError(f'{path}: {found} may be of {" or ".join(names)}; '
                         'name one of them as the data set (--dataset)')
    raise ValueError(
        f'{path}: {found} are of no known data set; name one of '
        f'{list(PROTOCOLS)} or a landmark set (--dataset)')


def _count_in(records, path):
    """Landmarks of the first face that has any, or None."""
    sampled = samples.is_sample(records[0])
    for index, record in enumerate(records):
        try:
            count = samples.num_landmarks(
                record) if sampled else len(landmarks_of(record))
        except ValueError as error:
            raise ValueError(f'{path}: face {index}: {error}') from None
        if count:
            return count
    return None


def _ids(name):
    return set(load_landmark_set(name).annotation_ids)


def _fits(name, ids, count):
    if ids:
        return ids <= _ids(name)
    return count == load_landmark_set(name).num_landmarks
