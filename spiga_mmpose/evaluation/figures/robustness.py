"""Error against severity, and what each severity looks like."""
import textwrap
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from matplotlib.ticker import NullFormatter, ScalarFormatter

from .style import method_style, new_figure, save


class Panel(NamedTuple):
    """One small figure."""
    label: str  # below the axis: what the amounts are
    ticks: Sequence[str]  # amount of each of N places
    values: Dict[str, Sequence[float]]  # of each method N numbers above 0
    joined: bool = True  # with lines: the places are an order of severity


def draw_panels(panels: Sequence[Panel], label: str, path: str) -> None:
    """Draw panels of the same methods side by side on one logarithmic scale,
    that of the common vertical axis with this label."""
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(3.1 * columns, 2.7 * rows + .6)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, panel in zip(grid.flat, panels):
        _draw_panel(axes, panel)
    for axes in grid.flat[len(panels):]:
        axes.set_axis_off()
    figure.supylabel(label, fontsize='medium')
    figure.legend(
        *grid.flat[0].get_legend_handles_labels(),
        loc='outside upper center',
        ncols=3)
    save(figure, path)


def _draw_panel(axes, panel: Panel) -> None:
    for place, (name, values) in enumerate(panel.values.items()):
        style, where = method_style(place), np.arange(len(values))
        if not panel.joined:  # side by side, or equal ones would hide others
            style['linestyle'] = 'none'
            where = where + .15 * (place - (len(panel.values) - 1) / 2)
        axes.plot(where, values, label=name, **style)
    axes.set_yscale('log')
    axes.set_yticks([1, 2, 3, 5, 10, 20, 30, 50, 100])
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    values = [value for row in panel.values.values() for value in row]
    axes.update_datalim([(0, .8 * min(values)), (0, 1.25 * max(values))])
    axes.autoscale_view()
    axes.set_xticks(range(len(panel.ticks)), panel.ticks)
    axes.set_xlim(-.4, len(panel.ticks) - .6)
    axes.set_xlabel(panel.label)
    axes.grid(alpha=.3)


def draw_examples(rows: Sequence[Tuple[str, List[Tuple[str, np.ndarray]]]],
                  path: str) -> None:
    """Draw one face under corruptions: a row each, a column a level.

    Of each row its name and its images: pairs of a caption and (H, W, 3) RGB,
    uint8.
    """
    columns = max(len(images) for _, images in rows)
    figure = new_figure(1.4 * (columns + 1), 1.65 * len(rows))
    grid = figure.subplots(len(rows), columns + 1, squeeze=False)
    for cells, (name, images) in zip(grid, rows):
        for axes in cells:
            axes.set_axis_off()
        cells[0].text(
            1, .5, textwrap.fill(name, 14), ha='right', va='center')
        for axes, (caption, image) in zip(cells[1:], images):
            axes.imshow(image, interpolation='nearest')
            axes.set_title(caption)
    save(figure, path)
