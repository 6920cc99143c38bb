"""Variants and methods side by side: their runs, cost against accuracy."""
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from .style import legend_below, method_style, new_figure, save


class VariantPanel(NamedTuple):
    """One metric of all variants."""
    label: str  # below the axis, with the unit
    runs: Dict[str, Sequence[float]]  # of each variant a number a seed
    published: Dict[str, float] = {}  # of some what others report
    line: Optional[float] = None  # where a vertical line goes


def draw_variants(panels: Sequence[VariantPanel], path: str) -> None:
    """Draw every run as a dot, a row a variant, a column a metric.

    Of one panel or more, all of the same variants.
    """
    names = list(panels[0].runs)
    figure = new_figure(2.6 + 3.2 * len(panels), 1.3 + .32 * len(names))
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    legend = {}  # each name once
    for axes, panel in zip(grid, panels):
        _draw_panel(axes, panel)
        for handle, name in zip(*axes.get_legend_handles_labels()):
            legend.setdefault(name, handle)
    grid[0].set_yticks(range(len(names)), names)
    grid[0].set_ylim(len(names) - .5, -.5)
    figure.legend(
        list(legend.values()),
        list(legend),
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


def draw_trade_off(points: Dict[str, Tuple[float, float]], cost: str,
                   error: str, path: str) -> None:
    """Draw a marker a method: left is cheaper, below is better.

    Of the cost (over 0, on a logarithmic axis) and the error of each method,
    by its name; ``cost`` and ``error`` are their names with the units.
    """
    figure = new_figure(6, 4, methods=len(points))
    axes = figure.add_subplot()
    for place, (name, (x, y)) in enumerate(points.items()):
        axes.plot(
            x, y, **{**method_style(place), 'linestyle': ''},
            markersize=8, label=name)
    axes.set_xscale('log')
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=.3)
    axes.set(xlabel=cost, ylabel=error)
    legend_below(figure, axes)
    save(figure, path)
