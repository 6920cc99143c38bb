"""Predicted against true head pose, and the landmarks' error against yaw."""
from typing import Dict

import numpy as np

from spiga_mmpose.geometry import wrap_degrees
from ..functional import angle_confusion, angle_errors, quartiles_by_angle
from ..functional.pose import ANGLES, BIN_CENTRES
from .style import legend_below, method_style, new_figure, per_cent_of, save

_PANEL = 4.  # inches
_LEAST = 15  # degrees that the axes of a scatter reach at least
# Degrees between the methods of one bin, and all that they share.
_STEP, _SPREAD = 2.5, 10


def draw_pose_errors(predicted: Dict[str, np.ndarray], true: np.ndarray,
                     path: str) -> None:
    """Draw a row for each method: three angles, and the bins of yaw.

    A point of a scatter is a face; its distance from the dashed line is its
    error the short way round. The last image counts the faces by true and
    predicted bin of 15 degrees of yaw.

    Of yaw, pitch, roll (N, 3), degrees, of each method and the true ones; NaN
    for faces without. A method without any pose gets no row. ValueError if no
    face has both poses.
    """
    known = np.isfinite(true).all(1)
    both = {
        name: known & np.isfinite(angles).all(1)
        for name, angles in predicted.items()
    }
    both = {name: faces for name, faces in both.items() if faces.any()}
    if not both:
        raise ValueError('no face has a true and a predicted pose, so there '
                         'are no poses to draw')
    # The short way round, so that 179 lies beside -179.
    near = {name: true + wrap_degrees(predicted[name] - true) for name in both}
    reach = np.maximum(_LEAST, 1.05 * np.nanmax(
        [np.abs(angles[both[name]]).max(0)
         for name, found in near.items() for angles in (true, found)], 0))
    figure = new_figure(4.3 * _PANEL, 1.2 * _PANEL * len(both))
    panels = figure.subplots(len(both), 4, squeeze=False)
    for (name, faces), (*scatters, table) in zip(both.items(), panels):
        _draw_scatters(scatters, near[name][faces], true[faces], reach)
        _draw_confusion(
            table, angle_confusion(predicted[name][faces, 0], true[faces, 0]))
        scatters[0].set_title(
            f'{name} ({faces.sum()} of {len(true)} faces have both poses)\n'
            + scatters[0].get_title(loc='left'), loc='left')
    save(figure, path)


def _draw_scatters(panels, predicted, true, reaches):
    mae = angle_errors(predicted, true).mean(0)
    for i, (axes, reach) in enumerate(zip(panels, reaches)):
        axes.plot((-reach, reach), (-reach, reach), 'k--', linewidth=.8)
        # Many points would make a slow PDF.
        axes.scatter(true[:, i], predicted[:, i], 12, alpha=.5, linewidth=0,
                     rasterized=True)
        axes.set(
            xlim=(-reach, reach),
            ylim=(-reach, reach),
            aspect='equal',
            xlabel=f'true {ANGLES[i]} (degrees)',
            ylabel=f'predicted {ANGLES[i]} (degrees)')
        axes.grid(alpha=.3)
        axes.set_title(f'{ANGLES[i]}: MAE {mae[i]:.2f}°', loc='left')


def _draw_confusion(axes, table):
    share = table / np.maximum(table.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap='Blues', vmin=0, vmax=1, origin='lower')
    for row, column in np.argwhere(table):
        axes.text(
            column, row, table[row, column], ha='center', va='center',
            fontsize=7, color='white' if share[row, column] > .55 else 'black')
    ticks, labels = range(0, len(BIN_CENTRES), 2), BIN_CENTRES[::2]
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    hit = 100 * np.trace(table) / table.sum()
    axes.set_title(f'yaw in bins of 15°: {hit:.1f} % in the right one',
                   loc='left')
    axes.set_xlabel('predicted bin (degrees); number: faces')
    axes.set_ylabel('true bin (degrees); shade: share of it')


def draw_errors_by_yaw(errors: Dict[str, np.ndarray], yaw: np.ndarray,
                       norm: str, path: str) -> None:
    """Draw median and quartiles of the NME in bins of 15 degrees of yaw.

    Of the per-face NME (N,) of each method, per cent, NaN for the faces that
    are not scored, the same for all methods; and the true yaw (N,), degrees,
    NaN where there is none. Faces without a yaw or an error are in no bin; the
    figure tells how many these are. ValueError if no face has both.
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
    counts = [f'{shown.sum()} faces'] + [
        f'{number} more {reason}'
        for number, reason in (((~scored).sum(), 'not scored'),
                               ((scored & ~shown).sum(), 'without a yaw'))
        if number]
    lower.set_xlabel(f'true yaw (degrees), bins of 15; {", ".join(counts)}')
    save(figure, path)
