"""A bank of noise fields, drawn once a process and cut at random."""
from functools import lru_cache

import cv2
import numpy as np

_SIDE = 512


def _normalised(field):
    field = field - field.mean()
    return (field / field.std()).astype(np.float32)


@lru_cache(maxsize=None)
def _bank(kind: str, side: int) -> np.ndarray:
    """(side, side) float32 field of mean 0 and deviation 1.

    Kinds: 'grain' (white), 'skin' (fine over coarse), 'cloud' (coarse),
    'strand' (long in y).
    """
    rng = np.random.default_rng([7, len(kind)])
    white = rng.normal(size=(side, side)).astype(np.float32)
    wrap = cv2.BORDER_REFLECT

    def blur(sigma_x, sigma_y):
        return _normalised(cv2.GaussianBlur(
            white, (0, 0), sigma_x, None, sigma_y, wrap))

    if kind == 'grain':
        return _normalised(white)
    if kind == 'skin':
        return _normalised(.5 * blur(1.2, 1.2) + .6 * blur(6, 6))
    if kind == 'cloud':
        return _normalised(blur(9, 9) + 1.5 * blur(28, 28))
    if kind == 'strand':
        return _normalised(blur(1.0, 14) + .7 * blur(3, 24))
    raise KeyError(kind)


def cut(rng: np.random.Generator, kind: str, size: int) -> np.ndarray:
    """(size, size) float32 piece of a field, mirrored at random (a view)."""
    side = _SIDE if size < _SIDE else 2 * size
    span = side - size
    place, flip = divmod(int(rng.integers(4 * span * span)), 4)
    y, x = divmod(place, span)  # one draw for all three choices
    piece = _bank(kind, side)[y:y + size, x:x + size]
    if flip & 1:
        piece = piece[:, ::-1]
    if flip & 2 and kind != 'strand':
        piece = piece[::-1]
    return piece
