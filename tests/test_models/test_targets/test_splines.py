"""Spline segments against SciPy's splprep."""
import numpy as np
import pytest
import torch
from scipy.interpolate import splev, splprep

from spiga_mmpose.models.targets.edge_maps import spline_segments


def evaluate(coefficients, segments, samples=50):
    """Points along the first segments, and the same points by SciPy."""
    t = np.linspace(0, 1, samples)[:, None]
    powers = np.stack([t**0, t, t**2, t**3])  # (4, samples, 1)
    coefficients = coefficients.numpy().astype(np.float64)
    return np.concatenate([(powers * coefficients[i][:, None]).sum(0)
                           for i in range(segments)])


def by_scipy(points, samples=50):
    spline, knots = splprep(points.T, s=0, k=min(3, len(points) - 1))
    t = np.concatenate(
        [np.linspace(a, b, samples) for a, b in zip(knots[:-1], knots[1:])])
    return np.stack(splev(t, spline), -1)


@pytest.mark.parametrize('n', [2, 3, 4, 5, 8, 33])
def test_equals_splprep(n):
    rng = np.random.default_rng(n)
    points = rng.uniform(0, 64, (6, n, 2)).astype(np.float32)
    found, exists = spline_segments(
        torch.tensor(points), torch.ones(6, n, dtype=torch.bool))
    assert found.shape == (6, n - 1, 4, 2) and exists.all()
    for coefficients, expected in zip(found, points.astype(np.float64)):
        np.testing.assert_allclose(
            evaluate(coefficients, n - 1), by_scipy(expected), atol=2e-3)


@pytest.mark.parametrize('left', range(8))
def test_invalid_points_are_left_out(left):
    rng = np.random.default_rng(left)
    points = rng.uniform(0, 64, (8, 2)).astype(np.float32)
    valid = np.zeros(8, bool)
    valid[rng.permutation(8)[:left]] = True
    found, exists = spline_segments(
        torch.tensor(points)[None],
        torch.tensor(valid)[None])
    # One segment fewer than points, but the only point is a segment too.
    segments = max(left - 1, min(left, 1))
    assert exists[0].tolist() == [i < segments for i in range(7)]
    assert (found[0, max(left - 1, 0):, 1:] == 0).all()
    if left == 1:
        np.testing.assert_array_equal(found[0, 0, 0], points[valid][0])
    elif left > 1:
        np.testing.assert_allclose(
            evaluate(found[0], segments),
            by_scipy(points[valid].astype(np.float64)),
            atol=2e-3)


def test_consecutive_duplicates_count_once():
    points = torch.tensor([[0., 0], [0, 0], [4, 1], [6, 5], [6, 5.005], [6, 5],
                           [1, 9], [1, 9]])
    found, exists = spline_segments(points[None],
                                    torch.ones(1, 8, dtype=torch.bool))
    kept = points[[0, 2, 3, 6]][None]
    expected, _ = spline_segments(kept, torch.ones(1, 4, dtype=torch.bool))
    assert exists.sum() == 3
    torch.testing.assert_close(found[:, :3], expected)


def test_duplicates_apart_are_both_passed():
    points = torch.tensor([[0., 0], [4, 1], [0, 0], [3, 5]])
    found, exists = spline_segments(points[None],
                                    torch.ones(1, 4, dtype=torch.bool))
    assert exists.all()
    torch.testing.assert_close(found[0, :, 0], points[:3])
