"""The curve of cumulative errors, drawn."""
from typing import Dict

import numpy as np

from ..functional import auc, ced, failure_rate
from .style import legend_below, method_style, new_figure, per_cent_of, save


def draw_ced(errors: Dict[str, np.ndarray], threshold: float, norm: str,
             path: str) -> None:
    """Draw the CED of one or more methods up to the threshold.

    Of the per-face NME (N,) of each method, per cent, finite.
    """
    figure = new_figure(6, 4.2, len(errors))
    axes = figure.add_subplot()
    grid = np.linspace(0, threshold, 2001)
    for place, (name, values) in enumerate(errors.items()):
        axes.plot(
            grid,
            100 * ced(values, grid),
            **method_style(place),
            markersize=5,
            markevery=(50 + 20 * place % 200, 200),
            label=f'{name} (AUC {auc(values, threshold):.2f}, FR '
            f'{failure_rate(values, threshold):.2f})')
    axes.set(
        xlim=(0, threshold),
        ylim=(0, 101),
        xlabel=f'NME ({per_cent_of(norm)})',
        ylabel='faces with at most this error (%)')
    axes.grid(alpha=.3)
    legend_below(figure, axes)
    save(figure, path)
