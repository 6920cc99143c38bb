"""The curve of cumulative errors, drawn."""
from typing import Dict

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .functional import auc, ced, failure_rate


def draw_ced(errors: Dict[str, np.ndarray], threshold: float, norm: str,
             path: str) -> None:
    """Draw the CED of one or more methods up to the threshold.

    Args:
        errors (dict[str, np.ndarray]): Per-face NME (N,) of each method, per
            cent, finite.
        threshold (float): Right end of the figure, per cent.
        norm (str): Name of the normaliser, for the axis.
        path (str): Where to write the picture; the ending says the format.
    """
    figure = Figure(figsize=(6, 4.5), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    grid = np.linspace(0, threshold, 2001)
    styles = ('-', '--', '-.', ':')  # also told apart without colour
    for place, (name, values) in enumerate(errors.items()):
        axes.plot(
            grid,
            100 * ced(values, grid),
            styles[place % len(styles)],
            label=f'{name} (AUC {auc(values, threshold):.2f}, FR '
            f'{failure_rate(values, threshold):.2f})')
    axes.set_xlim(0, threshold)
    axes.set_ylim(0, 101)
    axes.set_xlabel(f'NME, {norm} (%)')
    axes.set_ylabel('faces with at most this error (%)')
    axes.grid(alpha=.3)
    axes.legend(loc='lower right', fontsize='small')
    figure.savefig(path, dpi=150)
