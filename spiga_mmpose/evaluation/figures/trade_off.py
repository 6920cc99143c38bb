"""Figure: cost against accuracy of methods."""
from typing import Dict, Tuple

from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from .style import legend_below, method_style, new_figure, save


def draw_trade_off(points: Dict[str, Tuple[float, float]], cost: str,
                   error: str, path: str) -> None:
    """Draw a marker a method: left is cheaper, below is better.

    Args:
        points (dict[str, tuple[float, float]]): Cost (over 0) and error of
            each method, by its name for the legend.
        cost (str): Name of the cost with its unit; the axis is logarithmic.
        error (str): Name of the error with its unit.
        path (str): Where to write the image; the ending says the format.
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
    axes.set_xlabel(cost)
    axes.set_ylabel(error)
    legend_below(figure, axes)
    save(figure, path)
