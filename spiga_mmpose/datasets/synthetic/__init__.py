"""Pure drawing of synthetic faces: NumPy and OpenCV, no registry."""
from .renderer import VARIANTS, SyntheticFace, draw_face

__all__ = ['VARIANTS', 'SyntheticFace', 'draw_face']
