"""The shape of a synthetic face: a linear model over a triangulated head.

The first 98 vertices are the rigid head of the landmark set ``wflw_98``; the
others complete it to a closed surface (forehead, cheeks, nose wings, skull,
ears) and follow the same smooth displacements, so that skin moves with the
landmarks. World axes as in :mod:`spiga_mmpose.geometry.euler`: x out of the
face, y to the left edge of the image, z down; one head unit is about 10 cm.

Shape alphabet: N vertices, K components, T triangles.
"""
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.spatial import Delaunay

from spiga_mmpose.landmark_sets import load_landmark_set

NUM_LANDMARKS = 98
LEFT_EYE = list(range(60, 68))
RIGHT_EYE = list(range(68, 76))
OUTER_LIP = list(range(76, 88))
INNER_LIP = list(range(88, 96))
LEFT_BROW = list(range(33, 42))
RIGHT_BROW = list(range(42, 51))
CONTOUR = list(range(33))

# One side (y > 0) of the surface between the landmarks; mirrored to y < 0.
_SIDE_POINTS = np.array([
    # forehead and temples
    (-0.18, 0.30, -0.74), (-0.40, 0.55, -0.70), (-0.30, 0.28, -0.98),
    (-0.50, 0.50, -0.94), (-0.62, 0.66, -0.58), (-0.68, 0.68, -0.38),
    # eye socket: above the lid, beside and under the eye
    (-0.27, 0.30, -0.455), (-0.30, 0.17, -0.425), (-0.36, 0.43, -0.44),
    (-0.45, 0.50, -0.33), (-0.29, 0.28, -0.24), (-0.36, 0.42, -0.24),
    (-0.27, 0.14, -0.28),
    # nose: bridge side, mid side, upper wing, wing
    (-0.20, 0.07, -0.32), (-0.20, 0.10, -0.16), (-0.11, 0.075, -0.05),
    (-0.20, 0.155, -0.01), (-0.09, 0.06, 0.05), (-0.07, 0.05, -0.16),
    # cheek
    (-0.33, 0.36, -0.08), (-0.55, 0.56, -0.16), (-0.26, 0.24, 0.04),
    (-0.40, 0.42, 0.12), (-0.64, 0.57, 0.06), (-0.34, 0.30, 0.20),
    (-0.50, 0.43, 0.30), (-0.68, 0.50, 0.26), (-0.41, 0.30, 0.34),
    (-0.52, 0.35, 0.45),
    # chin
    (-0.38, 0.20, 0.47), (-0.40, 0.14, 0.60), (-0.50, 0.26, 0.56),
])
_MIDDLE_POINTS = [
    (-0.13, 0, -0.74), (-0.23, 0, -1.0), (-0.12, 0, -0.56),
    (-0.31, 0, 0.45), (-0.335, 0, 0.56), (-0.37, 0, 0.66),
]
# Upper border, from the right ear (y < 0) over the hairline to the left.
_TOP_POINTS = [
    (-0.80, -0.73, -0.62), (-0.72, -0.66, -0.90), (-0.62, -0.48, -1.12),
    (-0.52, -0.24, -1.24), (-0.49, 0, -1.27), (-0.52, 0.24, -1.24),
    (-0.62, 0.48, -1.12), (-0.72, 0.66, -0.90), (-0.80, 0.73, -0.62),
]
# Rings from the border to the back: share of the way back, radial factor of
# the skull, radial factor and share of the way back under the jaw.
_RINGS = [(0.12, 1.06, 0.95, 0.06), (0.45, 1.13, 0.76, 0.22),
          (0.82, 0.80, 0.52, 0.40), (1.00, 0.02, 0.35, 0.50)]
_BACK = -2.15
_AXIS_Z = -0.35  # height of the axis the rings shrink to
# One ear, y > 0: a fan around its first point.
_EAR_POINTS = np.array([
    (-1.01, 0.76, -0.16), (-0.94, 0.72, -0.34), (-1.04, 0.78, -0.41),
    (-1.14, 0.83, -0.35), (-1.14, 0.83, -0.18), (-1.07, 0.79, -0.02),
    (-0.98, 0.74, 0.03), (-0.92, 0.71, -0.05)])
_EAR = len(_EAR_POINTS)
_NUM_BACKS = 2 * (_EAR - 1)  # triangles of the backs of the ears
_MIRROR = [1, -1, 1]


def _smoothstep(x, low, high):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@dataclass(frozen=True)
class ShapeModel:
    """A linear face: ``mean + sum of coefficient * component``.

    Attributes:
        mean (np.ndarray): (N, 3) head units; rows 0 to 97 are the landmarks.
        names (list[str]): K names of the components.
        basis (np.ndarray): (K, N, 3) displacement at coefficient 1.
        triangles (np.ndarray): (T, 3) vertex ids, turned outwards.
        uv (np.ndarray): (N, 2) place on the unrolled head, [0, 1].
        normal_sum (csr_matrix): (N, T) sums triangle normals to vertices.
        identity (dict[str, float]): Standard deviation of the components
            that make a person.
    """
    mean: np.ndarray
    names: list
    basis: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    normal_sum: csr_matrix
    identity: Dict[str, float]

    @property
    def hollows(self) -> list:
        """Vertices that light hardly reaches: the middles of the ears."""
        return [len(self.mean) - 2 * _EAR, len(self.mean) - _EAR]

    def vertices(self, coefficients: Dict[str, float]) -> np.ndarray:
        """(N, 3) vertices; components that are not named count 0.

        Raises:
            ValueError: If there is no component of a name.
        """
        unknown = sorted(coefficients.keys() - set(self.names))
        if unknown:
            raise ValueError(f'no component {unknown[0]!r}; '
                             f'expected some of {self.names}')
        weights = [coefficients.get(name, 0.) for name in self.names]
        # Not BLAS: the sum must not depend on the number of threads.
        return self.mean + np.einsum('k,kni->ni', weights, self.basis)


@lru_cache(maxsize=1)
def shape_model() -> ShapeModel:
    """The model, built once a process."""
    front = np.concatenate([
        load_landmark_set('wflw_98').head_model, _SIDE_POINTS,
        _SIDE_POINTS * _MIRROR, _MIDDLE_POINTS, _TOP_POINTS])
    loop = CONTOUR + list(
        range(len(front) - len(_TOP_POINTS), len(front)))
    mean = np.concatenate([front, _skull_rings(front[loop]), _EAR_POINTS,
                           _EAR_POINTS * _MIRROR])
    identity, expression = _components(mean)
    components = {**{k: v[1] for k, v in identity.items()}, **expression}
    names, basis = list(components), np.stack(list(components.values()))

    uv = _texture_coordinates(mean, components, len(front), loop)
    triangles = _triangulate(uv, len(front), loop)
    counts = np.ones(triangles.size)
    counts[-3 * _NUM_BACKS:] = 0
    normal_sum = csr_matrix((counts, (
        triangles.reshape(-1), np.repeat(np.arange(len(triangles)), 3))))
    return ShapeModel(mean, names, basis, triangles, uv, normal_sum,
                      {k: v[0] for k, v in identity.items()})


def _skull_rings(border):
    """Rings from the border of the face to the back, one after another."""
    x, y, z = border.T
    low = _smoothstep(z, -0.15, 0.40)
    rings = []
    for back, wide, narrow, back_low in _RINGS:
        x_up = x + (_BACK - x) * back
        x_low = x - 1.1 * back_low
        scale = wide * (1 - low) + narrow * low
        height = wide * (1 - low) + (0.4 + 0.6 * narrow) * low
        rings.append(np.stack([
            x_up * (1 - low) + x_low * low, y * scale,
            _AXIS_Z + (z - _AXIS_Z) * height], -1))
    return np.concatenate(rings)


def _texture_coordinates(mean, components, num_front, loop):
    """Unrolled head; lids and lips open so that they own texture space."""
    opened = mean + 0.8 * components['lips_part']
    for name in ('lid_left', 'lid_right'):
        opened -= 0.6 * components[name]
    flat = np.stack([
        -np.arctan2(opened[:, 1], opened[:, 0] + 1.05) * 0.27,
        (opened[:, 2] + 0.26) * 0.36
    ], -1)
    flat[num_front:-2 * _EAR] = np.concatenate([
        flat[loop] * (1.05 + 0.08 * ring) for ring in range(len(_RINGS))])
    for ear, at in ((np.s_[-2 * _EAR:-_EAR], 3), (np.s_[-_EAR:], 29)):
        local = mean[ear] - mean[ear][0]  # on a spot of plain cheek
        flat[ear] = flat[at] * [.93, 1] + 0.03 * local[:, [0, 2]]
    return np.clip(flat + 0.5, 0.005, 0.995)


def _triangulate(uv, num_front, loop):
    """(T, 3) triangles of the closed surface, turned outwards."""
    flat = uv[:num_front]
    border = flat[loop].astype(np.float32)
    triangles = [
        t for t in Delaunay(flat).simplices
        if cv2.pointPolygonTest(border, flat[t].mean(0).astype(
            np.float32).tolist(), False) >= 0
    ]
    rows = np.concatenate([
        loop, num_front + np.arange(len(_RINGS) * len(loop))
    ]).reshape(-1, len(loop))
    for inner, outer in zip(rows[:-1], rows[1:]):
        for a, b, c, d in zip(inner, np.roll(inner, -1), np.roll(outer, -1),
                              outer):
            triangles += [(a, b, c), (a, c, d)]
    triangles = np.array(triangles)
    a, b, c = (uv[triangles[:, i]] for i in range(3))
    # Texture u runs like image x, v like image y: one turn for all.
    turn = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    triangles[turn < 0] = triangles[turn < 0][:, ::-1]
    fan = np.array([(0, i, i % (_EAR - 1) + 1) for i in range(1, _EAR)])
    ears = np.concatenate([len(uv) - 2 * _EAR + fan[:, ::-1],
                           len(uv) - _EAR + fan])
    # Ears are seen from both sides: their backs come last, see normal_sum.
    return np.concatenate([triangles, ears, ears[:, ::-1]])


def _components(mean):
    """Identity: name -> (std, (N, 3)); expression: name -> (N, 3)."""
    x, y, z = mean.T
    side = np.sign(y) * np.clip(np.abs(y) / 0.05, 0, 1)
    face = 1 - _smoothstep(-x, 1.0, 1.4)  # fades out on the skull

    def near(cy, cz, radius, both=True):
        """Smooth weight around (y, z) = (+-cy, cz), on the face only."""
        distance = (np.abs(y) - cy if both else y - cy)**2 + (z - cz)**2
        return np.exp(-distance / (2 * radius**2)) * face

    def along(axis, weight):
        moved = np.zeros_like(mean)
        moved[:, axis] = weight
        return moved

    def only(points, values):
        weight = np.zeros(len(mean))
        weight[points] = values
        return weight

    low = _smoothstep(z, 0.05, 0.6)
    eye = near(0.29, -0.36, 0.10)
    brow = near(0.33, -0.50, 0.13)
    nose = near(0.0, 0.0, 0.16)
    mouth = near(0.0, 0.30, 0.17)
    upper, lower = slice(77, 82), slice(83, 88)  # of the outer lip
    upper_lip = only(upper, [.6, 1, 1, 1, .6])
    lower_lip = only(lower, [.6, 1, 1, 1, .6])
    upper_brow = only([34, 35, 36, 37, 42, 43, 44, 45],
                      [.8, 1, 1, .7, .7, 1, 1, .8])
    identity = {
        'width': (.055, along(1, y)),
        'depth': (.06, along(0, x)),
        'jaw_width': (.09, along(1, y * low)),
        'lower_length': (.10, along(2, np.maximum(z, 0) * face)),
        'upper_length': (.10, along(2, np.minimum(z + .45, 0))),
        'cheek_width': (.030, along(1, side * near(.6, .1, .25))),
        'cheek_depth': (.035, along(0, near(.40, .05, .18))),
        'chin_length': (.050, along(2, near(0, .72, .20))),
        'chin_depth': (.045, along(0, near(0, .65, .22))),
        'chin_width': (.16, along(1, y * near(0, .72, .22))),
        'nose_length': (.040, along(2, near(0, .04, .16))),
        'nose_width': (.18, along(1, y * near(0, .04, .15))),
        'nose_depth': (.050, along(0, nose + .5 * near(0, -.2, .12))),
        'bridge_depth': (.025, along(0, near(0, -.35, .10))),
        'eye_spacing': (.022, along(1, side * (eye + .5 * brow))),
        'eye_size': (.13, along(1, side * (np.abs(y) - .29) * eye) +
                     along(2, (z + .36) * eye)),
        'eye_height': (.022, along(2, eye)),
        'eye_tilt': (.13, along(2, (.29 - np.abs(y)) * eye)),
        'lid_gap': (.30, along(2, (z + .36) * near(.29, -.36, .06))),
        'brow_height': (.026, along(2, -brow)),
        'brow_tilt': (.13, along(2, (.33 - np.abs(y)) * brow)),
        'brow_arch': (.020, along(2, -near(.36, -.53, .08))),
        'brow_thick': (.014, along(2, -upper_brow)),
        'brow_length': (.08, along(1, side * (np.abs(y) - .3) * brow)),
        'mouth_width': (.14, along(1, y * mouth)),
        'mouth_height': (.030, along(2, mouth)),
        'mouth_depth': (.025, along(0, mouth)),
        'upper_lip': (.016, along(2, -upper_lip)),
        'lower_lip': (.020, along(2, lower_lip)),
        'forehead_depth': (.05, along(0, near(0, -.9, .25))),
    }
    rng = np.random.default_rng(20220)  # fixed: these are part of the model
    centres = rng.uniform((-.6, -.6), (.6, .7), (8, 2))
    for number, (cy, cz) in enumerate(centres):
        weight = near(cy, cz, .22, both=False)
        direction = rng.normal(size=3) * [.6, 1, 1]
        identity[f'asymmetry_{number}'] = (
            .020, weight[:, None] * direction / np.linalg.norm(direction))

    jaw = _smoothstep(z, .26, .62) * face
    jaw[upper_lip > 0] = 0
    jaw[[79, 89, 90, 91]] = 0
    jaw[93:96] = [.85, 1, .85]
    jaw[lower] = [.8, .95, 1, .95, .8]
    jaw[[76, 82, 88, 92]] = [.35, .35, .42, .42]
    corner = near(.22, .29, .11)
    corner[jaw > .75] *= .4
    expression = {
        'mouth_open': along(2, .30 * jaw - .02 * upper_lip) +
        along(0, -.10 * jaw) + along(1, -.10 * y * mouth),
        'lips_part': along(2, only(slice(93, 96), [.10, .12, .10]) +
                           .10 * lower_lip - .03 * upper_lip -
                           only(slice(89, 92), .03)),
        'pout': along(1, -.45 * y * mouth) + along(0, .08 * mouth) +
        along(2, .025 * lower_lip - .025 * upper_lip),
        'press': along(2, only(lower, -.03) + only(upper, .02)),
        'jaw_shift': along(1, .12 * _smoothstep(z, .15, .6) * face),
        'frown': along(1, -.03 * side * near(.12, -.47, .10)) +
        along(2, .055 * near(.14, -.48, .11)),
        'gaze_side': along(1, only([96, 97], .045)),
        'gaze_up': along(2, only([96, 97], -.016)),
    }
    for name, half, lids, pupil in (
            ('left', y > 0, [(61, 67), (62, 66), (63, 65)], 96),
            ('right', y < 0, [(69, 75), (70, 74), (71, 73)], 97)):
        cheek = near(.36, -.1, .16) * half
        expression[f'smile_{name}'] = half[:, None] * (
            along(1, .075 * side * corner) + along(2, -.085 * corner) +
            along(0, -.05 * corner)) + along(2, -.03 * cheek) + along(
                0, .03 * cheek)
        expression[f'corner_down_{name}'] = along(2, .05 * corner * half)
        expression[f'brow_raise_{name}'] = along(
            2, -.085 * near(.33, -.54, .15) * half *
            _smoothstep(-z, .40, .47))
        close = np.zeros_like(mean)
        for over, under in lids:
            close[over] = .88 * (mean[under] - mean[over])
            close[under] = -.12 * (mean[under] - mean[over])
        close[pupil, 2] = .015
        expression[f'lid_{name}'] = close
    return identity, expression
