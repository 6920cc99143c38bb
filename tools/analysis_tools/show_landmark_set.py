"""Draw a landmark set with its numbers: is it what the annotations mean?

At the left the mean shape: edges as lines, mirror pairs joined by dotted
lines, robust landmarks as squares. At the right, where the set has one, the
head model from its side, facing left.

Example:
    python tools/analysis_tools/show_landmark_set.py cofw_29 cofw_29.png
"""
import sys

import numpy as np
import tools_path  # noqa: F401
from command_line import OneLineParser, run_tool
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spiga_mmpose.evaluation.figures.style import save
from spiga_mmpose.landmark_sets import load_landmark_set

PANEL = 8.  # inches
LINES = ('-', '--', '-.')


def draw_points(axes, places, landmark_set):
    """Edges, points and numbers at (L, 2) places, y down."""
    for number, (name, edge) in enumerate(landmark_set.edges.items()):
        axes.plot(*places[edge].T, LINES[number % len(LINES)],
                  color=f'C{number % 10}', label=name, zorder=1)
    robust = np.zeros(len(places), bool)
    robust[landmark_set.robust_ids] = True
    for chosen, marker in ((robust, 's'), (~robust, 'o')):
        axes.scatter(*places[chosen].T, 25, marker=marker, edgecolor='0.2',
                     facecolor='0.2' if marker == 's' else 'white', zorder=2)
    for number, place in enumerate(places):
        axes.annotate(
            str(number), place, (3, 3), textcoords='offset points', size=8)
    axes.set_aspect('equal')
    axes.invert_yaxis()


def draw_set(landmark_set, path):
    head = landmark_set.head_model
    panels = 1 if head is None else 2
    figure = Figure(figsize=(PANEL * panels, PANEL), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    shape = landmark_set.mean_shape
    for pair in landmark_set.flip_pairs:
        axes[0].plot(*shape[list(pair)].T, ':', color='0.7', zorder=0)
    draw_points(axes[0], shape, landmark_set)
    axes[0].set_title(f'{landmark_set.name}: mean shape (unit of the crop)')
    axes[0].set_xlabel('squares: robust landmarks; dotted: mirror pairs')
    if landmark_set.edges:
        figure.legend(loc='outside lower center', ncols=6, fontsize=8)
    if head is not None:
        draw_points(axes[1], head[:, [0, 2]] * [-1, 1], landmark_set)
        axes[1].set_title('head model, side view (head units)')
    save(figure, path)


def show(args):
    landmark_set = load_landmark_set(args.landmark_set)
    if landmark_set.mean_shape is None:
        raise ValueError(
            f'landmark set {landmark_set.name!r} has neither head_model nor '
            'mean_shape to be drawn by: run '
            'tools/dataset_converters/fit_head_model.py first')
    draw_set(landmark_set, args.out)
    return f'wrote {args.out}'


def main(argv=None):
    parser = OneLineParser('show_landmark_set.py', __doc__)
    add = parser.add_argument
    add('landmark_set', help='name or JSON file of the set')
    add('out', help='image to write, .png or .pdf')
    return run_tool('show_landmark_set.py', show, parser.parse_args(argv))


if __name__ == '__main__':
    sys.exit(main())
