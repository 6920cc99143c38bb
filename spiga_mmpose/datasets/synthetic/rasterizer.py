"""Triangles to pixels: which triangle covers a pixel, and interpolation.

Triangles facing the camera are filled far to near by OpenCV; then all
covered pixels interpolate their triangles' values at once.

Shape alphabet: T triangles, N vertices, P covered pixels, A values a vertex.
"""
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from .drawing import SHIFT

# Squared px. Triangles thinner than about its root are taken for thicker, so
# that pixels a little outside of them do not extrapolate far.
_DAMPING = 0.1
_AROUND = np.array([(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)])


@dataclass
class Coverage:
    """The covered pixels.

    Attributes:
        triangles (np.ndarray): (H, W) int32, id of the nearest triangle; -1
            where nothing is.
        pixels (np.ndarray): (P,) flat indices of the covered pixels.
        x (np.ndarray): (P,) float32 px.
        y (np.ndarray): (P,) float32 px.
        corners (np.ndarray): (T, 3) vertex ids.
        centres (np.ndarray): (T, 2) px.
        inverse (np.ndarray): (T, 2, 2) px to shares of the edges.
    """
    triangles: np.ndarray
    pixels: np.ndarray
    x: np.ndarray
    y: np.ndarray
    corners: np.ndarray
    centres: np.ndarray
    inverse: np.ndarray

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """(N, A) values of the vertices to (A, P) of the pixels."""
        covering = self.triangles.reshape(-1)[self.pixels]
        return self._at(values, covering, self.x, self.y)

    def depth_map(self, depth: np.ndarray) -> np.ndarray:
        """(N,) depths to (H, W) float32, infinite where nothing is."""
        full = np.full(self.triangles.size, np.inf, np.float32)
        full[self.pixels] = self.interpolate(depth[:, None])[0]
        return full.reshape(self.triangles.shape)

    def hides(self, points: np.ndarray, depth: np.ndarray,
              vertex_depth: np.ndarray, tolerance: float) -> np.ndarray:
        """Points that lie behind the surface.

        Args:
            points (np.ndarray): (L, 2) px.
            depth (np.ndarray): (L,).
            vertex_depth (np.ndarray): (N,).
            tolerance (float): How far behind still counts as on the surface.

        Returns:
            np.ndarray: (L,) bool: behind in the whole 3 x 3 neighbourhood,
            so points on the silhouette are not lost to rounding. Points off
            the canvas count as not hidden.
        """
        cells = (np.round(points)[:, None] + _AROUND).reshape(-1, 2)
        x, y = cells.T
        covering = sample(self.triangles, cells, -1)
        surface = self._at(vertex_depth[:, None], covering, x, y)[0]
        surface[covering < 0] = np.inf
        return depth > surface.reshape(len(points), -1).max(1) + tolerance

    def _at(self, values, covering, x, y):
        """(A, P) values at pixels (x, y) of the triangles ``covering``."""
        a, b, c = (values[self.corners[:, i]] for i in range(3))  # (T, A)
        ab, ac = b - a, c - a
        inverse = self.inverse
        slope_x = inverse[:, 0, :1] * ab + inverse[:, 0, 1:] * ac
        slope_y = inverse[:, 1, :1] * ab + inverse[:, 1, 1:] * ac
        base = a + (ab + ac) / 3 - slope_x * self.centres[:, :1] - (
            slope_y * self.centres[:, 1:])
        table = np.concatenate([slope_x, slope_y, base], 1).T
        count = values.shape[1]
        found = np.take(table.astype(np.float32), covering, axis=1)
        result = found[:count]
        result *= x
        found[count:2 * count] *= y
        result += found[count:2 * count]
        result += found[2 * count:]
        return result


def rasterize(points: np.ndarray, depth: np.ndarray, corners: np.ndarray,
              size: int) -> Coverage:
    """Cover the canvas with triangles.

    Args:
        points (np.ndarray): (N, 2) px, pixel centres at integers.
        depth (np.ndarray): (N,) distance, greater is farther.
        corners (np.ndarray): (T, 3) vertex ids; triangles that turn clockwise
            on the screen (y down) face the camera.
        size (int): Side of the canvas, px.

    Returns:
        Coverage: Of the nearest triangles.
    """
    places = points[corners]  # (T, 3, 2)
    ab = places[:, 1] - places[:, 0]
    ac = places[:, 2] - places[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    seen = np.flatnonzero(area > 1e-2)
    order = seen[np.argsort(-depth[corners[seen]].sum(1), kind='stable')]
    fixed = np.round(places[order] * (1 << SHIFT)).astype(np.int32)
    ids = np.full((size, size), -1, np.int32)
    fill = cv2.fillConvexPoly
    for index, place in zip(order.tolist(), fixed):
        fill(ids, place, index, 8, SHIFT)

    pixels = np.flatnonzero(ids.reshape(-1) >= 0)
    x, y = (axis[pixels] for axis in _pixel_axes(size))
    # Damped inverse of the edges, E' (E E' + d I)^-1 with rows ab and ac.
    p = ab[:, 0]**2 + ab[:, 1]**2 + _DAMPING
    q = ab[:, 0] * ac[:, 0] + ab[:, 1] * ac[:, 1]
    r = ac[:, 0]**2 + ac[:, 1]**2 + _DAMPING
    scale = 1 / (p * r - q * q)
    inverse = np.stack([(ab * r[:, None] - ac * q[:, None]),
                        (ac * p[:, None] - ab * q[:, None])],
                       -1) * scale[:, None, None]
    return Coverage(ids, pixels, x, y, corners,
                    places[:, 0] + (ab + ac) / 3, inverse)


@lru_cache(maxsize=4)
def _pixel_axes(size):
    """x and y of all pixels, flat, float32."""
    y, x = np.indices((size, size), np.float32)
    return x.reshape(-1), y.reshape(-1)


def sample(values: np.ndarray, points: np.ndarray,
           outside: float) -> np.ndarray:
    """Values of a square map at points, (L,).

    Args:
        values (np.ndarray): (H, W).
        points (np.ndarray): (L, 2) px, rounded to the nearest pixel.
        outside (float): For points off the map.
    """
    size = len(values)
    x, y = np.round(points).astype(int).T
    inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    return np.where(
        inside, values[np.clip(y, 0, size - 1),
                       np.clip(x, 0, size - 1)], outside)
