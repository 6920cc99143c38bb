"""Windows of a feature map around landmarks (paper, 2.2)."""
import torch
import torch.nn.functional as F
from torch import Tensor

from spiga_mmpose.geometry import normalised_to_grid


def sample_windows(features: Tensor, points: Tensor, window: float,
                   num_samples: int) -> Tensor:
    """P x P bilinear samples of a square window around each point.

    A window of side w cells spans w - 1 cells between its outer samples
    (release); samples outside the map take the border's value. Always in
    fp32: under autocast bf16 coordinates would be off by whole cells.

    Args:
        features (Tensor): (B, C, H, W), square.
        points (Tensor): (B, L, 2) normalised coordinates (x, y).
        window (float): Side of the window as a share of the map's side.
        num_samples (int): P.

    Returns:
        Tensor: (B, L, C * P * P), float32; channels slowest, then rows (y),
        then columns (x).
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
