"""PoseL2Loss: distance of head poses, over the faces that have one."""
from typing import Optional

import torch
import torch.nn as nn
from mmpose.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class PoseL2Loss(nn.Module):
    """L2 distance of pose vectors, averaged over the faces with a pose.

    The SPIGA paper (supplementary 1.1) says L2 and not whether it is squared.
    Angles are in degrees and not wrapped: labels stay within half a turn.

    Args:
        squared (bool): Square the distance.
        loss_weight (float): Factor on the loss.
    """

    def __init__(self, squared: bool = False, loss_weight: float = 1.):
        super().__init__()
        self.squared = squared
        self.loss_weight = loss_weight

    def forward(self,
                output: Tensor,
                target: Tensor,
                target_weights: Optional[Tensor] = None) -> Tensor:
        """Mean distance over the faces with a pose.

        Args:
            output (Tensor): (B, 6) yaw, pitch, roll in degrees, tx, ty, tz.
            target (Tensor): (B, 6). Anything where the weight is 0.
            target_weights (Tensor, optional): (B,) or (B, 1), 0 for faces
                without a pose. All have one by default.

        Returns:
            Tensor: Scalar, float32 at least; 0 if no face has a pose. Its
            gradient at distance 0 is 0.

        Raises:
            ValueError: If the shapes do not fit together.
        """
        if output.shape != target.shape:
            raise ValueError('output and target must have one shape, found '
                             f'{tuple(output.shape)} and '
                             f'{tuple(target.shape)}')
        dtype = torch.promote_types(output.dtype, torch.float32)
        error = output.to(dtype) - target.to(dtype)
        if target_weights is None:
            target_weights = error.new_ones(len(error))
        if target_weights.numel() != len(error):
            raise ValueError(
                f'target_weights must be one weight for each of {len(error)} '
                f'faces, found shape {tuple(target_weights.shape)}')
        weights = target_weights.reshape(-1).to(dtype)
        # Filled, not multiplied: what does not count may be NaN.
        error = error.masked_fill((weights <= 0).unsqueeze(-1), 0)
        if self.squared:
            loss = error.square().sum(-1)
        else:
            loss = error.norm(dim=-1)
        total = (loss * weights).sum()
        return self.loss_weight * total / weights.sum().clamp(min=1e-6)
