"""Triangles to pixels: which triangle covers a pixel, and interpolation.

Triangles facing the camera are filled far to near by OpenCV; then all
covered pixels interpolate their triangles' values at once.

Shape alphabet: T triangles, N vertices, P covered pixels, A values a vertex.
"""
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from .drawing import SHIFT, fixed

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
        x (np.ndarray): (P,) float32 px, as y.
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
        """Points that lie more than a tolerance behind the surface.

        Args:
            points (np.ndarray): (L, 2) px.
            depth (np.ndarray): (L,).
            vertex_depth (np.ndarray): (N,).
            tolerance (float): In units of the depth.

        Returns:
            np.ndarray: (L,) bool: behind in the whole 3 x 3 neighbourhood,
            so points on the silhouette are not lost to rounding. Points off
            the canvas count as not hidden.
        """
        cells = (np.round(points)[:, None] + _AROUND).reshape(-1, 2)
        covering = sample(self.triangles, cells, -1)
        surface = self._at(vertex_depth[:, None], covering, *cells.T)[0]
        surface[covering < 0] = np.inf
        return depth > surface.reshape(len(points), -1).max(1) + tolerance

    def _at(self, values, covering, x, y):
        """(A, P) values at pixels (x, y) of the triangles ``covering``."""
        a, b, c = (values[self.corners[:, i]] for i in range(3))  # (T, A)
        ab, ac = b - a, c - a
        slope_x, slope_y = (
            self.inverse[:, i, :1] * ab + self.inverse[:, i, 1:] * ac
            for i in range(2))
        base = a + (ab + ac) / 3 - slope_x * self.centres[:, :1] - (
            slope_y * self.centres[:, 1:])
        table = np.concatenate([slope_x, slope_y, base], 1).T
        result, by_y, base = np.split(
            np.take(table.astype(np.float32), covering, axis=1), 3)
        result *= x
        by_y *= y
        result += by_y
        result += base
        return result


def rasterize(points: np.ndarray, depth: np.ndarray, corners: np.ndarray,
              size: int) -> Coverage:
    """Cover a square canvas with triangles.

    Args:
        points (np.ndarray): (N, 2) px, pixel centres at integers.
        depth (np.ndarray): (N,) distance, greater is farther.
        corners (np.ndarray): (T, 3) vertex ids; triangles that turn clockwise
            on the screen (y down) face the camera.
        size (int): Side of the canvas, px.
    """
    places = points[corners]  # (T, 3, 2)
    ab = places[:, 1] - places[:, 0]
    ac = places[:, 2] - places[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    seen = np.flatnonzero(area > 1e-2)
    order = seen[np.argsort(-depth[corners[seen]].sum(1), kind='stable')]
    ids = np.full((size, size), -1, np.int32)
    for index, place in zip(order.tolist(), fixed(places[order])):
        cv2.fillConvexPoly(ids, place, index, 8, SHIFT)

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
    return np.indices((size, size), np.float32)[::-1].reshape(2, -1)


def sample(values: np.ndarray, points: np.ndarray,
           outside: float) -> np.ndarray:
    """(L,) values of a square map at the pixels nearest to points (L, 2),
    px; ``outside`` off the map."""
    x, y = np.round(points).astype(int).T
    cut_x, cut_y = np.clip([x, y], 0, len(values) - 1)
    return np.where((x == cut_x) & (y == cut_y), values[cut_y, cut_x],
                    outside)
