"""Point maps: one Gaussian a landmark.

Shapes: B batch, L landmarks, H x W map.
"""
from typing import Tuple

import torch
from torch import Tensor

from spiga_mmpose.geometry import normalised_to_cells

# A factor below this is drawn as 0: nobody sees it, and products of two of
# them would be denormal numbers, which the CPU multiplies many times slower.
_INVISIBLE = 1e-15


def cells_of_landmarks(landmarks: Tensor, weights: Tensor,
                       size: Tuple[int, int]) -> Tensor:
    """Landmarks (B, L, 2) in cells of a map, float32; 0 where the weight is 0.

    The arguments are those of :func:`draw_point_maps`. ValueError if the
    shapes do not fit together.
    """
    if landmarks.ndim != 3 or landmarks.shape[-1] != 2:
        raise ValueError('landmarks must be of shape (B, L, 2), found '
                         f'{tuple(landmarks.shape)}')
    if weights.shape != landmarks.shape[:2]:
        raise ValueError(
            f'weights must be of shape (B, L) = {tuple(landmarks.shape[:2])} '
            f'as the landmarks, found {tuple(weights.shape)}')
    valid = (weights > 0).unsqueeze(-1)
    x, y = landmarks.float().masked_fill(~valid, 0).unbind(-1)
    return torch.stack(
        [normalised_to_cells(x, size[1]),
         normalised_to_cells(y, size[0])], -1)


@torch.no_grad()
def draw_point_maps(landmarks: Tensor, weights: Tensor,
                    size: Tuple[int, int], sigma: float = 1.5,
                    subpixel: bool = True) -> Tensor:
    """Draw a Gaussian of peak 1 at every landmark.

    A cell whose centre is d cells away from the landmark gets
    ``exp(-d^2 / (2 sigma^2))``. Landmarks may lie outside the map.

    Args:
        landmarks (Tensor): (B, L, 2) x, y, unit (see
            :mod:`spiga_mmpose.geometry.coords`). Anything, even NaN, where
            the weight is 0.
        weights (Tensor): (B, L). The map of a landmark of weight 0 is zero.
        size (tuple[int, int]): H, W of the maps.
        sigma (float): Standard deviation, cells; 1.5 at 64 x 64 in the SPIGA
            release (PyPI ``spiga`` 0.0.6).
        subpixel (bool): Put the centre where the landmark is. ``False``
            rounds it to the nearest cell, as the release does.

    Returns:
        Tensor: (B, L, H, W) float32 in [0, 1], on the landmarks' device.
        ValueError if the shapes do not fit together.
    """
    centers = cells_of_landmarks(landmarks, weights, size)
    if not subpixel:
        centers = centers.round()
    factors = []
    for axis, cells in ((0, size[1]), (1, size[0])):
        grid = torch.arange(cells, device=centers.device)
        distance = grid - centers[..., axis, None]
        factor = torch.exp(distance**2 * (-0.5 / sigma**2))
        factors.append(torch.threshold(factor, _INVISIBLE, 0.))
    along_x, along_y = factors
    along_y = along_y * (weights > 0).unsqueeze(-1)
    return along_y.unsqueeze(-1) * along_x.unsqueeze(-2)
