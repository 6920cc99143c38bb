"""Error against yaw: where a method breaks as the face turns away."""
from typing import Dict

import numpy as np

from ..functional import quartiles_by_angle
from ..functional.pose import BIN_CENTRES
from .style import legend_below, method_style, new_figure, per_cent_of, save

# Degrees between the methods of one bin, and all that they share.
_STEP, _SPREAD = 2.5, 10


def draw_errors_by_yaw(errors: Dict[str, np.ndarray], yaw: np.ndarray,
                       norm: str, path: str) -> None:
    """Draw median and quartiles of the NME in bins of 15 degrees of yaw.

    Faces without a yaw or an error are in no bin; the figure tells how many
    these are.

    Args:
        errors (dict[str, np.ndarray]): Per-face NME (N,) of each method, per
            cent; NaN for the faces that are not scored, which are the same
            for all methods.
        yaw (np.ndarray): (N,) true yaw, degrees; NaN where there is none.
        norm (str): The normaliser, for the axis.
        path (str): Where to write the image; the ending says the format.

    Raises:
        ValueError: If no face has both a yaw and an error.
    """
    scored = np.isfinite(next(iter(errors.values())))
    shown = scored & np.isfinite(yaw)
    if not shown.any():
        raise ValueError('no scored face has a true yaw, so there is no error '
                         'against yaw to draw')
    figure = new_figure(8, 5.3, len(errors))
    upper, lower = figure.subplots(
        2, 1, sharex=True, gridspec_kw=dict(height_ratios=(4, 1)))
    spread = min(_STEP * (len(errors) - 1), _SPREAD)
    offsets = np.linspace(-spread / 2, spread / 2, len(errors))
    for place, (name, values) in enumerate(errors.items()):
        bins = quartiles_by_angle(values[shown], yaw[shown])
        style = method_style(place)
        x = BIN_CENTRES + offsets[place]
        upper.fill_between(
            x, bins['low'], bins['high'], color=style['color'], alpha=.15,
            linewidth=0)
        # A bin between empty ones has no band, but always a bar.
        upper.vlines(x, bins['low'], bins['high'], color=style['color'])
        upper.plot(x, bins['median'], **style, label=name)
    upper.set_ylim(bottom=0)
    upper.set_ylabel(f'NME ({per_cent_of(norm)})')
    upper.set_title('point: median; band and bar: middle half of the faces of '
                    'a bin', fontsize='medium')
    upper.grid(alpha=.3)
    legend_below(figure, upper)
    bars = lower.bar(BIN_CENTRES, bins['count'], width=13, color='.6')
    lower.bar_label(bars, fontsize='small', padding=1)
    lower.margins(y=.3)
    lower.set_ylabel('faces')
    lower.set_xticks(BIN_CENTRES)
    used = BIN_CENTRES[bins['count'] > 0]
    lower.set_xlim(used[0] - 10, used[-1] + 10)
    lower.set_xlabel('true yaw (degrees), bins of 15; '
                     + _count(scored, shown))
    save(figure, path)


def _count(scored, shown):
    """Numbers of faces, and of those left out."""
    parts = [f'{shown.sum()} faces']
    for number, reason in (((~scored).sum(), 'not scored'),
                           ((scored & ~shown).sum(), 'without a yaw')):
        if number:
            parts.append(f'{number} more {reason}')
    return ', '.join(parts)
