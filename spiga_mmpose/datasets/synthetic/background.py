"""Background of the head: clutter, neck and clothes, hair at the back."""
import cv2
import numpy as np

from . import noise
from .camera import Camera
from .drawing import blend, polygon

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
    cloud = noise.cut(rng, 'cloud', 4 * small)[::4, ::4]
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
    color = [float(c) for c in np.clip(color, 0, 255)]
    x, y = rng.integers(0, size, 2).tolist()
    kind = rng.integers(4)
    if kind == 0:
        w, h = rng.integers(size // 16, size // 2, 2).tolist()
        cv2.rectangle(image, (x, y), (x + w, y + h), color, -1)
    elif kind == 1:
        cv2.ellipse(image, (x, y), tuple(
            rng.integers(size // 24, size // 4, 2).tolist()),
            float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
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
    """Neck and clothes, in place; the body is nearer upright than the head.

    Args:
        rng (np.random.Generator): Source of all choices.
        image (np.ndarray): (H, W, 3) uint8.
        camera (Camera): The camera.
        skin (np.ndarray): (3,) BGR.
        level (np.ndarray): (3,) factors of the light on the neck.
    """
    base = camera.pixels(_NECK)
    unit = 1.5 * camera.size / (camera.pose[5] + 1.)  # px, at the neck
    down = .45 * (base[1] - base[0]) + .55 * np.array([0, unit])
    across = np.array([down[1], -down[0]])
    across = across / max(np.linalg.norm(across), 1e-6) * unit
    throat = base[0] + down
    wide = rng.uniform(.46, .62)
    steps = np.linspace(-1, 1, 8)
    light = rng.uniform(-.6, .6)  # where across the neck it is brightest
    for left, right in zip(steps[:-1], steps[1:]):
        tone = .72 - .22 * abs((left + right) / 2 - light)
        polygon(image, [base[0] + across * wide * left,
                        base[0] + across * wide * right,
                        throat + across * wide * right * 1.1,
                        throat + across * wide * left * 1.1],
                np.clip(skin * level * tone, 0, 255))
    cloth = rng.uniform(15, 225, 3)
    if rng.random() < .5:
        cloth = cloth.mean() + .35 * (cloth - cloth.mean())
    top = throat - down * rng.uniform(.05, .35)
    low = np.array([0, 3 * unit])
    collar = rng.uniform(.05, .5) * unit
    slope = rng.uniform(.2, .5) * unit
    points = [top - across * wide * 1.2, top + [0, collar],
              top + across * wide * 1.2, top + across * 1.6 + [0, slope],
              top + across * 2.1 + [0, .9 * unit], top + across * 2.2 + low,
              top - across * 2.2 + low, top - across * 2.1 + [0, .9 * unit],
              top - across * 1.6 + [0, slope]]
    polygon(image, points, np.clip(cloth * level, 0, 255))


def draw_back_hair(rng: np.random.Generator, image: np.ndarray,
                   camera: Camera, color: np.ndarray, level: np.ndarray):
    """Long hair behind head and neck, in place.

    Args:
        rng (np.random.Generator): Source of all choices.
        image (np.ndarray): (H, W, 3) float32.
        camera (Camera): The camera.
        color (np.ndarray): (3,) BGR.
        level (np.ndarray): (3,) factors of the light.
    """
    length, wide = rng.uniform(.3, 1.5), rng.uniform(.88, 1.08)
    line = np.array([[-1.2, .6, -1.2], [-1.2, 1.0, -.6], [-1.15, 1.0, 0],
                     [-1.15, 1.0, .5], [-1.05, .9, 1.], [-1.1, .6, 1.15]])
    line[:, 1] *= wide
    line[3:, 2] *= length
    back = line + [-.7, 0, 0]
    sides = np.concatenate([line, back, line * [1, -1, 1],
                            back * [1, -1, 1]])
    hull = cv2.convexHull(camera.pixels(sides).astype(np.float32))[:, 0]
    mask = np.zeros(image.shape[:2], np.uint8)
    polygon(mask, hull)
    strand = .72 + .2 * noise.cut(rng, 'strand', camera.size)
    blend(image, mask, color * level, shade=strand)
