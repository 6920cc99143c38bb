"""Sub-pixel polygons, lines and blending on float images."""
import cv2
import numpy as np

SHIFT = 4  # fractional bits of coordinates given to OpenCV


def fixed(points) -> np.ndarray:
    """Px to OpenCV's fixed-point coordinates."""
    return np.round(np.asarray(points) * (1 << SHIFT)).astype(np.int32)


def polygon(image: np.ndarray, points, color=255):
    """Fill a polygon, anti-aliased on 8-bit images, in place."""
    if not np.isscalar(color):
        color = [float(c) for c in color]
    cv2.fillPoly(image, [fixed(points)], color, cv2.LINE_AA, SHIFT)


def line(mask: np.ndarray, points, width: float, closed: bool = False):
    """Draw a polyline of a width in px into an 8-bit mask, in place."""
    cv2.polylines(mask, [fixed(points)], closed, 255, max(1, round(width)),
                  cv2.LINE_AA, SHIFT)


def blend(image: np.ndarray, mask: np.ndarray, color, strength: float = 1.,
          shade=None):
    """Mix a colour into the image where a mask is, in place.

    Args:
        image (np.ndarray): (H, W, 3) float32.
        mask (np.ndarray): (H, W) uint8.
        color (np.ndarray): (3,) BGR.
        strength (float): 0 to 1.
        shade (np.ndarray | None): (H, W) factors on the colour.
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
