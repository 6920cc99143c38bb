"""WeightedAdaptiveWingLoss: AWing of maps, with the weight map of its paper.

Wang, Bo and Fuxin, "Adaptive Wing Loss for Robust Face Alignment via Heatmap
Regression", ICCV 2019, https://arxiv.org/abs/1904.07399, equations 3 and 6.
"""
import math
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from mmpose.models.losses import AdaptiveWingLoss
from mmpose.registry import MODELS
from torch import Tensor
from torch.autograd.function import once_differentiable

# On a CPU so many cells a thread are worked on at a time: what lies between
# prediction and loss then stays in the cache, which is several times faster.
_CELLS_IN_CACHE = 1 << 16
# An error below this is taken as this where its logarithm is needed.
_TINY = 1e-30


def weight_maps(target: Tensor) -> Tensor:
    """Weight of each cell: 11 at and around the foreground, 1 elsewhere.

    ``1 + 10 [D >= 0.2]`` with D the target, (N, H, W) in [0, 1], after a
    3 x 3 grey dilation. To dilate the thresholded map is the same and needs
    no floats.
    """
    near = F.pad(target >= 0.2, (1, 1, 1, 1))
    near = near[:, :-2] | near[:, 1:-1] | near[:, 2:]
    near = near[..., :-2] | near[..., 1:-1] | near[..., 2:]
    return torch.where(near, 11., 1.).to(target.dtype)


def adaptive_wing(output: Tensor, target: Tensor, alpha: float, epsilon: float,
                  theta: float) -> Tuple[Tensor, Tensor]:
    """AWing of height omega = 1 and its derivative, cell by cell.

    With d = abs(output - target) and e = alpha - target, the loss is
    ``log(1 + (d / epsilon)^e)`` below theta and goes on as its tangent above.
    Both are value plus slope times (d - c) at c = min(d, theta), so one power
    serves both. All tensors have one shape; the target is at most 1, and the
    derivative is by the output.
    """
    error = output - target
    sign = error.sign()
    error.abs_()
    exponent = alpha - target
    corner = error.clamp(_TINY, theta)
    power = corner.log()
    if epsilon != 1:
        power -= math.log(epsilon)
    power.mul_(exponent).exp_()
    slope = exponent.mul_(power).div_(power + 1).div_(corner)
    loss = power.log1p_().addcmul_(slope, error.sub_(corner))
    return loss, slope.mul_(sign)


class _WeightedAdaptiveWing(torch.autograd.Function):
    """Scaled sum of AWing, its derivative worked out in the same pass."""

    @staticmethod
    def forward(ctx, output, target, scales, use_weight_map, constants):
        N, H, W = output.shape
        dtype = scales.dtype
        gradient = torch.empty_like(output, dtype=dtype)
        sums = torch.empty_like(scales)
        step = max(N, 1)
        if output.device.type == 'cpu':
            step = _CELLS_IN_CACHE * torch.get_num_threads() // (H * W) + 1
        for i in range(0, N, step):
            part = slice(i, i + step)
            expected = target[part].to(dtype)
            loss, slope = adaptive_wing(output[part].to(dtype), expected,
                                        *constants)
            if use_weight_map:
                weights = weight_maps(expected)
                loss *= weights
                slope *= weights
            sums[part] = loss.sum((1, 2))
            scale = scales[part, None, None]
            # Not a product alone: a map that does not count may be NaN.
            torch.mul(slope, scale, out=gradient[part])
            gradient[part].masked_fill_(scale == 0, 0)
        ctx.save_for_backward(gradient)
        ctx.dtype = output.dtype
        return (sums * scales).masked_fill_(scales == 0, 0).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        gradient, = ctx.saved_tensors
        return (gradient * grad).to(ctx.dtype), None, None, None, None


@MODELS.register_module()
class WeightedAdaptiveWingLoss(AdaptiveWingLoss):
    """Adaptive wing loss with weight map, averaged over the valid maps.

    The formula is that of MMPose's ``AdaptiveWingLoss``, which agrees with
    the paper (the branch of small errors divides by ``epsilon``). What
    differs: the weight map; maps of weight 0 do not count in the mean, where
    MMPose counts them as perfect, and weights between 0 and 1 weigh the loss,
    where MMPose scales both maps; everything is computed in float32, and in
    one pass with the gradient. Targets get no gradient.

    Args:
        alpha (float): Exponent at a target of 0; at least 2, so that the
            slope is finite at a target of 1.
        omega, epsilon, theta (float): Height, error at which the bend is,
            error above which the loss is a line.
        weight_map (bool): Weigh cells at and around the foreground (3 x 3
            dilated target of 0.2 or more) 11 times. The AWing paper does; the
            SPIGA paper does not say.
        use_target_weight (bool): Heed ``target_weights``.
        loss_weight (float): Factor on the loss.

    ValueError if a constant is out of its range.
    """

    def __init__(self, alpha: float = 2.1, omega: float = 14.,
                 epsilon: float = 1., theta: float = 0.5,
                 weight_map: bool = True, use_target_weight: bool = True,
                 loss_weight: float = 1.):
        super().__init__(alpha, omega, epsilon, theta, use_target_weight,
                         loss_weight)
        if self.alpha < 2:
            raise ValueError(f'alpha must be at least 2, found {alpha}')
        for name in ('omega', 'epsilon', 'theta'):
            if getattr(self, name) <= 0:
                raise ValueError(f'{name} must be positive, found '
                                 f'{getattr(self, name)}')
        self.weight_map = weight_map

    def forward(self, output: Tensor, target: Tensor,
                target_weights: Optional[Tensor] = None) -> Tensor:
        """Mean over all cells of the valid maps: float32 at least.

        Output and target are (B, L, H, W), the target in [0, 1], anything
        where the weight (B, L) is 0. All maps count by default; 0 if none
        does. ValueError if the shapes do not fit together.
        """
        if output.ndim != 4 or output.shape != target.shape:
            raise ValueError(
                'output and target must be of one shape (B, L, H, W), found '
                f'{tuple(output.shape)} and {tuple(target.shape)}')
        scales = output.new_ones(
            output.shape[:2],
            dtype=torch.promote_types(output.dtype, torch.float32))
        if self.use_target_weight and target_weights is not None:
            if target_weights.shape != scales.shape:
                raise ValueError('target_weights must be of shape (B, L) = '
                                 f'{tuple(scales.shape)}, found '
                                 f'{tuple(target_weights.shape)}')
            scales = target_weights.detach().to(scales).clamp(min=0)
        cells = output.shape[2] * output.shape[3]
        scales = scales * (
            self.loss_weight * self.omega /
            (cells * scales.sum().clamp(min=1e-6)))
        return _WeightedAdaptiveWing.apply(
            output.flatten(0, 1),
            target.detach().flatten(0, 1), scales.flatten(), self.weight_map,
            (self.alpha, self.epsilon, self.theta))
