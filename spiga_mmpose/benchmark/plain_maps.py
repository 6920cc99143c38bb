"""Training targets drawn face by face with NumPy and SciPy, by the loader.

The usual way, to measure against: this package draws them where the loss
needs them (:mod:`spiga_mmpose.models.targets`).

Shape alphabet: L landmarks, E curves, H x W map.
"""
from typing import List, Sequence, Tuple

import numpy as np
from scipy.interpolate import splev, splprep
from scipy.spatial import cKDTree

from spiga_mmpose.landmark_sets import LandmarkSet

# Points of a curve between which a cell's distance is not told apart.
_SAMPLES = 500
# The edge maps are 0 beyond so many sigma, as the targets of the package.
_REACH = 3


def plain_point_maps(landmarks: np.ndarray, weights: np.ndarray, side: int,
                     sigma: float) -> np.ndarray:
    """A Gaussian of peak 1 at every landmark.

    Args:
        landmarks (np.ndarray): (L, 2) unit.
        weights (np.ndarray): (L,), 0 where there is nothing to draw.
        side (int): H and W.
        sigma (float): Cells.

    Returns:
        np.ndarray: (L, H, W) float32.
    """
    rows, columns = np.mgrid[:side, :side]
    maps = np.zeros((len(landmarks), side, side), np.float32)
    for place in np.flatnonzero(weights > 0):
        x, y = landmarks[place] * side
        squares = (columns - x)**2 + (rows - y)**2
        maps[place] = np.exp(-squares / (2 * sigma**2))
    return maps


def plain_edge_maps(landmarks: np.ndarray, weights: np.ndarray,
                    curves: Sequence[List[int]], side: int,
                    sigma: float) -> np.ndarray:
    """A ridge of height 1 along every curve.

    Args:
        landmarks (np.ndarray): (L, 2) unit.
        weights (np.ndarray): (L,), 0 for landmarks that the curves leave out.
        curves (Sequence[list[int]]): Landmarks along each of E curves.
        side (int): H and W.
        sigma (float): Cells.

    Returns:
        np.ndarray: (E, H, W) float32.
    """
    rows, columns = np.mgrid[:side, :side]
    cells = np.stack([columns.ravel(), rows.ravel()], 1)
    maps = np.zeros((len(curves), side * side), np.float32)
    for place, curve in enumerate(curves):
        points = [landmarks[i] * side for i in curve if weights[i] > 0]
        if not points:
            continue
        distance = cKDTree(_line(np.array(points))).query(
            cells, distance_upper_bound=_REACH * sigma)[0]  # inf beyond
        maps[place] = np.exp(-distance**2 / (2 * sigma**2))
    return maps.reshape(-1, side, side)


def _line(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) close to each other along the spline through some."""
    new = np.linalg.norm(np.diff(points, axis=0), axis=1) > 0.01
    points = points[np.append(True, new)]
    if len(points) == 1:
        return points
    spline, _ = splprep(points.T, s=0, k=min(3, len(points) - 1))
    return np.stack(splev(np.linspace(0, 1, _SAMPLES), spline), 1)


class PlainMaps:
    """A transform, for the end of a pipeline: adds the maps of a face.

    Args:
        landmark_set (LandmarkSet): Its curves are drawn.
        side (int): H and W.
        sigmas (tuple[float, float]): Of points and edges, cells.
    """

    def __init__(self, landmark_set: LandmarkSet, side: int,
                 sigmas: Tuple[float, float]) -> None:
        self.curves = list(landmark_set.curves.values())
        self.side = side
        self.sigmas = sigmas

    def __call__(self, sample: dict) -> dict:
        """Adds ``points`` (L, H, W) and ``edges`` (E, H, W)."""
        labels = sample['data_samples'].gt_instance_labels
        landmarks = labels.keypoint_labels[0].numpy()
        weights = labels.keypoint_weights[0].numpy()
        sample['points'] = plain_point_maps(landmarks, weights, self.side,
                                            self.sigmas[0])
        sample['edges'] = plain_edge_maps(landmarks, weights, self.curves,
                                          self.side, self.sigmas[1])
        return sample
