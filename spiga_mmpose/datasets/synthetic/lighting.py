"""Light on the head: ambient, one main light, a rim light, cast shadows."""
from dataclasses import dataclass
from typing import Optional

import numpy as np


@dataclass
class Light:
    """Lights in camera axes (x right, y down, z away).

    Attributes:
        direction (np.ndarray): (3,) unit, towards the main light.
        rim (np.ndarray): (3,) unit, towards the weak second light.
        ambient (float): Factor, as main and rim_level.
        tint (np.ndarray): (3,) BGR factors on all of them.
        shadow (tuple | None): Unit normal x, y, offset, softness (canvas
            units) and darkness of the border of a cast shadow.
        hard (bool): Counts for the subset 'illumination'.
    """
    direction: np.ndarray
    rim: np.ndarray
    ambient: float
    main: float
    rim_level: float
    tint: np.ndarray
    shadow: Optional[tuple]
    hard: bool

    @property
    def typical(self) -> np.ndarray:
        """(3,) BGR factors on things beside the head."""
        return np.clip((self.ambient + .6 * self.main) * self.tint, 0, 1.3)


def _unit(*vector):
    return np.array(vector) / np.linalg.norm(vector)


def sample_light(rng: np.random.Generator) -> Light:
    """A random light; about one in six is hard."""
    tint = 1 + rng.normal(size=3) * .05
    hard = rng.random() < .18
    direction = _unit(rng.normal() * .7, rng.normal() * .4 - .35, -1.)
    ambient, main, shadow = rng.uniform(.42, .62), rng.uniform(.4, .6), None
    kind = rng.integers(5) if hard else None
    if kind == 0:  # from the side
        direction = _unit(rng.choice([-1., 1.]), rng.normal() * .4, -.15)
        ambient, main = rng.uniform(.15, .3), rng.uniform(.7, 1.1)
    elif kind == 1:  # dark
        ambient, main = rng.uniform(.10, .2), rng.uniform(.1, .25)
    elif kind == 2:  # glaring
        ambient, main = rng.uniform(.6, .8), rng.uniform(.5, .75)
    elif kind == 3:  # coloured
        tint = rng.uniform(.55, 1.2, 3)
    elif kind == 4:
        angle = rng.uniform(0, 2 * np.pi)
        shadow = (np.cos(angle), np.sin(angle), rng.uniform(-.15, .15),
                  rng.uniform(.008, .05), rng.uniform(.35, .7))
    rim = _unit(-direction[0], rng.normal() * .5, -.3)
    return Light(direction, rim, ambient, main, rng.uniform(0, .3), tint,
                 shadow, bool(hard))


def levels(normals: np.ndarray, light: Light, gloss: float) -> tuple:
    """Light on vertices with unit normals (N, 3) in camera axes.

    Returns:
        tuple: (N,) factor on the colour; (N,) highlight, 0 to 255.
    """
    main = normals @ light.direction
    rim = np.maximum(normals @ light.rim, 0)
    facing = np.maximum(-normals[:, 2], 0)
    diffuse = np.maximum(.82 * main + .18, 0)
    level = (light.ambient * (.75 + .25 * facing) + light.main * diffuse +
             light.rim_level * rim * rim)
    half = _unit(*light.direction - [0, 0, 1])
    shine = np.maximum(normals @ half, 0)**16
    return level, 115 * gloss * light.main * shine


def cast_shadow(level: np.ndarray, x: np.ndarray, y: np.ndarray,
                light: Light):
    """Darken the pixels beyond the shadow's border, in place.

    ``level`` (P,) are factors at x, y, canvas units around the middle.
    """
    if light.shadow is None:
        return
    nx, ny, offset, soft, dark = light.shadow
    beyond = np.clip(((x * nx + y * ny - offset) / soft + .5).astype(
        np.float32), 0, 1)
    level *= 1 - np.float32(dark) * beyond
