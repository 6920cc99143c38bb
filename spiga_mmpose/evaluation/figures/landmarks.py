"""The error of every landmark, drawn on a face seen from the front."""
from typing import Dict

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from spiga_mmpose.landmark_sets import LandmarkSet
from .style import new_figure, per_cent_of, save

_PANEL = 9.  # inches, width of one face with the names of its parts
_COLUMNS = 2
_GAP = .05  # faces have a size of about 1; closer landmarks are pulled apart
_SMALLEST, _LARGEST = 10., 140.  # area of a disc, square points
_ASIDE = .027  # distance of a number from its disc
_LINE = .06  # least distance of the names of parts


def frontal_face(landmark_set: LandmarkSet, landmarks: np.ndarray,
                 labelled: np.ndarray) -> np.ndarray:
    """A face (L, 2) seen from the front, x to the right, y down.

    The box of all landmarks has its middle at 0 and a longer side of 1. It is
    the rigid head without perspective; for a set without one, the mean of the
    true landmarks (N, L, 2) that are labelled (N, L), each face shifted and
    scaled to such a box, with NaN for a landmark that no face has.
    """
    if landmark_set.head_model is not None:
        # World axes: x out of the face, -y right, z down (geometry.euler).
        front = landmark_set.head_model[:, [1, 2]] * (-1, 1)
        return _in_unit_box(front[None])[0]
    faces = np.where(labelled[..., None], landmarks, np.nan)
    faces = _in_unit_box(faces[labelled.any(1)])
    counts = np.isfinite(faces).sum(0)
    mean = np.nansum(faces, 0) / np.where(counts, counts, np.nan)
    return _in_unit_box(mean[None])[0]


def _in_unit_box(faces):
    low, high = np.nanmin(faces, 1), np.nanmax(faces, 1)
    middle, side = (low + high) / 2, (high - low).max(-1)
    return (faces - middle[:, None]) / side[:, None, None]


def draw_landmark_errors(errors: Dict[str, np.ndarray], face: np.ndarray,
                         landmark_set: LandmarkSet, norm: str,
                         path: str) -> None:
    """Draw a face for each method, discs by the error of each landmark.

    Larger and darker is worse, on one scale for all methods, from the least
    to the largest error. Beside the face stand its parts with the mean of the
    errors of their landmarks. A landmark without an error is a cross.
    Landmarks that all but coincide, as the lips of a closed mouth, are pulled
    apart.

    Of the mean errors (L,) of each method, per cent, NaN where there is none,
    and a face (L, 2) of :func:`frontal_face`.
    """
    known = np.concatenate([v[np.isfinite(v)] for v in errors.values()])
    # Not from 0: the differences between the landmarks are the figure.
    scale = ScalarMappable(Normalize(known.min(), known.max()), 'YlOrRd')
    columns = min(_COLUMNS, len(errors))
    rows = -(-len(errors) // columns)
    figure = new_figure(_PANEL * columns + 1, .74 * _PANEL * rows)
    panels = figure.subplots(rows, columns, squeeze=False)
    places = _spread(face)
    numbers = _beside(places)
    for axes, (name, values) in zip(panels.flat, errors.items()):
        _draw_face(axes, places, numbers, values, landmark_set, scale)
        axes.set_title(f'{name}: mean of the landmarks '
                       f'{np.nanmean(values):.2f} %')
    for axes in panels.flat:
        axes.set_axis_off()
    figure.colorbar(
        scale, ax=panels, shrink=.7, label=f'mean error ({per_cent_of(norm)})')
    save(figure, path)


def _draw_face(axes, places, numbers, values, landmark_set, scale):
    for edge in landmark_set.edges.values():
        axes.plot(*places[edge].T, color='.8', linewidth=1, zorder=1)
    known = np.isfinite(values)
    share = scale.norm(values[known])
    axes.scatter(
        *places[known].T,
        _SMALLEST + share * (_LARGEST - _SMALLEST),
        c=values[known],
        cmap=scale.cmap,
        norm=scale.norm,
        edgecolors='.25',
        linewidths=.5,
        zorder=2)
    axes.scatter(*places[~known].T, marker='x', color='.4', zorder=2)
    for i, place in enumerate(numbers):
        if np.isfinite(place).all():
            axes.text(*place, i, ha='center', va='center', fontsize=6.5,
                      zorder=3)
    _name_parts(axes, places, values, landmark_set.parts)
    axes.set(xlim=(-.54, .86), ylim=(.5, -.5), aspect='equal')


def _name_parts(axes, places, values, parts):
    """Names and mean errors at the right, tied to the outermost landmark."""
    rows = []
    for part, ids in parts.items():
        ids = [i for i in ids if np.isfinite([values[i], *places[i]]).all()]
        if ids:
            rows.append((places[max(ids, key=lambda i: places[i][0])],
                         f'{part}  {np.mean(values[ids]):.2f} %'))
    height = -np.inf
    for anchor, text in sorted(rows, key=lambda row: row[0][1]):
        height = max(anchor[1], height + _LINE)
        axes.annotate(
            text,
            anchor,
            (.6, height),
            va='center',
            fontsize=12,
            arrowprops=dict(arrowstyle='-', color='.6', linewidth=.8,
                            zorder=0))


def _spread(points):
    """Move points that are too close to each other apart."""
    for _ in range(30):
        apart = points[:, None] - points
        distance = np.linalg.norm(apart, axis=-1)
        close = (distance < _GAP) & ~np.eye(len(points), dtype=bool)
        if not close.any():
            break
        push = .5 * (_GAP - distance) / np.maximum(distance, 1e-6)
        moves = np.where(close[..., None], apart * push[..., None], 0)
        # Half a step: neighbours push from both sides.
        points = points + .5 * moves.sum(1)
    return points


def _beside(points):
    """Positions with most room for the number of each point."""
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = _ASIDE * np.stack([np.cos(angles), np.sin(angles)], 1)
    known = np.isfinite(points).all(1)
    taken = list(points[known])
    places = np.full_like(points, np.nan)
    for i in np.flatnonzero(known):
        choices = points[i] + ring
        others = [p for p in taken if not np.array_equal(p, points[i])]
        room = np.linalg.norm(choices[:, None] - np.array(others), axis=-1)
        places[i] = choices[room.min(1).argmax()]
        taken.append(places[i])
    return places
