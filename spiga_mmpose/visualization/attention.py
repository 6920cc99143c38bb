"""Draw the attention of landmarks, on the face and as a matrix.

Paper, Figure 4 and supplementary Figures 6 and 7. The attention is that of
``pred_instances`` where ``test_cfg`` has ``output_attention``: (S, layers,
heads, L, L) of one face, S steps, L landmarks; each row i, what landmark i
attends to, sums to 1. All views show the mean over the heads; slice
``attention[:, :, h:h + 1]`` to see one. Another shape is a ``ValueError``.
"""
from typing import List, Optional

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from spiga_mmpose.landmark_sets import LandmarkSet
from .drawing import (BLACK, WHITE, draw_disc, draw_line, draw_text,
                      example_landmark, facial_parts, part_of, point_radius,
                      text_extent, text_height)
from .grids import crop_panel, gray_copy, make_grid, to_panel

COLOR = (130, 255, 90)
_POINT_COLOR = (150, 150, 150)
_STRONGEST = 7  # px on a panel of 256; line of the strongest attention
_CELL = 3.2  # px of the matrix a landmark


def attention_grid(image: np.ndarray,
                   attention: np.ndarray,
                   landmarks: np.ndarray,
                   landmark_set: LandmarkSet,
                   landmark: Optional[int] = None,
                   size: int = 256) -> np.ndarray:
    """Draw the attention of one landmark, by default one at the left pupil: a
    row a step, a column a layer.

    ``image`` and ``landmarks`` (L, 2) are as in :mod:`.grids`.
    """
    if landmark is None:
        landmark = example_landmark(landmark_set)
    panels = attention_panels(image, attention, landmarks, landmark_set,
                              landmark, size)
    headings = [f'layer {layer + 1}' for layer in range(len(panels[0]))]
    name = f'landmark {landmark} ({part_of(landmark_set, landmark)})'
    captions = [
        f'step {step + 1}: what {name} attends to'
        for step in range(len(panels))
    ]
    even = 100 / len(landmarks)
    strongest = 100 * _of_others(attention, landmark).max()
    note = ('Line: the wider and brighter, the more attention; widest '
            f'{strongest:.0f} %. Lines to landmarks with more than an even '
            f'share ({even:.1f} %) only. White disc: the landmark itself. '
            'Written below: the facial parts that get most.')
    return make_grid(panels, headings, captions, size, note)


def attention_panels(image: np.ndarray,
                     attention: np.ndarray,
                     landmarks: np.ndarray,
                     landmark_set: LandmarkSet,
                     landmark: int,
                     size: int = 256) -> List[List[np.ndarray]]:
    """The images of :func:`attention_grid`: S rows of panels (size, size, 3),
    one a layer.

    Widths are of one scale in all panels, so that they can be compared.
    """
    part_of(landmark_set, landmark)  # refuses what is no landmark
    _check(attention, landmark_set)
    face, matrix = crop_panel(image, landmarks, size)
    face = gray_copy(face)
    points = to_panel(landmarks, matrix)
    strongest = _of_others(attention, landmark).max()
    return [[
        _panel(face, points, weights, landmark, strongest, landmark_set)
        for weights in layers
    ] for layers in attention.mean(2)[:, :, landmark]]


def attention_matrix(attention: np.ndarray,
                     landmark_set: LandmarkSet) -> np.ndarray:
    """All attention as matrices (H, W, 3) RGB, uint8, landmarks grouped by
    facial part: a row of matrices a step, a column a layer.

    Shades are logarithmic around the even share, and of one scale in all
    matrices.
    """
    _check(attention, landmark_set)
    parts = facial_parts(landmark_set)
    order = np.concatenate(list(parts.values()))
    borders = np.cumsum([0] + [len(ids) for ids in parts.values()])
    values = 100 * attention.mean(2)[:, :, order[:, None], order]
    even = 100 / len(order)
    norm = LogNorm(even / 10, max(values.max(), 2 * even), clip=True)
    dpi = 100
    side = max(2.4, len(order) * _CELL / dpi)  # inches
    steps, layers = values.shape[:2]
    figure = Figure(
        figsize=(layers * side + 2, steps * side + 1),
        dpi=dpi,
        layout='constrained')
    canvas = FigureCanvasAgg(figure)
    grid = figure.subplots(steps, layers, squeeze=False)
    for step, row in enumerate(grid):
        for layer, axes in enumerate(row):
            image = axes.imshow(
                values[step, layer], norm=norm, interpolation='nearest')
            axes.set_title(f'step {step + 1}, layer {layer + 1}', fontsize=10)
            _mark_parts(axes, list(parts), borders)
    figure.supxlabel('landmark that is attended to')
    figure.supylabel('landmark that attends')
    bar = figure.colorbar(image, ax=grid, shrink=0.7, extend='min')
    bar.set_label('attention (% of a row); white line: an even share')
    bar.ax.axhline(even, color='white')
    ticks = [t for t in (0.1, 0.3, 1, 3, 10, 30, 100)
             if norm.vmin <= t <= norm.vmax]
    bar.set_ticks(ticks, labels=[f'{t:g}' for t in ticks])
    bar.minorticks_off()
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _check(attention, landmark_set) -> None:
    count = landmark_set.num_landmarks
    if attention.ndim != 5 or attention.shape[-2:] != (count, count):
        raise ValueError(
            f'expected attention of one face, (steps, layers, heads, {count}, '
            f'{count}) for {landmark_set.name!r}, found shape '
            f'{attention.shape}')


def _of_others(attention, landmark) -> np.ndarray:
    """(S, layers, L - 1) attention from a landmark to all others."""
    return np.delete(attention.mean(2)[:, :, landmark], landmark, axis=-1)


def _panel(face, points, weights, landmark, strongest, landmark_set):
    panel = face.copy()
    size = len(panel)
    unit = size / 256
    for i in np.argsort(weights):  # the strongest on top
        draw_disc(panel, points[i], point_radius(size) / 2, _POINT_COLOR)
        if i != landmark and weights[i] > 1 / len(weights):
            share = weights[i] / strongest
            _draw_ray(panel, points[landmark], points[i], share,
                      _STRONGEST * unit)
    draw_disc(panel, points[landmark], 5 * unit, BLACK)
    draw_disc(panel, points[landmark], 4 * unit, WHITE)
    height = text_height(size)
    text = _part_shares(weights, landmark_set)
    draw_text(panel, [text], (0, size - text_extent([text], height)[1]),
              height)
    return panel


def _draw_ray(panel, start, end, share, width) -> None:
    """A line as wide and as bright as a share of the strongest attention."""
    bright = 0.3 + 0.7 * share**0.5  # weak lines stand out from the grey
    color = tuple(int(bright * c) for c in COLOR)
    draw_line(panel, start, end, color, max(1, round(share * width)))
    draw_disc(panel, end, max(1.5, share * width), color)


def _part_shares(weights, landmark_set) -> str:
    """The two facial parts with most of the attention, and how much."""
    shares = {
        name: 100 * weights[ids].sum()
        for name, ids in facial_parts(landmark_set).items()
    }
    most = sorted(shares, key=shares.get, reverse=True)[:2]
    return '  '.join(f'{name} {shares[name]:.0f} %' for name in most)


def _mark_parts(axes, names, borders) -> None:
    """Lines between the facial parts, and their names on both sides."""
    for border in borders[1:-1] - 0.5:
        axes.axhline(border, color='white', linewidth=0.8)
        axes.axvline(border, color='white', linewidth=0.8)
    middles = (borders[:-1] + borders[1:] - 1) / 2
    axes.set_xticks(middles, names, rotation=90, fontsize=8)
    axes.set_yticks(middles, names, fontsize=8)
    axes.tick_params(length=0)
    axes.label_outer()
