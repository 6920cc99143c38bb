"""Predicted against true head pose."""
from typing import Dict

import numpy as np

from spiga_mmpose.geometry import wrap_degrees
from ..functional import angle_confusion, angle_errors
from ..functional.pose import ANGLES, BIN_CENTRES
from .style import new_figure, save

_PANEL = 4.  # inches
_LEAST = 15  # degrees that the axes of a scatter reach at least


def draw_pose_errors(predicted: Dict[str, np.ndarray], true: np.ndarray,
                     path: str) -> None:
    """Draw a row for each method: three angles, and the bins of yaw.

    A point of a scatter is a face; its distance from the dashed line is its
    error the short way round. The last image counts the faces by true and
    predicted bin of 15 degrees of yaw, as
    :func:`~..functional.angle_confusion`.

    Args:
        predicted (dict[str, np.ndarray]): Yaw, pitch, roll (N, 3) of each
            method, degrees; NaN for faces without. A method without any pose
            gets no row.
        true (np.ndarray): (N, 3) degrees; NaN for faces without.
        path (str): Where to write the image; the ending says the format.

    Raises:
        ValueError: If no face has both poses.
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
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-reach, reach)
        axes.set_aspect('equal')
        axes.grid(alpha=.3)
        axes.set_title(f'{ANGLES[i]}: MAE {mae[i]:.2f}°', loc='left')
        axes.set_xlabel(f'true {ANGLES[i]} (degrees)')
        axes.set_ylabel(f'predicted {ANGLES[i]} (degrees)')


def _draw_confusion(axes, table):
    share = table / np.maximum(table.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap='Blues', vmin=0, vmax=1, origin='lower')
    for row, column in np.argwhere(table):
        axes.text(
            column,
            row,
            table[row, column],
            ha='center',
            va='center',
            fontsize=7,
            color='white' if share[row, column] > .55 else 'black')
    ticks = range(0, len(BIN_CENTRES), 2)
    labels = BIN_CENTRES[::2]
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    hit = 100 * np.trace(table) / table.sum()
    axes.set_title(f'yaw in bins of 15°: {hit:.1f} % in the right one',
                   loc='left')
    axes.set_xlabel('predicted bin (degrees); number: faces')
    axes.set_ylabel('true bin (degrees); shade: share of it')
