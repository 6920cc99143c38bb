"""Figure: reach of attention, and its share on hidden landmarks."""
from typing import Dict, List, Sequence

from .style import method_style, new_figure, save


def draw_attention_statistics(rows: Sequence[Dict[str, float]],
                              even_distance: float, faces: str,
                              path: str) -> None:
    """Draw distance and hidden landmarks, a line a step over the layers.

    A row is a step and a layer, in order: ``step``, ``layer`` (from 1),
    ``distance`` (share of the landmark box; ``even_distance`` is that of
    attention that looks everywhere alike) and ``against_visible`` (ratio), see
    :func:`~..functional.attention.hidden_attention`. ``faces``, what it was
    measured on, is the title.
    """
    figure = new_figure(8.6, 3.8)
    left, right = figure.subplots(1, 2)
    steps: Dict[int, List[dict]] = {}
    for row in rows:
        steps.setdefault(row['step'], []).append(row)
    ticks = sorted({row['layer'] for row in rows})
    for axes, key, even, text, label in (
        (left, 'distance', even_distance, 'looks at all landmarks alike',
         'mean distance attended to\n(share of the landmark box)'),
        (right, 'against_visible', 1., 'hidden or seen makes no difference',
         'attention when hidden\nover attention when seen')):
        for place, (step, layers) in enumerate(steps.items()):
            axes.plot(
                [row['layer'] for row in layers],
                [row[key] for row in layers],
                **method_style(place),
                label=f'step {step}')
        axes.axhline(even, color='k', linewidth=1., linestyle=':')
        axes.set_title(f'dotted: {text}', fontsize='small')
        axes.set(xlabel='graph-attention layer', ylabel=label, xticks=ticks)
        axes.set_xlim(.7, ticks[-1] + .3)
        axes.grid(alpha=.3)
    left.set_ylim(bottom=0)
    figure.legend(
        *left.get_legend_handles_labels(),
        loc='outside lower center',
        ncols=len(steps))
    figure.suptitle(faces, fontsize='medium')
    save(figure, path)
