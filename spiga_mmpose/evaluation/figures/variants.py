"""Runs of several variants, a row a variant."""
from typing import Dict, NamedTuple, Optional, Sequence

import numpy as np

from .style import new_figure, save


class VariantPanel(NamedTuple):
    """One metric of all variants.

    Args:
        label (str): Below the axis, with the unit.
        runs (dict[str, list[float]]): Of each variant a number a seed.
        published (dict[str, float]): Of some variants what others report.
        line (float, optional): Where a vertical line goes.
    """
    label: str
    runs: Dict[str, Sequence[float]]
    published: Dict[str, float] = {}
    line: Optional[float] = None


def draw_variants(panels: Sequence[VariantPanel], path: str) -> None:
    """Draw every run as a dot, a row a variant, a column a metric.

    Args:
        panels (list[VariantPanel]): At least one, all of the same variants.
        path (str): Where to write the image; the ending says the format.
    """
    names = list(panels[0].runs)
    figure = new_figure(2.6 + 3.2 * len(panels), 1.3 + .32 * len(names))
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(grid, panels):
        _draw_panel(axes, panel)
    grid[0].set_yticks(range(len(names)), names)
    grid[0].set_ylim(len(names) - .5, -.5)
    figure.legend(
        *_legend(grid),
        loc='outside upper center',
        ncols=3,
        fontsize='small')
    save(figure, path)


def _draw_panel(axes, panel: VariantPanel) -> None:
    for row, (name, values) in enumerate(panel.runs.items()):
        if row % 2:
            axes.axhspan(row - .5, row + .5, color='.95', zorder=0)
        axes.plot(
            values, [row] * len(values), 'o', color='C0', alpha=.7,
            label='a seed, here')
        axes.plot(
            np.mean(values), row, '|', color='k', markersize=15,
            label='their mean')
        if name in panel.published:
            axes.plot(
                panel.published[name], row, 'D', markerfacecolor='none',
                markeredgecolor='C1', markersize=8,
                label='the paper, on photographs')
    if panel.line is not None:
        axes.axvline(panel.line, color='k', linewidth=.8, linestyle=':')
    axes.grid(axis='x', alpha=.3)
    axes.set_xlabel(panel.label)


def _legend(grid):
    """Handles and names, each once."""
    found = {}
    for axes in grid:
        for handle, name in zip(*axes.get_legend_handles_labels()):
            found.setdefault(name, handle)
    return list(found.values()), list(found)
