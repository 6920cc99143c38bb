"""How each benchmark is scored: landmarks, normaliser, threshold, divisor."""
from dataclasses import dataclass
from typing import Dict, Optional, Union

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
        the landmark box with 7 %, the one normaliser that needs no eyes and
        no annotated box.
    """
    for protocol in PROTOCOLS.values():
        if protocol.landmark_set == landmark_set:
            return protocol
    return Protocol(landmark_set, dict(lnd_bbox=7))
