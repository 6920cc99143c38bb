"""How each benchmark is scored: landmarks, normaliser, threshold, divisor."""
from dataclasses import dataclass
from numbers import Real
from typing import Dict, Optional, Union

from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.landmark_sets.landmark_set import available_landmark_sets
from .functional import NORMS

# Of a threshold in per cent: smaller and larger ones decide nothing.
SMALLEST, LARGEST = 0.01, 1000
# Thresholds in per cent where the benchmark has none of its own.
_THRESHOLDS = dict(corners=8, pupils=8, lnd_bbox=7, bbox=7, height=4)


@dataclass(frozen=True)
class Protocol:
    """The usual way of scoring a benchmark.

    Source: paper, section 3.1 and tables 2 to 4, and ``db_info.json`` of each
    data set in the PyPI package ``spiga`` 0.0.6.

    Attributes:
        landmark_set (str): Its landmarks.
        thresholds (dict[str, float]): Normaliser and threshold (per cent) of
            AUC and FR; the first is the headline.
        divide_by (str): See :func:`~.functional.face_nme`.
    """
    landmark_set: str
    thresholds: Dict[str, float]
    divide_by: str = 'labelled'

    @property
    def norm(self) -> str:
        """The headline normaliser."""
        return next(iter(self.thresholds))

    def threshold(self, norm: Optional[Union[str, float]] = None) -> float:
        """Usual threshold with a normaliser, per cent.

        Args:
            norm (str | float | None): None for the headline.

        Returns:
            float: The benchmark's; else the one common for this normaliser;
            else the benchmark's headline threshold.
        """
        headline = self.thresholds[self.norm]
        if norm is None:
            return headline
        common = _THRESHOLDS.get(norm, headline)
        return self.thresholds.get(norm, common)


PROTOCOLS = {
    'wflw':
    Protocol('wflw_98', dict(corners=10, pupils=8)),
    '300w':
    Protocol('300w_68', dict(corners=8, pupils=8, height=4)),
    '300w-private':
    Protocol('300w_68',
             dict(lnd_bbox=7, corners=8, pupils=8, bbox=7, height=4)),
    'cofw68':
    Protocol('300w_68', dict(lnd_bbox=7, corners=8, pupils=8)),
    'merlrav':
    Protocol('300w_68', dict(lnd_bbox=7), divide_by='all'),
}


def usual_protocol(landmark_set: str) -> Protocol:
    """The first benchmark that has this landmark set.

    Args:
        landmark_set (str): Name or path of a landmark set.

    Returns:
        Protocol: Of WFLW for 98 landmarks, of 300W for 68. For any other set
        what its file says; without that the outer eye corners, or the
        landmark box where the set names none.

    Raises:
        ValueError: If there is no such set, its file is damaged, or its
            normaliser or threshold is none.
    """
    for protocol in PROTOCOLS.values():
        if protocol.landmark_set == landmark_set:
            return protocol
    found = load_landmark_set(landmark_set)
    try:
        norm = checked_norm(
            found.normaliser or
            ('corners' if found.eye_corners else 'lnd_bbox'))
        threshold = checked_threshold(
            _THRESHOLDS.get(norm, _THRESHOLDS['bbox'])
            if found.threshold is None else found.threshold)
    except ValueError as error:
        raise ValueError(f'{landmark_set}: {error}') from None
    return Protocol(landmark_set, {norm: threshold})


def protocol_of(dataset: str) -> Protocol:
    """How a data set is scored.

    Args:
        dataset (str): A key of ``PROTOCOLS``, or the name or path of a
            landmark set.

    Returns:
        Protocol: The benchmark's; of a landmark set the one of
        :func:`usual_protocol`.

    Raises:
        ValueError: If there is no such data set; see :func:`usual_protocol`.
    """
    if dataset in PROTOCOLS:
        return PROTOCOLS[dataset]
    known = available_landmark_sets()
    if not (dataset in known or dataset.endswith('.json')):
        raise ValueError(
            f'no data set {dataset!r}: expected one of {list(PROTOCOLS)}, of '
            f'the landmark sets {known} or the path of a .json file of one')
    return usual_protocol(dataset)


def checked_norm(norm: Union[str, float]) -> Union[str, float]:
    """The normaliser, if it is one.

    Raises:
        ValueError: If it is neither one of ``NORMS`` nor a positive, finite
            number of px.
    """
    number = isinstance(norm, Real) and not isinstance(norm, bool)
    if not (norm in NORMS or number and 0 < norm < float('inf')):
        raise ValueError(f'the normaliser must be one of {list(NORMS)} or a '
                         f'positive number of px, found {norm!r}')
    return norm


def checked_threshold(threshold: float) -> float:
    """The threshold of AUC and FR, per cent, if it makes sense.

    Raises:
        ValueError: If it is no number from 0.01 to 1000.
    """
    number = isinstance(threshold, Real) and not isinstance(threshold, bool)
    if not (number and SMALLEST <= threshold <= LARGEST):
        raise ValueError(f'the threshold must be a number from {SMALLEST:g} '
                         f'to {LARGEST:g} per cent, found {threshold!r}')
    return threshold
