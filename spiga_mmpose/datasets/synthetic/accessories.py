"""Worn things that follow the head in 3D: glasses and the peak of a cap."""
import cv2
import numpy as np

from .camera import Camera
from .drawing import blend, line, polygon


def _visible(mask, depth_map, depth, tolerance=.05):
    """Remove from a mask what lies behind the head, in place."""
    mask[depth_map < depth - tolerance] = 0


def draw_glasses(rng: np.random.Generator, image: np.ndarray,
                 depth_map: np.ndarray, vertices: np.ndarray,
                 camera: Camera, level: np.ndarray,
                 dark: bool) -> np.ndarray:
    """Glasses on the nose, in place.

    Args:
        rng (np.random.Generator): Source of all choices.
        image (np.ndarray): (H, W, 3) float32.
        depth_map (np.ndarray): (H, W) of the head.
        vertices (np.ndarray): (N, 3) head units.
        camera (Camera): The camera.
        level (np.ndarray): (3,) factors of the light.
        dark (bool): Sunglasses.

    Returns:
        np.ndarray: (H, W) uint8: what dark lenses hide, else empty.
    """
    size = len(image)
    left, right = vertices[60:68].mean(0), vertices[68:76].mean(0)
    front = vertices[51, 0] + .10
    height, width = rng.uniform(.13, .20), rng.uniform(.21, .26)
    if dark:
        height, width = height * 1.15, width * 1.08
    power = rng.choice([2., 2.6, 4.])  # round to square
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    shape = np.stack([np.cos(angle), np.sin(angle)], -1)
    shape = np.sign(shape) * np.abs(shape)**(2 / power)
    lenses, hidden = [], np.zeros((size, size), np.uint8)
    for eye in (left, right):
        ring = np.empty((len(angle), 3))
        ring[:, 1] = eye[1] + shape[:, 0] * width
        ring[:, 2] = eye[2] + .03 + shape[:, 1] * height
        ring[:, 0] = front - .55 * ring[:, 1]**2  # wraps around the face
        lenses.append(ring)
    color = rng.uniform(5, 110, 3) if rng.random() < .8 else rng.uniform(
        40, 230, 3)
    frame = np.zeros((size, size), np.uint8)
    thick = camera.unit * rng.uniform(.018, .05)
    for ring in lenses:
        view = camera.view(ring)
        points = camera.screen(view)
        lens = np.zeros_like(frame)
        polygon(lens, points)
        line(frame, points, thick, closed=True)
        _visible(lens, depth_map, view[:, 2].mean(), .12)
        if dark:
            hidden = cv2.max(hidden, lens)
        _tint(rng, image, lens, level, dark)
    inner = [ring[np.argmin(np.abs(ring[:, 1]))] for ring in lenses]
    line(frame, camera.pixels(np.stack(inner)), thick)
    for ring, side in zip(lenses, (1, -1)):
        outer = ring[np.argmax(np.abs(ring[:, 1]))]
        bar = camera.view(np.stack(
            [outer, [-1.0, side * .78, left[2] - .02]]))
        temple = np.zeros_like(frame)
        line(temple, camera.screen(bar), thick)
        _visible(temple, depth_map, bar[:, 2].min(), .25)
        frame = cv2.max(frame, temple)
    _visible(frame, depth_map, camera.view(
        np.concatenate(lenses))[:, 2].mean(), .30)
    blend(image, frame, color * level)
    return hidden


def _tint(rng, image, lens, level, dark):
    tone = rng.uniform(5, 60, 3) if dark else rng.uniform(120, 230, 3)
    blend(image, lens, tone * level,
          rng.uniform(.86, 1) if dark else rng.uniform(0, .15))
    if rng.random() < .5:  # a reflection across the lens
        size = len(image)
        band = np.zeros_like(lens)
        x = rng.uniform(0, size)
        cv2.line(band, (int(x), 0), (int(x - size * .4), size), 255,
                 max(1, size // 24))
        blend(image, cv2.bitwise_and(band, lens), (255, 255, 255),
              rng.uniform(.05, .22))


def draw_brim(rng: np.random.Generator, image: np.ndarray,
              camera: Camera, color: np.ndarray, height: float,
              level: np.ndarray) -> np.ndarray:
    """The peak of a cap in front of the forehead, in place.

    Returns:
        np.ndarray: (H, W) uint8 mask of what it covers.
    """
    size = len(image)
    angle = np.linspace(-.42 * np.pi, .42 * np.pi, 13)
    reach = rng.uniform(.35, .65)
    drop = rng.uniform(.02, .22)
    inner = np.stack([-.95 + .78 * np.cos(angle), .74 * np.sin(angle),
                      np.full(13, height)], -1)
    outer = inner + np.stack([reach * np.cos(angle), .12 * np.sin(angle),
                              drop * np.cos(angle)], -1)
    mask = np.zeros((size, size), np.uint8)
    polygon(mask, camera.pixels(np.concatenate([inner, outer[::-1]])))
    blend(image, mask, color * level * rng.uniform(.6, .9))
    return mask
