"""Training targets, drawn from landmarks on the model's device."""
from .edge_maps import draw_edge_maps
from .point_maps import draw_point_maps

__all__ = ['draw_edge_maps', 'draw_point_maps']
