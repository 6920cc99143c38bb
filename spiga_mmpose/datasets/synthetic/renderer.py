"""One synthetic face, from a random generator to a labelled image."""
from dataclasses import dataclass
from functools import lru_cache
from typing import Tuple

import cv2
import numpy as np

from .background import draw_back_hair, draw_background, draw_body
from .camera import (STRONG_POSE, camera_effects, place, sample_angles,
                     vertex_normals)
from .details import draw_brim, draw_glasses, draw_irises, sample_eye_color
from .drawing import noise
from .expression import sample_expression, sample_identity
from .lighting import Light, cast_shadow, levels, sample_light
from .occluders import sample_occluder
from .rasterizer import Coverage, rasterize, sample
from .shape_model import NUM_LANDMARKS, shape_model
from .texture import SIZE, Painted, paint, regions, texture_grid, to_texture

# Share of hidden landmarks above which a covered face counts for the subset
# 'occlusion' (self-occlusion does not count).
STRONG_OCCLUSION = .06
_BEHIND = .06  # head units


@dataclass
class SyntheticFace:
    """A synthetic face and all that is known of it.

    Attributes:
        image (np.ndarray): (H, W, 3) uint8 BGR.
        landmarks (np.ndarray): (98, 2) px, float64.
        hidden (np.ndarray): (98,) bool: behind an object or the head itself.
        pose (np.ndarray): (6,) the pose that drew it.
        vertices (np.ndarray): (98, 3) the landmarks before the pose.
        subsets (tuple[str]): Names of the subsets it belongs to.
    """
    image: np.ndarray
    landmarks: np.ndarray
    hidden: np.ndarray
    pose: np.ndarray
    vertices: np.ndarray
    subsets: Tuple[str, ...]


def draw_face(rng: np.random.Generator,
              size: int = 128,
              variant: str = 'default') -> SyntheticFace:
    """Draw a random face on a canvas of ``size`` px; one of ``VARIANTS``."""
    model = shape_model()
    expression, expressive = sample_expression(rng)
    coefficients = {**sample_identity(rng, model.identity), **expression}
    vertices = model.vertices(coefficients)
    angles = sample_angles(rng, variant)
    camera = place(rng, angles, vertices[:NUM_LANDMARKS], size)
    light = sample_light(rng)
    smile = max(expression['smile_left'], expression['smile_right'], 0)
    painted = paint(rng, min(smile, 1.))

    level = light.typical
    canvas = draw_background(rng, size)
    if rng.random() < .9:
        draw_body(rng, canvas, camera, painted.skin, level)
    image = canvas.astype(np.float32)
    if painted.hair_color is not None and rng.random() < .40:
        draw_back_hair(rng, image, camera, painted.hair_color, level)
    hat = _hat(rng, painted) if rng.random() < .10 else None

    view = camera.view(_puffed(rng, vertices, hat is not None))
    pixels = camera.screen(view)
    landmarks = pixels[:NUM_LANDMARKS]
    coverage = rasterize(pixels, view[:, 2], model.triangles, size)
    eye_alpha, cover = _draw_head(image, coverage, view, painted, light)
    draw_irises(image, eye_alpha, vertices[96:98], camera,
                sample_eye_color(rng), float(level.mean()),
                rng.uniform(.3, .5))

    hidden = coverage.hides(landmarks, view[:NUM_LANDMARKS, 2], view[:, 2],
                            _BEHIND)
    covered = sample(cover, landmarks, 0) > 127
    for mask in _put_on(rng, image, coverage, view, vertices, camera,
                        painted, level, landmarks, hat):
        covered |= sample(mask, landmarks, 0) > 127
    covered &= ~hidden
    image, blurred = camera_effects(rng, image)
    found = dict(
        pose=(np.abs(angles) > STRONG_POSE).any(), expression=expressive,
        illumination=light.hard, makeup=painted.makeup,
        occlusion=covered.mean() > STRONG_OCCLUSION, blur=blurred)
    return SyntheticFace(image, landmarks, hidden | covered, camera.pose,
                         vertices[:NUM_LANDMARKS],
                         tuple(name for name, is_in in found.items()
                               if is_in))


def _puffed(rng, vertices, hat):
    """Hair or a hat makes the skull bigger; the face stays."""
    extra = rng.uniform(.04, .20) + (.06 if hat else 0)
    u, v = shape_model().uv.T - .5
    top = np.clip((-.24 - v) / .08, 0, 1)
    back = np.clip((np.abs(u) - .405) / .03, 0, 1)
    weight = np.maximum(top, back * np.clip((.10 - v) / .1, 0, 1))
    weight[:NUM_LANDMARKS] = 0
    away = vertices - [-1.1, 0, -.4]
    return vertices + extra * weight[:, None] * away


def _hat(rng, painted):
    """Paint a hat over hair and forehead; colour and height of its edge."""
    u, v = texture_grid()
    edge = rng.uniform(-.27, -.20)
    color = rng.uniform(15, 225, 3).astype(np.float32)
    if rng.random() < .5:
        color = color.mean() + .4 * (color - color.mean())
    border = edge + np.clip((np.abs(u) - .2) / .25, 0, 1) * .16
    cover = np.clip((border - v) / .008 + .5, 0, 1)
    band = np.clip(1 - np.abs(v - border + .03) / .02, 0, 1)
    weave = 1 + .10 * noise(rng, 'skin', SIZE)
    tone = (weave - .35 * band) * color[:, None, None]
    painted.color += cover * (tone - painted.color)
    painted.cover = cover if painted.cover is None else np.maximum(
        painted.cover, cover)
    return color, edge / .36 - .26


def _draw_head(image: np.ndarray, coverage: Coverage, view: np.ndarray,
               painted: Painted, light: Light) -> np.ndarray:
    """Draw the textured, lit head in place.

    Returns:
        np.ndarray: (2, H, W) uint8: alpha of the eyeballs, and cover by hair,
        hat and mask.
    """
    model, size = shape_model(), len(image)
    normals = vertex_normals(view, model.triangles, model.normal_sum)
    level, shine = levels(normals, light, painted.gloss)
    level[model.hollows] *= .55
    found = coverage.interpolate(
        np.column_stack([_texture_places(), shine, level]))
    planes = _look_up(_texture_layers(painted), found[0], found[1])
    shine, level = found[2:]
    shine *= 1 - planes[4] * np.float32(1 / 255)  # neither hair nor cloth
    cast_shadow(level, coverage.x / size - .5, coverage.y / size - .5, light)
    flat = image.reshape(-1, 3)
    for channel, tint in enumerate(light.tint.astype(np.float32)):
        flat[coverage.pixels, channel] = (planes[channel] * level +
                                          shine) * tint
    alphas = np.zeros((2, size * size), np.uint8)
    alphas[:, coverage.pixels] = planes[3:]
    return alphas.reshape(2, size, size)


@lru_cache(maxsize=1)
def _texture_places():
    return to_texture(shape_model().uv)


def _texture_layers(painted):
    """(SIZE, SIZE, 5) uint8: BGR, eyeballs, cover."""
    color = np.clip(painted.color, 0, 255, out=painted.color)
    eyes = np.zeros((SIZE, SIZE), np.uint8)
    region = regions()['eyes']
    eyes[region.window] = region.mask * 255
    cover = np.zeros_like(eyes) if painted.cover is None else (
        painted.cover * 255).astype(np.uint8)
    return cv2.merge([*color.astype(np.uint8), eyes, cover])


def _look_up(texture, x, y):
    """(P,) texture px each to C planes of (P,) uint8."""
    width = 256  # OpenCV's maps want rows of moderate length
    rows = -(-len(x) // width)
    maps = np.zeros((2, rows * width), np.float32)
    maps[0, :len(x)], maps[1, :len(x)] = x, y
    values = cv2.remap(texture, *maps.reshape(2, rows, width),
                       cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return [plane.reshape(-1)[:len(x)] for plane in cv2.split(values)]


def _put_on(rng, image, coverage, view, vertices, camera, painted, level,
            landmarks, hat):
    """Glasses, a cap's peak, occluders; the masks of what they hide."""
    masks = []
    wears = rng.random()
    if wears < .18:
        masks.append(draw_glasses(rng, image, coverage.depth_map(view[:, 2]),
                                  vertices, camera, level, dark=wears < .05))
    if hat is not None and rng.random() < .6:
        masks.append(draw_brim(rng, image, camera, hat[0], hat[1], level))
    box = np.concatenate([landmarks.min(0), landmarks.max(0)])
    if rng.random() < .24:
        masks.append(sample_occluder(rng, image, box, painted.skin, level))
    return masks
