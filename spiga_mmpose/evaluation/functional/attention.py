"""Statistics of graph attention: its reach, its share on hidden landmarks.

Behind the paper's Figure 4 and supplementary Figures 6 and 7, as numbers.

Shapes: N faces, L landmarks; ``...`` are steps, layers, heads. Row i of
attention (..., L, L), what landmark i attends to, sums to 1.
"""
from typing import Dict

import numpy as np


def attended_distance(attention: np.ndarray, landmarks: np.ndarray,
                      size: float) -> np.ndarray:
    """Mean distance (...) from a landmark to what it attends to.

    Of one face, landmarks (L, 2) px: weighted by the attention, mean over the
    landmarks that attend, in shares of ``size`` (px).
    """
    distances = np.linalg.norm(landmarks[:, None] - landmarks, axis=-1)
    return (attention * distances).sum(-1).mean(-1) / size


def attended_landmarks(attention: np.ndarray) -> np.ndarray:
    """To how many landmarks the attention of one face amounts, (...).

    exp of the entropy of a row, mean over the landmarks that attend: L where
    they look at all alike, 1 where each looks at one alone.
    """
    logs = np.log(attention, where=attention > 0,
                  out=np.zeros_like(attention, dtype=float))
    return np.exp(-(attention * logs).sum(-1)).mean(-1)


def even_attention(num_landmarks: int) -> np.ndarray:
    """(L, L) attention that looks at all landmarks alike."""
    return np.full((num_landmarks, num_landmarks), 1 / num_landmarks)


def received_attention(attention: np.ndarray) -> np.ndarray:
    """Share (..., L) of all attention of a face that each landmark gets."""
    return attention.mean(-2)


def hidden_attention(received: np.ndarray,
                     hidden: np.ndarray) -> Dict[str, float]:
    """Share of the attention on hidden landmarks.

    Some landmarks get more attention than others wherever they are, and the
    contour is hidden more often than the nose. ``against_visible`` is free of
    that: it sets the attention of a hidden landmark against what the same
    landmark gets on the faces on which it is seen.

    Of :func:`received_attention` (N, L) and which are hidden (N, L).

    Returns:
        dict[str, float]: Over the faces with a hidden landmark: ``share``,
        mean share of the attention on hidden landmarks; ``even``, mean share
        of hidden landmarks among all. Over the landmarks that are hidden on
        some faces and seen on others: ``against_visible``, a ratio, 1 where
        attention does not care. NaN where there is nothing to tell.
    """
    some = hidden.any(1)
    share = np.where(hidden, received, 0).sum(1)
    seen = (~hidden).sum(0)
    if_seen = np.where(hidden, 0, received).sum(0) / np.maximum(seen, 1)
    both = hidden & (seen > 0)
    expected = (both * if_seen).sum()
    found = np.where(both, received, 0).sum()
    return dict(
        share=float(share[some].mean()) if some.any() else float('nan'),
        even=float(hidden[some].mean()) if some.any() else float('nan'),
        against_visible=float(found / expected) if expected else float('nan'))
