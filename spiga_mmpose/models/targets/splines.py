"""Interpolating splines through points of which some are not valid.

Batched, on the points' device, with shapes that do not depend on the data.

Shapes: N splines, n points of a spline, valid or not.
"""
from typing import Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Consecutive points closer than this are one point: the direction from one to
# the other would be noise, and the spline would follow it.
_DUPLICATE = 0.01


def spline_segments(points: Tensor, valid: Tensor) -> Tuple[Tensor, Tensor]:
    """Polynomials of the splines through the valid points, in their order.

    The spline is the one of ``scipy.interpolate.splprep(s=0, k=min(3, points
    - 1))``: cubic, chord-length parameter, not-a-knot ends; the parabola
    through three points, the line through two. Consecutive points less than
    0.01 apart count once.

    Args:
        points (Tensor): (N, n, 2), n at least 2, finite.
        valid (Tensor): (N, n) bool.

    Returns:
        tuple: coefficients (N, n - 1, 4, 2) of the powers 0 to 3 of a
        parameter that runs from 0 to 1 along each segment; and which
        segments exist, (N, n - 1) bool. The only point of a spline is its
        first segment. Segments that do not exist stand still somewhere.
    """
    points, count = _compact(points, valid)
    index = torch.arange(points.shape[1], device=points.device)
    new = points.diff(dim=1).norm(dim=-1) > _DUPLICATE
    new = F.pad(new, (1, 0), value=True) & (index < count)
    points, count = _compact(points, new)
    steps = points.diff(dim=1)
    exists = index[:-1] < count - 1  # (N, n - 1)
    chords = steps.norm(dim=-1).masked_fill(~exists, 1.)
    bends = _bends(points, chords, count)
    bends, next_bends = bends[:, :-1], bends[:, 1:]
    squares = chords.unsqueeze(-1)**2
    powers = torch.stack([
        steps - squares * (2 * bends + next_bends) / 6, squares * bends / 2,
        squares * (next_bends - bends) / 6
    ], 2)
    powers = powers * exists[:, :, None, None]
    coefficients = torch.cat([points[:, :-1].unsqueeze(2), powers], 2)
    return coefficients, exists | (index[:-1] < count.clamp(max=1))


def _compact(points: Tensor, kept: Tensor) -> Tuple[Tensor, Tensor]:
    """Move the kept points to the front, in order.

    Args:
        points (Tensor): (N, n, 2).
        kept (Tensor): (N, n) bool.

    Returns:
        tuple: the points (N, n, 2) and how many are kept (N, 1).
    """
    order = torch.argsort((~kept).to(torch.uint8), dim=1, stable=True)
    points = points.gather(1, order.unsqueeze(-1).expand(-1, -1, 2))
    return points, kept.sum(1, keepdim=True)


def _bends(points: Tensor, chords: Tensor, count: Tensor) -> Tensor:
    """Second derivatives of the splines at their points.

    Args:
        points (Tensor): (N, n, 2), of which the first ``count`` matter.
        chords (Tensor): (N, n - 1) parameter length of every segment, 1 for
            segments that do not exist.
        count (Tensor): (N, 1) number of points.

    Returns:
        Tensor: (N, n, 2), zero behind the last point.
    """
    n = points.shape[1]
    if n < 3:
        return torch.zeros_like(points)
    index = torch.arange(n, device=points.device)
    first = (index == 0) & (count > 2)
    last = (index == count - 1) & (count > 2)
    inner = (index > 0) & (index < count - 1)
    before, after = F.pad(chords, (1, 0)), F.pad(chords, (0, 1))
    # Not-a-knot: the third derivative is the same on the first two and on
    # the last two segments, a condition on three bends. Three points have
    # but one condition of this kind; their parabola has equal bends.
    near = torch.where(first, after, before)
    far = torch.where(first, F.pad(after[:, 1:], (0, 1)),
                      F.pad(before[:, :-1], (1, 0)))
    near, far = near.masked_fill(count == 3, 0), far.masked_fill(count == 3, 1)
    # In the equation of point i, bands[k] multiplies the bend of point i + k.
    # Inner points: the first derivative is continuous.
    main = torch.where(inner, 2 * (before + after), torch.ones_like(before))
    bands = {
        -2: near * last,
        -1: before * inner - (near + far) * last,
        0: torch.where(first | last, far, main),
        1: after * inner - (near + far) * first,
        2: near * first,
    }
    matrix = sum(
        torch.diag_embed(band[:, max(0, -k):n - max(0, k)], offset=k)
        for k, band in bands.items())
    slopes = points.diff(dim=1) / chords.unsqueeze(-1)
    right = F.pad(6 * slopes.diff(dim=1), (0, 0, 1, 1)) * inner.unsqueeze(-1)
    # Not torch.linalg.solve, whose check makes a GPU wait.
    return torch.linalg.solve_ex(matrix, right)[0]
