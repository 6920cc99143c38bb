"""Building blocks of the networks."""
from .convolutions import (AddCoords, Hourglass, Residual, conv_bn_relu,
                           deconv_bn_relu)
from .float32 import Float32, Float32Linear, Float32Sequential
from .graph_attention import GATLayer, MultiHeadAttention, mlp
from .maps import sample_windows, soft_argmax
from .recompute import recomputed
from .strict_shapes import StrictShapes

__all__ = [
    'AddCoords', 'Float32', 'Float32Linear', 'Float32Sequential', 'GATLayer',
    'MultiHeadAttention', 'Hourglass', 'mlp', 'Residual', 'StrictShapes',
    'conv_bn_relu', 'deconv_bn_relu', 'recomputed', 'soft_argmax',
    'sample_windows'
]
