"""Details that follow the head in 3D: irises, glasses, the peak of a cap.

Each is drawn in place on a (H, W, 3) float32 image; ``level`` is the light.
"""
import cv2
import numpy as np

from .camera import Camera
from .drawing import blend, empty, line, polygon

_RADIUS = 0.062  # of an iris, head units
_EYE_COLORS = np.array([[22, 38, 62], [30, 55, 90], [90, 110, 70],
                        [150, 115, 70], [120, 120, 105], [18, 24, 36]],
                       np.float32)


def sample_eye_color(rng: np.random.Generator) -> np.ndarray:
    """(3,) BGR."""
    color = _EYE_COLORS[rng.choice(6, p=[.3, .2, .12, .18, .08, .12])]
    return color * rng.uniform(.75, 1.25)


def draw_irises(image: np.ndarray, alpha: np.ndarray, pupils: np.ndarray,
                camera: Camera, color: np.ndarray, level: float,
                pupil_size: float):
    """Irises at the pupils (2, 3), cut by the lids.

    ``alpha`` (H, W) uint8 is where the eyeballs show; ``pupil_size`` is the
    share of the iris's radius.
    """
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
                            len(image)).astype(int)
        if x1 <= x0 or y1 <= y0 or not alpha[y0:y1, x0:x1].any():
            continue
        inverse = np.array([[axes[1, 1], -axes[0, 1]],
                            [-axes[1, 0], axes[0, 0]]], np.float32) / area
        dx = np.arange(x0, x1, dtype=np.float32) - points[0, 0]
        dy = (np.arange(y0, y1, dtype=np.float32) - points[0, 1])[:, None]
        a = inverse[0, 0] * dx + inverse[0, 1] * dy
        b = inverse[1, 0] * dx + inverse[1, 1] * dy
        distance = np.sqrt(a * a + b * b)
        pixel = 1 / np.sqrt(abs(area))
        iris = np.clip((1 - distance) / pixel + .5, 0, 1)
        hole = np.clip((pupil_size - distance) / pixel + .5, 0, 1)
        ring = .6 + .4 * np.clip((1 - distance) * 3, 0, 1)
        tone = ring * (1 - hole) + .12 * hole
        glint = np.exp(-((a + .3)**2 + (b + .35)**2) / .05) * 200 * min(
            level, 1)
        paint = tone[..., None] * (color * level) + glint[..., None]
        weight = (iris * alpha[y0:y1, x0:x1] / 255)[..., None]
        image[y0:y1, x0:x1] += weight * (paint - image[y0:y1, x0:x1])


def draw_glasses(rng: np.random.Generator, image: np.ndarray,
                 depth_map: np.ndarray, vertices: np.ndarray,
                 camera: Camera, level: np.ndarray,
                 dark: bool) -> np.ndarray:
    """Glasses, or sunglasses, on the nose of a head of that depth map.

    Returns:
        np.ndarray: (H, W) uint8: what dark lenses hide, else empty.
    """

    def remove_behind_head(mask, depth, tolerance):
        mask[depth_map < depth - tolerance] = 0

    left, right = vertices[60:68].mean(0), vertices[68:76].mean(0)
    front = vertices[51, 0] + .10
    height, width = rng.uniform(.13, .20), rng.uniform(.21, .26)
    if dark:
        height, width = height * 1.15, width * 1.08
    power = rng.choice([2., 2.6, 4.])  # round to square
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    shape = np.stack([np.cos(angle), np.sin(angle)], -1)
    shape = np.sign(shape) * np.abs(shape)**(2 / power)
    lenses = []
    for eye in (left, right):
        y = eye[1] + shape[:, 0] * width
        z = eye[2] + .03 + shape[:, 1] * height
        # wraps around the face
        lenses.append(np.stack([front - .55 * y**2, y, z], -1))
    color = rng.uniform(5, 110, 3) if rng.random() < .8 else rng.uniform(
        40, 230, 3)
    frame, hidden = empty(image), empty(image)
    thick = camera.unit * rng.uniform(.018, .05)
    for ring in lenses:
        view = camera.view(ring)
        points = camera.screen(view)
        lens = polygon(empty(image), points)
        line(frame, points, thick, closed=True)
        remove_behind_head(lens, view[:, 2].mean(), .12)
        if dark:
            hidden = cv2.max(hidden, lens)
        _tint(rng, image, lens, level, dark)
    inner = [ring[np.argmin(np.abs(ring[:, 1]))] for ring in lenses]
    line(frame, camera.pixels(np.stack(inner)), thick)
    for ring, side in zip(lenses, (1, -1)):
        outer = ring[np.argmax(np.abs(ring[:, 1]))]
        bar = camera.view(np.stack(
            [outer, [-1.0, side * .78, left[2] - .02]]))
        temple = empty(image)
        line(temple, camera.screen(bar), thick)
        remove_behind_head(temple, bar[:, 2].min(), .25)
        frame = cv2.max(frame, temple)
    remove_behind_head(
        frame, camera.view(np.concatenate(lenses))[:, 2].mean(), .30)
    blend(image, frame, color * level)
    return hidden


def _tint(rng, image, lens, level, dark):
    tone = rng.uniform(5, 60, 3) if dark else rng.uniform(120, 230, 3)
    blend(image, lens, tone * level,
          rng.uniform(.86, 1) if dark else rng.uniform(0, .15))
    if rng.random() < .5:  # a reflection across the lens
        size = len(image)
        x = rng.uniform(0, size)
        band = cv2.line(empty(image), (int(x), 0), (int(x - size * .4), size),
                        255, max(1, size // 24))
        blend(image, cv2.bitwise_and(band, lens), (255, 255, 255),
              rng.uniform(.05, .22))


def draw_brim(rng: np.random.Generator, image: np.ndarray,
              camera: Camera, color: np.ndarray, height: float,
              level: np.ndarray) -> np.ndarray:
    """The peak of a cap; returns the (H, W) uint8 mask of what it covers."""
    angle = np.linspace(-.42 * np.pi, .42 * np.pi, 13)
    reach, drop = rng.uniform(.35, .65), rng.uniform(.02, .22)
    inner = np.stack([-.95 + .78 * np.cos(angle), .74 * np.sin(angle),
                      np.full(13, height)], -1)
    outer = inner + np.stack([reach * np.cos(angle), .12 * np.sin(angle),
                              drop * np.cos(angle)], -1)
    mask = polygon(empty(image), camera.pixels(
        np.concatenate([inner, outer[::-1]])))
    blend(image, mask, color * level * rng.uniform(.6, .9))
    return mask
