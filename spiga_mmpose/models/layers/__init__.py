"""Building blocks of the networks."""
from .coord_conv import AddCoords
from .float32 import Float32, Float32Linear, Float32Sequential
from .graph_attention import GATLayer, MultiHeadAttention
from .hourglass import Hourglass
from .mlp import mlp
from .recompute import recomputed
from .residual import Residual, conv_bn_relu, deconv_bn_relu
from .soft_argmax import soft_argmax
from .strict_shapes import StrictShapes
from .window_sampler import sample_windows

__all__ = [
    'AddCoords', 'Float32', 'Float32Linear', 'Float32Sequential', 'GATLayer',
    'MultiHeadAttention', 'Hourglass', 'mlp', 'Residual', 'StrictShapes',
    'conv_bn_relu', 'deconv_bn_relu', 'recomputed', 'soft_argmax',
    'sample_windows'
]
