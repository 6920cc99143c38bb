"""Sub-pixel polygons, lines and blending on float images; noise fields."""
from functools import lru_cache

import cv2
import numpy as np

SHIFT = 4  # fractional bits of coordinates given to OpenCV
_FIELD = 512  # side of a noise field, px


def fixed(points) -> np.ndarray:
    """Px to OpenCV's fixed-point coordinates."""
    return np.round(np.asarray(points) * (1 << SHIFT)).astype(np.int32)


def empty(image: np.ndarray) -> np.ndarray:
    """(H, W) uint8 mask of an image, nothing in it."""
    return np.zeros(image.shape[:2], np.uint8)


def polygon(image: np.ndarray, points, color=255) -> np.ndarray:
    """Fill a polygon, anti-aliased on 8-bit images, in place."""
    return cv2.fillPoly(image, [fixed(points)], np.ravel(color).tolist(),
                        cv2.LINE_AA, SHIFT)


def line(mask: np.ndarray, points, width: float, closed: bool = False):
    """Draw a polyline of a width in px into an 8-bit mask, in place."""
    cv2.polylines(mask, [fixed(points)], closed, 255, max(1, round(width)),
                  cv2.LINE_AA, SHIFT)


def blend(image: np.ndarray, mask: np.ndarray, color, strength: float = 1.,
          shade=None):
    """Mix a colour (3,) into a float32 image where a uint8 mask is, in place.

    ``strength`` is 0 to 1; ``shade`` (H, W) are factors on the colour.
    """
    x, y, w, h = cv2.boundingRect(mask)
    if not w:
        return
    window = (slice(y, y + h), slice(x, x + w))
    color = np.asarray(color, np.float32)
    if shade is not None:
        tone = shade[window].astype(np.float32)
        color = cv2.merge([tone * value for value in color])
    weight = mask[window] * np.float32(strength / 255)
    part = image[window]
    part += cv2.merge([weight, weight, weight]) * (color - part)


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """(H, W, 3) uint8 encoded at a quality of 0 to 100, and decoded."""
    content = cv2.imencode('.jpg', image,
                           [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(content, cv2.IMREAD_COLOR)


@lru_cache(maxsize=None)
def _field(kind: str, side: int) -> np.ndarray:
    """(side, side) float32 of mean 0 and deviation 1, drawn once a process."""
    rng = np.random.default_rng([7, len(kind)])
    white = rng.normal(size=(side, side)).astype(np.float32)

    def normalised(field):
        field = field - field.mean()
        return (field / field.std()).astype(np.float32)

    def blur(sigma_x, sigma_y):
        return normalised(cv2.GaussianBlur(
            white, (0, 0), sigma_x, None, sigma_y, cv2.BORDER_REFLECT))

    if kind == 'grain':
        return normalised(white)
    if kind == 'skin':
        return normalised(.5 * blur(1.2, 1.2) + .6 * blur(6, 6))
    if kind == 'cloud':
        return normalised(blur(9, 9) + 1.5 * blur(28, 28))
    return normalised(blur(1.0, 14) + .7 * blur(3, 24))


def noise(rng: np.random.Generator, kind: str, size: int) -> np.ndarray:
    """(size, size) float32 piece of a field, mirrored at random (a view).

    Kinds: 'grain' (white), 'skin' (fine over coarse), 'cloud' (coarse),
    'strand' (long in y).
    """
    side = _FIELD if size < _FIELD else 2 * size
    span = side - size
    place, flip = divmod(int(rng.integers(4 * span * span)), 4)
    y, x = divmod(place, span)  # one draw for all three choices
    piece = _field(kind, side)[y:y + size, x:x + size]
    if flip & 1:
        piece = piece[:, ::-1]
    return piece[::-1] if flip & 2 and kind != 'strand' else piece
