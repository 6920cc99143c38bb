"""The figure of growth: points that were measured, and straight lines."""
from typing import Dict, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from spiga_mmpose.evaluation.figures.style import new_figure, save
from .growth import fit_line


def draw_growth(curves: Dict[str, dict], path: str) -> None:
    """Draw time above memory, a column a task.

    Args:
        curves (dict[str, dict]): Of each task, by the words below its axis:
            ``sizes``, and at each of them ``ms`` and ``memory``, MB.
        path (str): Where to write the picture; the ending says the format.
    """
    figure = new_figure(3.2 * len(curves), 5.4)
    grid = figure.subplots(2, len(curves), squeeze=False)
    for column, (words, curve) in zip(grid.T, curves.items()):
        _draw(column[0], curve['sizes'], curve['ms'], 'ms')
        _draw(column[1], curve['sizes'], curve['memory'], 'MB')
        for axes in column:
            axes.set_xlabel(words)
    grid[0, 0].set_ylabel('time (ms)')
    grid[1, 0].set_ylabel('memory beyond the imports (MB)')
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(),
        loc='outside upper center',
        ncols=2)
    save(figure, path)


def _draw(axes, sizes: Sequence[int], values: Sequence[float],
          unit: str) -> None:
    line = fit_line(sizes, values)
    ends = np.array([0, max(sizes)])
    axes.plot(
        ends, line.slope * ends + line.start, 'C1--', label='straight line')
    axes.plot(sizes, values, 'C0o', label='measured')
    fit = f'$R^2$ = {line.r2:.3f}' if np.isfinite(line.r2) else 'even'
    axes.set_title(f'{line.slope:.3g} {unit} each, {fit}', fontsize='medium')
    axes.set_ylim(0, 1.15 * max(*values, 1))
    axes.set_xlim(0, 1.05 * max(sizes))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(alpha=.3)
