"""A trained model made ready to predict: less work, the same numbers."""
import copy
import warnings
from functools import partial
from typing import Iterator

import torch
import torch.nn as nn
from mmcv.cnn import fuse_conv_bn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from spiga_mmpose.models.backbones import HourglassPoseNet
from spiga_mmpose.models.layers import Float32

# What autocast computes in the lower precision.
_LOWERED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def optimize_for_inference(model: nn.Module,
                           bf16: bool = False,
                           compile: bool = False) -> nn.Module:
    """A copy of a model that predicts the same in less time.

    BatchNorm is folded into the layers before it and what only training needs
    is dropped; the landmarks stay where they were to a thousandth of a pixel.
    The maps lie pixel by pixel in memory, since most convolutions are 1x1. The
    copy cannot be trained, nor its weights be saved for a config.

    Args:
        model (nn.Module): An estimator, e.g. made by
            :func:`~spiga_mmpose.apis.load_model`; left as it is.
        bf16 (bool): Convolutions, window features and graph attention in
            bfloat16; pose, projection, sampling and offsets stay in float32. A
            CPU without bfloat16 stays in float32 and says so.
        compile (bool): Compile the parts of the backbone with
            ``torch.compile`` (needs a C++ compiler). The first passes of two
            batch sizes take minutes; torch keeps the result on disk, in
            ``TORCHINDUCTOR_CACHE_DIR``.

    Returns:
        nn.Module: In evaluation mode, to be called as the given one.
    """
    model = copy.deepcopy(model).eval().requires_grad_(False)
    drop_training_parts(model)
    fold_batch_norm(model)
    device = next(model.parameters()).device.type
    if bf16 and device == 'cpu' and not _processor_has_bf16():
        warnings.warn('this CPU has no bfloat16: the model stays in '
                      'float32')
        bf16 = False
    if bf16:
        lower_weights(model, torch.bfloat16)
        # Looked up on the copy by nn.Module.__call__.
        model.forward = torch.autocast(
            device, dtype=torch.bfloat16)(model.forward)
    model.to(memory_format=torch.channels_last)
    if compile:
        for part in model.backbone.children():
            for module in part if isinstance(part, nn.ModuleList) else [part]:
                module.compile()
    return model


def drop_training_parts(model: nn.Module) -> None:
    """Take out the weights that no prediction reads, in place."""
    backbone = model.backbone
    if isinstance(backbone, HourglassPoseNet):
        # Training learns from the pose of every stack; only the last is read.
        for parts in (backbone.pose_branches, backbone.pose_layers):
            for i in range(len(parts) - 1):
                parts[i] = nn.Identity()


def fold_batch_norm(model: nn.Module) -> None:
    """Fold every BatchNorm into the layer whose output it takes, in place.

    MMCV's ``fuse_conv_bn`` does the convolutions, also those of stock
    backbones; this adds transposed convolutions and linear layers. The first
    BatchNorm of a pre-activation residual follows a sum and stays.
    """
    fuse_conv_bn(model)
    for block in model.modules():
        if not isinstance(block, nn.Sequential):
            continue
        for i in range(len(block) - 1):
            layer, norm = block[i], block[i + 1]
            if not isinstance(norm, nn.modules.batchnorm._BatchNorm):
                continue
            if isinstance(layer, nn.ConvTranspose2d):
                block[i] = fuse_conv_bn_eval(layer, norm, transpose=True)
            elif isinstance(layer, nn.Linear):
                block[i] = fuse_linear_bn_eval(layer, norm)
            else:
                continue
            block[i + 1] = nn.Identity()


def lower_weights(module: nn.Module, dtype: torch.dtype) -> None:
    """Weights outside of float32 islands
    (:class:`~spiga_mmpose.models.layers.Float32`) as autocast would cast them
    in every pass, in place."""
    for child, _, _ in outside_islands(module):
        if isinstance(child, _LOWERED):
            child.to(dtype)


def outside_islands(module: nn.Module, prefix: str = '') -> Iterator[tuple]:
    """Yield each layer below a module that is in no float32 island, its name
    with a prefix, and a function that puts another in its place."""
    for name, child in list(module.named_children()):
        if not isinstance(child, Float32):
            yield child, f'{prefix}{name}', partial(setattr, module, name)
            yield from outside_islands(child, f'{prefix}{name}.')


def _processor_has_bf16() -> bool:
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()
