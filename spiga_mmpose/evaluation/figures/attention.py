"""Figure: reach of attention, and its share on hidden landmarks."""
from typing import Dict, List, Sequence

from .style import method_style, new_figure, save


def draw_attention_statistics(rows: Sequence[Dict[str, float]],
                              even_distance: float, faces: str,
                              path: str) -> None:
    """Draw distance and hidden landmarks, a line a step over the layers.

    Args:
        rows (list[dict]): Of each step and layer, in order: ``step``,
            ``layer`` (from 1), ``distance`` (share of the landmark box) and
            ``against_visible`` (ratio), see
            :func:`~..functional.attention.hidden_attention`.
        even_distance (float): Distance of attention that looks everywhere
            alike.
        faces (str): What it was measured on, for the title.
        path (str): Where to write the image; the ending says the format.
    """
    figure = new_figure(8.6, 3.8)
    left, right = figure.subplots(1, 2)
    steps: Dict[int, List[dict]] = {}
    for row in rows:
        steps.setdefault(row['step'], []).append(row)
    for place, (step, layers) in enumerate(steps.items()):
        where = [row['layer'] for row in layers]
        for axes, key in ((left, 'distance'), (right, 'against_visible')):
            axes.plot(
                where, [row[key] for row in layers],
                **method_style(place),
                label=f'step {step}')
    _mark(left, even_distance, 'dotted: looks at all landmarks alike')
    _mark(right, 1., 'dotted: hidden or seen makes no difference')
    left.set_ylim(bottom=0)
    left.set_ylabel('mean distance attended to\n(share of the landmark box)')
    right.set_ylabel('attention when hidden\nover attention when seen')
    for axes in (left, right):
        axes.set_xlabel('graph-attention layer')
        axes.set_xticks(sorted({row['layer'] for row in rows}))
        axes.set_xlim(.7, max(row['layer'] for row in rows) + .3)
        axes.grid(alpha=.3)
    figure.legend(
        *left.get_legend_handles_labels(),
        loc='outside lower center',
        ncols=len(steps))
    figure.suptitle(faces, fontsize='medium')
    save(figure, path)


def _mark(axes, height, text):
    axes.axhline(height, color='k', linewidth=1., linestyle=':')
    axes.set_title(text, fontsize='small')
