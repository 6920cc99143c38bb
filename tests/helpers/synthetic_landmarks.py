"""Annotations of synthetic faces without their images, for the tests."""
import numpy as np

from spiga_mmpose.datasets.synthetic.camera import place, sample_angles
from spiga_mmpose.datasets.synthetic.expression import (sample_expression,
                                                        sample_identity)
from spiga_mmpose.datasets.synthetic.shape_model import (NUM_LANDMARKS,
                                                         shape_model)
from spiga_mmpose.geometry import boxes_to_center_scale, image_to_crop


def synthetic_landmarks(count: int, seed: int = 0) -> np.ndarray:
    """(N, 98, 2) landmarks of random faces, px of a canvas of side 128."""
    model = shape_model()
    faces = []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        coefficients, _ = sample_expression(rng)
        coefficients.update(sample_identity(rng, model.identity))
        vertices = model.vertices(coefficients)[:NUM_LANDMARKS]
        angles = sample_angles(rng, 'default')
        faces.append(place(rng, angles, vertices, 128).pixels(vertices))
    return np.stack(faces)


def in_crop(points: np.ndarray) -> np.ndarray:
    """(N, L, 2) px to normalised coordinates of their landmark crops."""
    boxes = np.concatenate([points.min(1), points.max(1)], 1)
    return np.stack([
        image_to_crop(face, center, scale, 1.)
        for face, center, scale in zip(points, *boxes_to_center_scale(
            boxes, 1.6))
    ])


def aligned(points: np.ndarray, target: np.ndarray,
            reflect: bool = False) -> np.ndarray:
    """(L, 3) points moved, turned and scaled onto a target as well as can be.

    Args:
        points (np.ndarray): (L, 3).
        target (np.ndarray): (L, 3).
        reflect (bool): Mirroring is allowed, too.

    Returns:
        np.ndarray: (L, 3).
    """
    a, b = points - points.mean(0), target - target.mean(0)
    u, lengths, vt = np.linalg.svd(b.T @ a)
    signs = np.ones(3) if reflect else np.array(
        [1, 1, np.linalg.det(u @ vt)])
    turn = u @ np.diag(signs) @ vt
    scale = (lengths * signs).sum() / (a**2).sum()
    return scale * a @ turn.T + target.mean(0)
