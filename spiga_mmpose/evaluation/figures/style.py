"""Style shared by the figures."""
import io
import os.path as osp

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spiga_mmpose.io import write_whole

_LINES = ('-', '--', '-.', ':')
_MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X')
_LENGTHS = {
    'corners': 'distance of the outer eye corners',
    'pupils': 'distance of the pupils',
    'lnd_bbox': 'size of the landmark box',
    'bbox': 'size of the annotated box',
    'height': 'height of the annotated box',
    'diagonal': 'diagonal of the annotated box',
}
_LEGEND_LINE = .19  # height of a line of a legend, inches


def new_figure(width: float, height: float, methods: int = 0) -> Figure:
    """An empty figure, inches, higher by a legend below of so many methods."""
    height += _LEGEND_LINE * methods
    figure = Figure(figsize=(width, height), layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def legend_below(figure: Figure, axes: Axes) -> None:
    """Name the methods below the figure, where no curve can be covered."""
    figure.legend(
        handles=axes.get_legend_handles_labels()[0],
        loc='outside lower center',
        fontsize='small')


def save(figure: Figure, path: str) -> None:
    """Write a figure whole or not at all; the path's ending says the format.
    OSError, which names the file, if it cannot be written."""
    content = io.BytesIO()
    figure.savefig(content, format=osp.splitext(path)[1][1:], dpi=150)
    write_whole(path, content.getvalue())


def method_style(place: int) -> dict:
    """Line of a method by its place: the first 28 differ without colour."""
    return dict(
        color=f'C{place % 10}',
        linestyle=_LINES[place % len(_LINES)],
        marker=_MARKERS[place % len(_MARKERS)])


def per_cent_of(norm: str) -> str:
    """The unit of an error, for people: ``'% of the ...'``, of a normaliser of
    ``NORMS`` or words of your own."""
    return f'% of the {_LENGTHS.get(norm, norm)}'
