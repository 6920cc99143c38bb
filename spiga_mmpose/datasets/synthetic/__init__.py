"""Pure drawing of synthetic faces: NumPy and OpenCV, no registry.

:mod:`.renderer` draws; it is imported when the first face is.
"""
VARIANTS = ('default', 'hard')

__all__ = ['VARIANTS']
