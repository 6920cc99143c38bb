"""Behind the face: clutter, neck and clothes, hair at the back."""
import cv2
import numpy as np

from .camera import Camera
from .drawing import blend, empty, noise, polygon

_NECK = np.array([[-1.1, 0, .25], [-.95, 0, 1.25]])  # head units


def draw_background(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size, 3) uint8 clutter, from plain to busy, sharp to blurred."""
    tones = rng.uniform(10, 235, (3, 3))
    if rng.random() < .7:  # most places are not colourful
        tones = tones.mean(1, keepdims=True) + .25 * (
            tones - tones.mean(1, keepdims=True))
    sigma = max(rng.uniform(-1, 5) * size / 128, 0)
    side = size // 2 if sigma > 1 else size  # blurred anyway
    small = side // 4  # the ground is smooth
    ramp = np.linspace(0, 1, small, dtype=np.float32)
    if rng.random() < .5:
        ramp = ramp[:, None]
    cloud = noise(rng, 'cloud', 4 * small)[::4, ::4]
    mix = np.clip(ramp + rng.uniform(.05, .5) * cloud, 0, 1)
    ground = tones[0] + mix[..., None] * (tones[1] - tones[0])
    image = cv2.resize(np.clip(ground, 0, 255).astype(np.uint8),
                       (side, side))
    for _ in range(rng.integers(0, 10)):
        _clutter(rng, image, tones[rng.integers(3)] + rng.normal(size=3) *
                 rng.uniform(6, 45))
    if sigma > .5:
        image = cv2.GaussianBlur(image, (0, 0), sigma * side / size)
    return image if side == size else cv2.resize(image, (size, size))


def _clutter(rng, image, color):
    size = len(image)
    color = np.clip(color, 0, 255).tolist()
    x, y = rng.integers(0, size, 2).tolist()
    kind = rng.integers(4)
    if kind == 0:
        w, h = rng.integers(size // 16, size // 2, 2).tolist()
        cv2.rectangle(image, (x, y), (x + w, y + h), color, -1)
    elif kind == 1:
        axes = rng.integers(size // 24, size // 4, 2).tolist()
        cv2.ellipse(image, (x, y), axes, rng.uniform(0, 180), 0, 360, color,
                    -1, cv2.LINE_AA)
    elif kind == 2:
        end = rng.integers(0, size, 2).tolist()
        cv2.line(image, (x, y), end, color,
                 int(rng.integers(1, max(2, size // 16))), cv2.LINE_AA)
    else:
        reach = rng.uniform(size / 16, size / 3)
        points = rng.uniform(-reach, reach, (rng.integers(3, 6), 2))
        polygon(image, points + [x, y], color)


def draw_body(rng: np.random.Generator, image: np.ndarray, camera: Camera,
              skin: np.ndarray, level: np.ndarray):
    """Neck and clothes on (H, W, 3) uint8, in place.

    The body is nearer upright than the head. ``skin`` (3,) is BGR, ``level``
    (3,) the light on the neck.
    """
    base = camera.pixels(_NECK)
    unit = 1.5 * camera.size / (camera.pose[5] + 1.)  # px, at the neck
    down = .45 * (base[1] - base[0]) + .55 * np.array([0, unit])
    across = np.array([down[1], -down[0]])
    across = across / max(np.linalg.norm(across), 1e-6) * unit
    throat = base[0] + down
    neck = across * rng.uniform(.46, .62)
    steps = np.linspace(-1, 1, 8)
    light = rng.uniform(-.6, .6)  # where across the neck it is brightest
    for left, right in zip(steps[:-1], steps[1:]):
        tone = .72 - .22 * abs((left + right) / 2 - light)
        polygon(image, [base[0] + neck * left, base[0] + neck * right,
                        throat + neck * right * 1.1,
                        throat + neck * left * 1.1],
                np.clip(skin * level * tone, 0, 255))
    cloth = rng.uniform(15, 225, 3)
    if rng.random() < .5:
        cloth = cloth.mean() + .35 * (cloth - cloth.mean())
    top = throat - down * rng.uniform(.05, .35)
    collar, slope = rng.uniform(.05, .5) * unit, rng.uniform(.2, .5) * unit
    sides = [(1.6, slope), (2.1, .9 * unit), (2.2, 3 * unit)]
    points = [top - neck * 1.2, top + [0, collar], top + neck * 1.2]
    points += [top + across * wide + [0, y] for wide, y in sides]
    points += [top - across * wide + [0, y] for wide, y in sides[::-1]]
    polygon(image, points, np.clip(cloth * level, 0, 255))


def draw_back_hair(rng: np.random.Generator, image: np.ndarray,
                   camera: Camera, color: np.ndarray, level: np.ndarray):
    """Long hair behind head and neck on (H, W, 3) float32, in place."""
    length, wide = rng.uniform(.3, 1.5), rng.uniform(.88, 1.08)
    line = np.array([[-1.2, .6, -1.2], [-1.2, 1.0, -.6], [-1.15, 1.0, 0],
                     [-1.15, 1.0, .5], [-1.05, .9, 1.], [-1.1, .6, 1.15]])
    line[:, 1] *= wide
    line[3:, 2] *= length
    side = np.concatenate([line, line + [-.7, 0, 0]])
    sides = np.concatenate([side, side * [1, -1, 1]])
    hull = cv2.convexHull(camera.pixels(sides).astype(np.float32))[:, 0]
    strand = .72 + .2 * noise(rng, 'strand', camera.size)
    blend(image, polygon(empty(image), hull), color * level, shade=strand)
