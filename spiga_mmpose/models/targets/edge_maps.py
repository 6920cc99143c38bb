"""Edge maps: one smooth curve through the landmarks of a facial edge.

For the drawing, the edges of a face are cut into a fixed number of short
pieces of similar length and bend. Each piece touches the few cells around it,
so the work grows with the length of the edges and not with the area of the
maps, and no shape depends on the data.

Shapes: B batch, L landmarks, E edges, Q segments of a face (a segment joins
two landmarks of an edge), K pieces of a face, P side of the window of cells
around a piece, H x W map.
"""
import math
from functools import lru_cache
from typing import List, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .point_maps import cells_of_landmarks

# Consecutive points closer than this are one point: the direction from one to
# the other would be noise, and the spline would follow it.
_DUPLICATE = 0.01
# The map is zero beyond so many sigma (SPIGA release, PyPI spiga 0.0.6).
_REACH = 3
# Length and bend are measured on so many stretches of every segment.
_STRETCHES = 8
# Cutting edges into pieces, a bend by one radian counts as so many cells.
_CELLS_PER_RADIAN = 1.5
# So many cells of windows are worked on at a time: on a CPU, for each thread,
# what stays in its cache; elsewhere what bounds the memory to some 300 MB.
_CELLS_IN_CACHE = 1 << 16
_CELLS_AT_ONCE = 1 << 23


def spline_segments(points: Tensor, valid: Tensor) -> Tuple[Tensor, Tensor]:
    """Polynomials of the splines through the valid points, in their order.

    The spline is the one of ``scipy.interpolate.splprep(s=0, k=min(3, points
    - 1))``: cubic, chord-length parameter, not-a-knot ends; the parabola
    through three points, the line through two. Consecutive points less than
    0.01 apart count once.

    Of N splines with n >= 2 points (N, n, 2), finite, valid (N, n) or not:
    coefficients (N, n - 1, 4, 2) of the powers 0 to 3 of a parameter that runs
    from 0 to 1 along each segment; and which segments exist, (N, n - 1) bool.
    The only point of a spline is its first segment. Segments that do not exist
    stand still somewhere. No shape depends on the data.
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
    """Points (N, n, 2), those kept (N, n) in front, and their number (N, 1).
    """
    order = torch.argsort((~kept).to(torch.uint8), dim=1, stable=True)
    points = points.gather(1, order.unsqueeze(-1).expand(-1, -1, 2))
    return points, kept.sum(1, keepdim=True)


def _bends(points: Tensor, chords: Tensor, count: Tensor) -> Tensor:
    """Second derivatives (N, n, 2) of the splines at their points.

    Of the points (N, n, 2) the first ``count`` (N, 1) matter; behind them it
    is zero. The chords (N, n - 1) are the parameter length of every segment,
    1 for those that do not exist.
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


@lru_cache(maxsize=32)
def _plan(edges: Tuple[Tuple[int, ...], ...],
          device: torch.device) -> Tuple[List[Tensor], Tensor]:
    """What depends on the edges alone. Cached: the device is fed once.

    The landmarks (edges, landmarks) of each group of edges of equal length,
    and the channel (Q,) of every segment, in group order.
    """
    lengths = sorted({len(edge) for edge in edges})
    groups = [[c for c in edges if len(c) == length] for length in lengths]
    channels = [
        channel for length in lengths for channel, edge in enumerate(edges)
        if len(edge) == length for _ in edge[1:]
    ]
    with torch.inference_mode(False):
        return ([torch.tensor(group, device=device) for group in groups],
                torch.tensor(channels, device=device))


def _checked(edges: Sequence[Sequence[int]],
             num_landmarks: int) -> Tuple[Tuple[int, ...], ...]:
    checked = []
    for channel, edge in enumerate(edges):
        if len(edge) == 0:
            raise ValueError(f'edge {channel} is empty; expected landmark '
                             'indices')
        bad = [i for i in edge if not 0 <= i < num_landmarks]
        if bad:
            raise ValueError(
                f'edge {channel} holds landmark {bad[0]}; expected indices '
                f'from 0 to {num_landmarks - 1}. Do the edges belong to '
                'another landmark set?')
        # A lone point is an edge between duplicates, hence a blob.
        checked.append(tuple(edge) * (2 if len(edge) == 1 else 1))
    return tuple(checked)


def _segments(points: Tensor, weights: Tensor,
              groups: List[Tensor]) -> Tuple[Tensor, Tensor]:
    """Segments of all edges, in group order: coefficients (B, Q, 4, 2) and
    which exist (B, Q), see :func:`spline_segments`."""
    coefficients, exists = [], []
    for ids in groups:
        found = spline_segments(points[:, ids].flatten(0, 1),
                                (weights[:, ids] > 0).flatten(0, 1))
        coefficients.append(found[0].view(len(points), -1, 4, 2))
        exists.append(found[1].view(len(points), -1))
    return torch.cat(coefficients, 1), torch.cat(exists, 1)


def _polynomial(coefficients: Sequence[Tensor], t: Tensor) -> Tensor:
    a, b, c, d = coefficients
    return a + t * (b + t * (c + t * d))


def _efforts(coefficients: Tensor, size: Tuple[int, int],
             reach: float) -> Tensor:
    """Length and bend, in cells, to draw on the stretches of the segments.

    (B, Q, 4, 2) -> (B, Q * stretches). What lies so far outside the map that
    nothing of it is seen, beyond the reach (cells), counts the less the
    farther it is.
    """
    grid = torch.arange(2 * _STRETCHES + 1, device=coefficients.device)
    t = (grid / (2 * _STRETCHES)).unsqueeze(-1)  # borders, middles between
    a, b, c, d = coefficients.unsqueeze(2).unbind(3)  # (B, Q, 1, 2)
    velocity = b + t * (2 * c + 3 * t * d)  # (B, Q, 2 * stretches + 1, 2)
    before, after = velocity[:, :, :-1], velocity[:, :, 1:]
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    turns = torch.atan2(cross.abs(), (before * after).sum(-1))
    turns = turns.unflatten(2, (_STRETCHES, 2)).sum(-1)
    lengths = velocity[:, :, 1::2].norm(dim=-1) / _STRETCHES
    x, y = _polynomial((a, b, c, d), t[1::2]).unbind(-1)
    mid_x, mid_y = (size[1] - 1) / 2, (size[0] - 1) / 2
    outside = torch.hypot(((x - mid_x).abs() - mid_x).clamp(min=0),
                          ((y - mid_y).abs() - mid_y).clamp(min=0))
    outside = (outside - reach - lengths / 2).clamp(min=0)
    # No more of a stretch than this lies inside, were it ever so long.
    lengths = lengths.clamp(max=size[0] + size[1])
    efforts = (lengths + _CELLS_PER_RADIAN * turns) / (1 + 3 * outside)
    return efforts.flatten(1)


def _cut(efforts: Tensor, pieces: int) -> Tuple[Tensor, Tensor, Tensor]:
    """Cut the segments of every face into K >= Q pieces of about equal effort.

    Returns the segment of every piece, and the parameters on it of the start
    and of the end of the piece, all (B, K).
    """
    done = F.pad(efforts.cumsum(1), (1, 0))  # (B, Q * stretches + 1)
    begin, end = done[:, :-1:_STRETCHES], done[:, _STRETCHES::_STRETCHES]
    # Every segment has a piece; the others go where there is more to draw.
    share = (end - begin) / done[:, -1:].clamp(min=1e-6)  # (B, Q)
    num = 1 + (share * (pieces - share.shape[1])).floor().long()
    num_done = num.cumsum(1)
    index = torch.arange(pieces, device=efforts.device)
    index = index.repeat(len(efforts), 1)
    segment = torch.searchsorted(num_done, index, right=True)
    segment = segment.clamp(max=share.shape[1] - 1)
    index = index - (num_done - num).gather(1, segment)
    # The few that rounding leaves over crowd at the end of the last segment.
    fraction = torch.stack([index, index + 1], 1)  # (B, 2, K)
    fraction = fraction / num.gather(1, segment).unsqueeze(1)
    begin, end = begin.gather(1, segment), end.gather(1, segment)
    length = (end - begin).unsqueeze(1)
    wanted = begin.unsqueeze(1) + length * fraction.clamp(max=1)
    wanted = wanted.flatten(1)  # (B, 2 * K)
    stretch = torch.searchsorted(done, wanted, right=True) - 1
    first = (segment * _STRETCHES).repeat(1, 2)
    stretch = stretch.maximum(first).minimum(first + _STRETCHES - 1)
    left, right = done.gather(1, stretch), done.gather(1, stretch + 1)
    inside = ((wanted - left) / (right - left).clamp(min=1e-6)).clamp(0, 1)
    start, end = ((stretch - first + inside) / _STRETCHES).chunk(2, 1)
    return segment, start, end


def _ends(powers: Tensor, t_start: Tensor, t_end: Tensor) -> Tensor:
    """Start, middle and end (3, 2, pieces) of every piece, x, y, cells.

    Of the coefficients (4, 2, pieces) and parameters (pieces,). The middle
    lies over the middle of the chord, as :func:`_ridges` wants.
    """
    start, end = _polynomial(powers, t_start), _polynomial(powers, t_end)
    t = (t_start + t_end) / 2
    chord, half = end - start, _polynomial(powers, t) - start
    place = (half * chord).sum(0) / chord.square().sum(0).clamp(min=1e-12)
    t = t + (t_end - t_start) * (0.5 - place).clamp(-0.25, 0.25)
    return torch.stack([start, _polynomial(powers, t), end])


def _window(center: Tensor, side: int, cells: int) -> Tensor:
    """Indices (P, pieces) of the cells around each centre, kept on the map.

    All cells less than ``side / 2`` away are among them. Beyond the border,
    the cell at the border is repeated.
    """
    start = (center - side / 2).ceil().clamp(-side, cells).long()
    offset = torch.arange(side, device=center.device).unsqueeze(-1)
    return (start + offset).clamp(0, cells - 1)


def _ridges(start: Tensor, middle: Tensor, end: Tensor, x: Tensor, y: Tensor,
            sigma: float) -> Tensor:
    """Height of the ridge along every piece, at the cells of its window.

    The piece is the parabola ``middle + t step + 4 t^2 bulge``, t from -1/2
    to 1/2. Its point nearest to the cell at offset o from the middle is at
    ``t = o.step / (step.step - 8 o.bulge)``. The terms left out are small
    as step and bulge are nearly at right angles and the bulge is short.

    Pieces are (2, pieces), columns and rows of the windows (P, pieces), all
    in cells; the result is (P, P, pieces) in [0, 1], rows first.
    """
    step_x, step_y = end - start
    bulge_x, bulge_y = (start + end) / 2 - middle
    off_x, off_y = x - middle[0], (y - middle[1]).unsqueeze(1)
    curving = (step_x**2 + step_y**2) - 8 * off_y * bulge_y
    t = off_x * step_x + off_y * step_y
    t /= (curving - 8 * off_x * bulge_x).clamp_(min=1e-12)
    t.clamp_(-0.5, 0.5)
    squares = t.square().mul_(4)
    gap_x = (t * step_x).addcmul_(squares, bulge_x).sub_(off_x)
    gap_y = t.mul_(step_y).addcmul_(squares, bulge_y).sub_(off_y)
    heights = gap_x.square_().addcmul_(gap_y, gap_y)
    heights.mul_(-0.5 / sigma**2).exp_()
    return F.threshold_(heights, math.exp(-0.5 * _REACH**2), 0.)


@torch.no_grad()
def draw_edge_maps(landmarks: Tensor, weights: Tensor,
                   edges: Sequence[Sequence[int]], size: Tuple[int, int],
                   sigma: float = 1.) -> Tensor:
    """Draw every edge as a ridge of height 1.

    A cell whose centre is d cells away from the edge gets
    ``exp(-d^2 / (2 sigma^2))``, and 0 beyond 3 sigma. The edge is the cubic
    spline through its valid landmarks (see :func:`spline_segments`): a
    parabola through three, a line through two, a blob at a single one,
    nothing where there is none.

    The work is bounded: a face gets ``4 (H + W) + 64 E + Q`` pieces of edge,
    which are a quarter of a cell long on a common face. A scribble that is
    longer in cells than it has pieces is drawn coarser.

    Args:
        landmarks, weights (Tensor): As of :func:`.draw_point_maps`. Landmarks
            of weight 0 are left out of their edges.
        edges (list[list[int]]): Landmarks along each of the E edges.
        size (tuple[int, int]): H, W of the maps.
        sigma (float): Standard deviation, cells; 1 at 64 x 64 in the SPIGA
            release (PyPI ``spiga`` 0.0.6).

    Returns:
        Tensor: (B, E, H, W) float32 in [0, 1], on the landmarks' device.
        ValueError if the shapes do not fit together, or an edge is empty or
        holds a landmark that does not exist.
    """
    points = cells_of_landmarks(landmarks, weights, size)
    edges = _checked(edges, landmarks.shape[1])
    batch, (height, width) = len(points), size
    maps = points.new_zeros(batch, len(edges), height, width)
    if maps.numel() == 0:
        return maps
    groups, channels = _plan(edges, points.device)
    coefficients, exists = _segments(points, weights, groups)
    reach = _REACH * sigma
    pieces = 4 * (height + width) + 64 * len(edges) + exists.shape[1]
    segment, t_start, t_end = _cut(_efforts(coefficients, size, reach), pieces)
    face = torch.arange(batch, device=points.device).unsqueeze(-1)
    rows = (face * exists.shape[1] + segment).flatten()
    # (4, 2, B * K): pieces come last, for inner loops as long as possible.
    powers = coefficients.flatten(0, 1)[rows].permute(1, 2, 0).contiguous()
    ends = _ends(powers, t_start.flatten(), t_end.flatten())
    channel = face * len(edges) + channels[segment]
    corner = (channel * (height * width)).flatten()
    drawn = exists.flatten()[rows]

    side = math.ceil(2 * reach) + 1
    at_once = _CELLS_AT_ONCE
    if points.device.type == 'cpu':
        at_once = _CELLS_IN_CACHE * torch.get_num_threads()
    at_once = at_once // side**2 + 1
    for i in range(0, batch * pieces, at_once):
        start, middle, end = ends[..., i:i + at_once]
        x = _window(middle[0], side, width)
        y = _window(middle[1], side, height)
        heights = _ridges(start, middle, end, x, y, sigma)
        heights *= drawn[i:i + at_once]
        cells = (y * width + corner[i:i + at_once]).unsqueeze(1) + x
        maps.view(-1).scatter_reduce_(0, cells.flatten(), heights.flatten(),
                                      'amax')
    return maps
