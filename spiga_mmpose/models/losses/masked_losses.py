"""Losses of landmarks and of poses, over the valid ones."""
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor


class _MaskedLoss(nn.Module):
    """Mean of the losses of the rows, weighted by ``target_weights``."""

    def __init__(self, loss_weight: float):
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, output: Tensor, target: Tensor,
                target_weights: Optional[Tensor] = None) -> Tensor:
        """Mean over what is valid, float32 at least; 0 if nothing counts.

        See the class for the shapes; ValueError if they do not fit together.
        The target may be anything, even NaN, where the weight is 0. By
        default all weights are 1.
        """
        if output.shape != target.shape:
            raise ValueError(
                'output and target must have one shape, found '
                f'{tuple(output.shape)} and {tuple(target.shape)}')
        dtype = torch.promote_types(output.dtype, torch.float32)
        error = output.to(dtype) - target.to(dtype)
        if target_weights is None:
            target_weights = error.new_ones(error.shape[:-1])
        weights = self._checked(target_weights, error).to(dtype)
        # Filled, not multiplied: what does not count may be NaN.
        error = error.masked_fill((weights <= 0).unsqueeze(-1), 0)
        total = (self._losses(error) * weights).sum()
        return self.loss_weight * total / weights.sum().clamp(min=1e-6)


@MODELS.register_module()
class SmoothL1CoordLoss(_MaskedLoss):
    """Smooth L1 of coordinates, averaged over the valid landmarks.

    MMPose's ``SmoothL1Loss`` has no ``beta`` and divides by all landmarks, so
    a face with few labels counts little; its ``SoftWeightSmoothL1Loss``
    indexes by booleans, which makes a GPU wait.

    Output and target are (B, L, 2), weights (B, L). Errors below ``beta``, in
    the units of the coordinates, count by their square; ValueError if it is
    not positive. ``loss_weight`` is a factor on the loss.
    """

    def __init__(self, beta: float = 1., loss_weight: float = 1.):
        super().__init__(loss_weight)
        if beta <= 0:
            raise ValueError('beta of SmoothL1CoordLoss must be positive, '
                             f'found {beta}')
        self.beta = beta

    def _checked(self, weights, error):
        if weights.shape != error.shape[:-1]:
            raise ValueError('target_weights must be of shape (B, L) = '
                             f'{tuple(error.shape[:-1])}, found '
                             f'{tuple(weights.shape)}')
        return weights

    def _losses(self, error):
        return F.smooth_l1_loss(
            error, torch.zeros_like(error), reduction='none',
            beta=self.beta).mean(-1)


@MODELS.register_module()
class PoseL2Loss(_MaskedLoss):
    """L2 distance of pose vectors, averaged over the faces with a pose.

    The SPIGA paper (supplementary 1.1) says L2 and not whether it is
    ``squared``. Output and target are (B, 6) yaw, pitch, roll in degrees, tx,
    ty, tz, weights (B,) or (B, 1). Angles are not wrapped: labels stay within
    half a turn. The gradient at distance 0 is 0. ``loss_weight`` is a factor
    on the loss.
    """

    def __init__(self, squared: bool = False, loss_weight: float = 1.):
        super().__init__(loss_weight)
        self.squared = squared

    def _checked(self, weights, error):
        if weights.numel() != len(error):
            raise ValueError(
                f'target_weights must be one weight for each of {len(error)} '
                f'faces, found shape {tuple(weights.shape)}')
        return weights.reshape(-1)

    def _losses(self, error):
        return error.square().sum(-1) if self.squared else error.norm(dim=-1)
