"""SmoothL1CoordLoss: smooth L1 of landmarks, over the valid ones."""
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class SmoothL1CoordLoss(nn.Module):
    """Smooth L1 of coordinates, averaged over the valid landmarks.

    MMPose's ``SmoothL1Loss`` has no ``beta`` and divides by all landmarks, so
    a face with few labels counts little; its ``SoftWeightSmoothL1Loss``
    indexes by booleans, which makes a GPU wait.

    Shapes: B batch, L landmarks.

    Args:
        beta (float): Errors below it count by their square; in the units of
            the coordinates.
        loss_weight (float): Factor on the loss.

    Raises:
        ValueError: If ``beta`` is not positive.
    """

    def __init__(self, beta: float = 1., loss_weight: float = 1.):
        super().__init__()
        if beta <= 0:
            raise ValueError('beta of SmoothL1CoordLoss must be positive, '
                             f'found {beta}')
        self.beta = beta
        self.loss_weight = loss_weight

    def forward(self,
                output: Tensor,
                target: Tensor,
                target_weights: Optional[Tensor] = None) -> Tensor:
        """Mean over both coordinates of the valid landmarks.

        Args:
            output (Tensor): (B, L, 2) predictions.
            target (Tensor): (B, L, 2). Anything where the weight is 0.
            target_weights (Tensor, optional): (B, L), 0 for landmarks that
                do not count. All count by default.

        Returns:
            Tensor: Scalar, float32 at least; 0 if no landmark counts.

        Raises:
            ValueError: If the shapes differ.
        """
        if output.shape != target.shape:
            raise ValueError('output and target must have one shape, found '
                             f'{tuple(output.shape)} and '
                             f'{tuple(target.shape)}')
        dtype = torch.promote_types(output.dtype, torch.float32)
        error = output.to(dtype) - target.to(dtype)
        if target_weights is None:
            target_weights = error.new_ones(error.shape[:-1])
        if target_weights.shape != error.shape[:-1]:
            raise ValueError('target_weights must be of shape (B, L) = '
                             f'{tuple(error.shape[:-1])}, found '
                             f'{tuple(target_weights.shape)}')
        weights = target_weights.to(dtype)
        # Filled, not multiplied: what does not count may be NaN.
        error = error.masked_fill((weights <= 0).unsqueeze(-1), 0)
        loss = F.smooth_l1_loss(
            error, torch.zeros_like(error), reduction='none', beta=self.beta)
        total = (loss.mean(-1) * weights).sum()
        return self.loss_weight * total / weights.sum().clamp(min=1e-6)
