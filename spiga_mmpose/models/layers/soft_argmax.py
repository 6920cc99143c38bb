"""Coordinates from maps, with a gradient."""
import torch
from torch import Tensor

from spiga_mmpose.geometry import cells_to_normalised

# Spread over a map without mass, as a fraction of a peak, so that the mass is
# never zero: such a map reads as its middle, with a bounded gradient.
_BACKGROUND = 1e-6


def soft_argmax(maps: Tensor,
                temperature: float = 16.,
                kind: str = 'softmax') -> Tensor:
    """Mean position of the mass of every map.

    Computed in float32 at least, whatever the maps are.

    Args:
        maps (Tensor): (B, L, H, W). Cell centres are at integers (see
            :mod:`spiga_mmpose.geometry.coords`).
        temperature (float): Factor on the maps before the softmax; unused
            with ``'mass'``. High: the position of the peak, rounded towards
            the cells; low: drawn to the middle by the background. Gaussians
            of peak 1 and sigma 1.5 on 64 x 64 zeros are read best with 16, to
            0.15 cells; with 8, points at the border are 14 cells off.
        kind (str): ``'softmax'``: the mass is the spatial softmax of the map
            times the temperature. ``'mass'``: the mass is the map itself,
            values below 0 counting as 0, as in ADNet
            (https://arxiv.org/abs/2109.05721).

    Returns:
        Tensor: (B, L, 2) x, y, unit.

    Raises:
        ValueError: If ``kind`` is unknown.
    """
    maps = maps.to(torch.promote_types(maps.dtype, torch.float32))
    if kind == 'softmax':
        mass = (maps * temperature).flatten(2).softmax(-1).view_as(maps)
    elif kind == 'mass':
        mass = maps.clamp(min=0) + _BACKGROUND
        mass = mass / mass.sum((2, 3), keepdim=True)
    else:
        raise ValueError(
            f"kind of soft_argmax must be 'softmax' or 'mass', found {kind!r}")
    position = []
    for axis, cells in ((2, maps.shape[3]), (3, maps.shape[2])):
        grid = torch.arange(cells, device=maps.device, dtype=maps.dtype)
        places = cells_to_normalised(grid, cells)
        position.append((mass.sum(axis) * places).sum(-1))
    return torch.stack(position, -1)
