"""Camera effects: blur, noise, compression, exposure."""
from typing import Tuple

import cv2
import numpy as np

from . import noise

# Blur above this share of the canvas side counts for the subset 'blur'.
STRONG_BLUR = .011


def camera_effects(rng: np.random.Generator,
                   image: np.ndarray) -> Tuple[np.ndarray, bool]:
    """Blur, exposure, noise and JPEG.

    Args:
        rng (np.random.Generator): Source of all choices.
        image (np.ndarray): (H, W, 3) float32, 0 to 255.

    Returns:
        tuple: (H, W, 3) uint8; bool, whether the blur is strong.
    """
    size = len(image)
    strong = False
    sigma = .0037 + abs(rng.normal()) * .002
    motion = rng.random() < .06
    if rng.random() < .10:
        sigma = rng.uniform(.010, .025)
    strong = sigma > STRONG_BLUR or motion
    contrast = rng.uniform(.82, 1.15)
    bright = 110 * (1 - contrast) + rng.normal() * 10
    image = cv2.convertScaleAbs(
        np.maximum(image, -bright / contrast, out=image), None, contrast,
        bright)
    if motion:
        image = _motion_blur(rng, image)
    else:
        image = cv2.GaussianBlur(image, (0, 0), sigma * size)
    if rng.random() < .10:  # grey photograph
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        image = cv2.merge([grey, grey, grey])
    amount = abs(rng.normal()) * 2.5
    if rng.random() < .06:
        amount += rng.uniform(4, 12)
    grain = noise.cut(rng, 'grain', size) * np.float32(amount)
    image = cv2.add(image, cv2.merge([grain, grain, grain]),
                    dtype=cv2.CV_8U)
    if rng.random() < .25:
        quality = int(rng.integers(18, 75))
        image = cv2.imdecode(cv2.imencode(
            '.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1],
            cv2.IMREAD_COLOR)
    return image, bool(strong)


def _motion_blur(rng, image):
    length = max(3, int(len(image) * rng.uniform(.035, .09)))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    middle = (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    cv2.line(kernel, tuple(np.round(middle - reach).astype(int).tolist()),
             tuple(np.round(middle + reach).astype(int).tolist()), 1.)
    return cv2.filter2D(image, -1, kernel / kernel.sum(),
                        borderType=cv2.BORDER_REPLICATE)
