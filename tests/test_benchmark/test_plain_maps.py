"""The plain targets are those of the package, drawn in another way."""
import numpy as np
import torch
from drawn_landmarks import drawn_landmarks, in_crop

from spiga_mmpose.benchmark.plain_maps import plain_edge_maps, plain_point_maps
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.targets import draw_edge_maps, draw_point_maps

SIDE = 32


def face():
    """(98, 2) unit and (98,) weights, every ninth 0."""
    weights = np.ones(98, np.float32)
    weights[::9] = 0
    return in_crop(drawn_landmarks(1))[0].astype(np.float32), weights


def batched(*arrays):
    return [torch.from_numpy(array)[None] for array in arrays]


def test_points():
    points, weights = face()
    expected = draw_point_maps(*batched(points, weights), (SIDE, SIDE), 1.5)
    maps = plain_point_maps(points, weights, SIDE, 1.5)
    np.testing.assert_allclose(maps, expected[0], atol=2e-5)


def test_edges():
    points, weights = face()
    weights[51:55] = 0  # the nose: nothing to draw
    curves = list(load_landmark_set('wflw_98').curves.values())
    expected = draw_edge_maps(
        *batched(points, weights), curves, (SIDE, SIDE), 1.)[0].numpy()
    maps = plain_edge_maps(points, weights, curves, SIDE, 1.)
    # At the cut at 3 sigma the maps jump from 0.011 to 0.
    np.testing.assert_allclose(maps, expected, atol=0.02)
    assert maps.max() > 0.95 and not maps[5].any()
