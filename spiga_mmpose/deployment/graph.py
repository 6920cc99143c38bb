"""The graph that is exported: from crops to landmarks, pose and scores.

Shape alphabet: B batch, L landmarks, S steps.
"""
from contextlib import nullcontext
from typing import Dict, Tuple

import torch
import torch.nn as nn
from torch import Tensor

from spiga_mmpose.models.backbones import HourglassPoseNet
from spiga_mmpose.models.heads import GATCascadeHead
from spiga_mmpose.models.layers import Float32Sequential
from .optimize import lower_weights, optimize_for_inference, outside_islands

# Type in which most convolutions of the backbone and the window features
# compute; pose, projection, sampling, graph attention and offsets are always
# in float32. int8 is float32 until it is quantised.
PRECISIONS = dict(
    fp32=None, bf16=torch.bfloat16, fp16=torch.float16, int8=None)


class LandmarkGraph(nn.Module):
    """A trained model as one function of the crops alone.

    The crops come in as the camera gives them, bytes in B, G, R: a quarter of
    what floats would be to copy, and nobody can normalise them wrongly.

    Args:
        model (nn.Module): A top-down estimator with a :class:`GATCascadeHead`
            whose cascade is trained, else a ``ValueError``; it is copied.
        precision (str): A key of ``PRECISIONS``.
        attention (bool): Give the attention out as well.
    """

    def __init__(self,
                 model: nn.Module,
                 precision: str = 'fp32',
                 attention: bool = False):
        super().__init__()
        _check_exportable(model)
        model = optimize_for_inference(model)
        self.dtype = PRECISIONS[precision]
        if self.dtype is not None:
            _lower(model, self.dtype)
        elif precision == 'int8':
            _shuffle_up(model)
        preprocessor = model.data_preprocessor
        self.bgr_to_rgb = preprocessor._channel_conversion
        self.register_buffer('mean', preprocessor.mean)
        self.register_buffer('std', preprocessor.std)
        self.estimator = nn.ModuleDict(
            {name: getattr(model, name)
             for name in ('backbone', 'neck', 'head')
             if getattr(model, name, None) is not None})
        self.attention = attention

    def forward(self, crops: Tensor) -> Tuple[Tensor, ...]:
        """(B, size, size, 3) uint8 BGR -> values of :meth:`named`, in its
        order."""
        return tuple(self.named(crops).values())

    def named(self, crops: Tensor) -> Dict[str, Tensor]:
        """The outputs by name, all float32.

        Returns:
            dict: ``steps`` (B, S + 1, L, 2) normalised, entry 0 where the
            cascade starts, the last the landmarks; ``pose`` (B, 6) yaw, pitch,
            roll in degrees, tx, ty, tz in head units (not where the model has
            none); ``scores`` (B, L) in [0, 1]; with ``attention`` also
            ``attention`` (B, S, layers, heads, L, L), rows sum to 1.
        """
        x = crops.permute(0, 3, 1, 2).float()
        if self.bgr_to_rgb:
            x = x.flip(1)
        x = (x - self.mean) / self.std
        lowered = nullcontext() if self.dtype is None else torch.autocast(
            x.device.type, dtype=self.dtype, cache_enabled=False)
        head = self.estimator['head']
        with lowered:
            for part in self.estimator.values():
                if part is not head:
                    x = part(x)
        x = head.outputs(
            x, dict(predict_by='cascade', output_attention=self.attention))
        outputs = dict(
            steps=x['steps'],
            pose=x['poses'],
            scores=x['scores'],
            attention=x.get('attention'))
        return {
            name: value.float()
            for name, value in outputs.items() if value is not None
        }


class ChannelAffine(nn.Module):
    """BatchNorm in evaluation as one multiplication and one addition.

    In float32, between whatever types: a scale and a shift in bfloat16 would
    move the landmarks more than all other rounding of the graph.
    """

    def __init__(self, norm: nn.BatchNorm2d):
        super().__init__()
        scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
        shift = norm.bias - norm.running_mean * scale
        self.register_buffer('scale', scale[:, None, None])
        self.register_buffer('shift', shift[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W), of the same type."""
        return (x.float() * self.scale + self.shift).to(x.dtype)


def _replace_norms(module: nn.Module) -> None:
    """BatchNorm outside of the float32 islands, in place."""
    for layer, _, replace in outside_islands(module):
        if isinstance(layer, nn.BatchNorm2d):
            replace(ChannelAffine(layer))


class Lowered(nn.Module):
    """A layer in a lower type between float32."""

    def __init__(self, layer: nn.Module, dtype: torch.dtype):
        super().__init__()
        self.layer = layer.to(dtype)
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        """As the layer, from and to float32."""
        return self.layer(x.to(self.dtype)).float()


def _lower(model: nn.Module, dtype: torch.dtype) -> None:
    """The heavy layers in a lower type, in place."""
    _widen(model.backbone)
    for name in ('backbone', 'neck'):
        part = getattr(model, name, None)
        if part is not None:
            lower_weights(part, dtype)
            _replace_norms(part)
    if model.head.pose_regressor is not None:
        model.head.pose_regressor = Float32Sequential(
            model.head.pose_regressor)
    for step in model.head.steps:
        step.visual = Lowered(step.visual, dtype)


def _widen(backbone: nn.Module) -> None:
    """Float32 for more of the backbone than in training, in place.

    What the stem rounds goes through all of the network; the last field is
    what the cascade samples. Both are a small part of the work.
    """
    if isinstance(backbone, HourglassPoseNet):
        # Its first layer is asked for the size of the input.
        backbone.stem = Float32Sequential(*backbone.stem)
        backbone.fields[-1] = Float32Sequential(backbone.fields[-1])


class ShuffledUp(nn.Sequential):
    """A 2x2 transposed convolution as 1x1 convolution and pixel shuffle.

    OpenVINO has the one in float32 alone, the other in bytes.
    """

    def __init__(self, layer: nn.ConvTranspose2d):
        count, channels = layer.weight.shape[:2]
        conv = nn.Conv2d(count, 4 * channels, 1, bias=layer.bias is not None)
        conv.weight.data = layer.weight.data.permute(1, 2, 3, 0).reshape(
            4 * channels, count, 1, 1)
        if layer.bias is not None:
            conv.bias.data = layer.bias.data.repeat_interleave(4)
        super().__init__(conv, nn.PixelShuffle(2))


def _shuffle_up(module: nn.Module) -> None:
    """Transposed convolutions outside of the float32 islands, in place."""
    for layer, _, replace in outside_islands(module):
        if isinstance(layer, nn.ConvTranspose2d) and layer.groups == 1 and (
                layer.kernel_size == layer.stride == (2, 2)) and (
                layer.padding == layer.output_padding == (0, 0)):
            replace(ShuffledUp(layer))


def _check_exportable(model: nn.Module) -> None:
    head = getattr(model, 'head', None)
    if not isinstance(head, GATCascadeHead):
        raise ValueError(
            'only models with a GATCascadeHead can be exported, found the '
            f'head {type(head).__name__}; take a config with '
            "head=dict(type='GATCascadeHead', ...)")
    if head.trained_parts and 'cascade' not in head.trained_parts:
        raise ValueError(
            'the cascade of this checkpoint is not trained, trained are '
            f'{list(head.trained_parts)}; train it (tools/train.py --stages '
            'cascade) and export the checkpoint of that stage')
    if not hasattr(model.data_preprocessor, 'mean'):
        raise ValueError('the data_preprocessor of the config has no mean and '
                         'std; expected a PoseDataPreprocessor with both')
