"""What is read from maps: coordinates, and windows around landmarks."""
import torch
import torch.nn.functional as F
from torch import Tensor

from spiga_mmpose.geometry import cells_to_normalised, normalised_to_grid

# Spread over a map without mass, as a fraction of a peak, so that the mass is
# never zero: such a map reads as its middle, with a bounded gradient.
_BACKGROUND = 1e-6


def soft_argmax(maps: Tensor,
                temperature: float = 16.,
                kind: str = 'softmax') -> Tensor:
    """Mean position of the mass of every map, in float32 at least.

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
            (https://arxiv.org/abs/2109.05721). ValueError if unknown.

    Returns:
        Tensor: (B, L, 2) x, y, unit.
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


def sample_windows(features: Tensor, points: Tensor, window: float,
                   num_samples: int) -> Tensor:
    """P x P bilinear samples of a square window around each point (paper,
    2.2).

    A window of side w cells spans w - 1 cells between its outer samples
    (release); samples outside the map take the border's value. Always in
    fp32: under autocast bf16 coordinates would be off by whole cells.

    Of features (B, C, H, W), square, and points (B, L, 2), normalised x, y,
    with the side of the window as a share of the map's side, (B, L, C * P *
    P), float32; channels slowest, then rows (y), then columns (x).
    """
    cells = features.shape[-1]
    reach = max(window * cells - 1, 0) / 2 / cells  # unit
    steps = torch.linspace(
        -reach, reach, num_samples, device=points.device, dtype=torch.float32)
    dy, dx = torch.meshgrid(steps, steps, indexing='ij')
    offsets = torch.stack([dx, dy], -1).flatten(0, 1)  # (P * P, 2)
    with torch.autocast(points.device.type, enabled=False):
        grid = normalised_to_grid(points.float()[:, :, None] + offsets, cells)
        windows = F.grid_sample(
            features.float(),
            grid,
            mode='bilinear',
            padding_mode='border',
            align_corners=False)  # (B, C, L, P * P)
    return windows.transpose(1, 2).flatten(2)
