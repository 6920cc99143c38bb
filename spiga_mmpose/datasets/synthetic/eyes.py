"""Irises: round, at the pupil landmarks, cut by the lids."""
import numpy as np

from .camera import Camera

_RADIUS = 0.062  # of an iris, head units
_COLORS = np.array([[22, 38, 62], [30, 55, 90], [90, 110, 70],
                    [150, 115, 70], [120, 120, 105], [18, 24, 36]],
                   np.float32)


def sample_eye_color(rng: np.random.Generator) -> np.ndarray:
    """(3,) BGR."""
    color = _COLORS[rng.choice(6, p=[.3, .2, .12, .18, .08, .12])]
    return color * rng.uniform(.75, 1.25)


def _unit(values):
    """Cut to [0, 1]; quicker than np.clip on a few pixels."""
    return np.minimum(np.maximum(values, 0), 1)


def draw_irises(image: np.ndarray, alpha: np.ndarray, pupils: np.ndarray,
                camera: Camera, color: np.ndarray, level: float,
                pupil_size: float):
    """Draw both irises in place.

    Args:
        image (np.ndarray): (H, W, 3) float32.
        alpha (np.ndarray): (H, W) uint8, where the eyeballs show.
        pupils (np.ndarray): (2, 3) head units.
        camera (Camera): The camera.
        color (np.ndarray): (3,) of the iris.
        level (float): Brightness of the light.
        pupil_size (float): Share of the iris's radius.
    """
    size = len(image)
    around = np.array([[0, 0, 0], [0, -_RADIUS, 0], [0, 0, _RADIUS]])
    for pupil in pupils:
        points = camera.pixels(pupil + around)
        axes = (points[1:] - points[0]).T  # (2, 2) iris units to px
        area = axes[0, 0] * axes[1, 1] - axes[0, 1] * axes[1, 0]
        if abs(area) < 1e-3:
            continue
        reach = np.abs(axes).sum(1) + 1.5
        x0, y0 = np.maximum(np.floor(points[0] - reach), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(points[0] + reach) + 1,
                            size).astype(int)
        if x1 <= x0 or y1 <= y0:
            continue
        seen = alpha[y0:y1, x0:x1]
        if not seen.any():
            continue
        inverse = np.array([[axes[1, 1], -axes[0, 1]],
                            [-axes[1, 0], axes[0, 0]]], np.float32) / area
        dx = np.arange(x0, x1, dtype=np.float32) - points[0, 0]
        dy = (np.arange(y0, y1, dtype=np.float32) - points[0, 1])[:, None]
        a = inverse[0, 0] * dx + inverse[0, 1] * dy
        b = inverse[1, 0] * dx + inverse[1, 1] * dy
        distance = np.sqrt(a * a + b * b)
        pixel = 1 / np.sqrt(abs(area))
        iris = _unit((1 - distance) / pixel + .5)
        hole = _unit((pupil_size - distance) / pixel + .5)
        ring = .6 + .4 * _unit((1 - distance) * 3)
        tone = ring * (1 - hole) + .12 * hole
        glint = np.exp(-((a + .3)**2 + (b + .35)**2) / .05) * 200 * min(
            level, 1)
        paint = tone[..., None] * (color * level) + glint[..., None]
        weight = (iris * seen / 255)[..., None]
        image[y0:y1, x0:x1] += weight * (paint - image[y0:y1, x0:x1])
