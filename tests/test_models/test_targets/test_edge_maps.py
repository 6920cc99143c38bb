"""Edge maps against SciPy splines, sampled densely, and exact distances."""
import numpy as np
import pytest
import torch
from scipy.interpolate import splev, splprep
from scipy.spatial import cKDTree

from spiga_mmpose.geometry import project_head
from spiga_mmpose.landmark_sets import load_landmark_set
from spiga_mmpose.models.targets import draw_edge_maps, draw_point_maps

SETS = ('wflw_98', '300w_68')


def polyline(points, samples=20000):
    """The spline through the points, densely sampled."""
    moved = np.ones(len(points), bool)
    moved[1:] = np.linalg.norm(np.diff(points, axis=0), axis=1) > 0.01
    points = points[moved]
    if len(points) < 2:
        return points
    spline, _ = splprep(points.T, s=0, k=min(3, len(points) - 1))
    return np.stack(splev(np.linspace(0, 1, samples), spline), -1)


def distances(line, size, limit):
    """Distance of every cell to a polyline; inf beyond the limit."""
    rows, columns = np.mgrid[:size[0], :size[1]]
    cells = np.stack([columns, rows], -1).reshape(-1, 2).astype(np.float64)
    found = np.full(len(cells), np.inf)
    if len(line) == 0:
        return found.reshape(size)
    # The nearest point lies on a segment at one of the nearest vertices.
    nearest = cKDTree(line).query(
        cells, k=min(8, len(line)), distance_upper_bound=limit + 0.1)[1]
    for vertex in nearest.reshape(len(cells), -1).T:
        near = vertex < len(line)
        for first in (vertex[near] - 1, vertex[near]):
            first = first.clip(0, max(len(line) - 2, 0))
            start = line[first]
            step = line[np.minimum(first + 1, len(line) - 1)] - start
            offset = cells[near] - start
            length = np.maximum((step**2).sum(1), 1e-30)
            t = ((offset * step).sum(1) / length).clip(0, 1)
            found[near] = np.minimum(
                found[near],
                np.linalg.norm(offset - t[:, None] * step, axis=1))
    return found.reshape(size)


def check(landmarks, weights, edges, size, sigma=1., tolerance=1e-3):
    """Compare with the reference everywhere but at the cut at 3 sigma.

    There the map jumps from 0.011 to 0, so a distance that is wrong by 1e-6
    is as wrong as can be: these cells need only have one of the two values.
    """
    maps = draw_edge_maps(landmarks, weights, edges, size, sigma).numpy()
    assert maps.shape == (len(landmarks), len(edges), *size)
    points = landmarks.numpy().astype(np.float64) * (size[1], size[0])
    skipped = 0
    for face in range(len(points)):
        for channel, edge in enumerate(edges):
            ids = [i for i in edge if weights[face, i] > 0]
            distance = distances(polyline(points[face, ids]), size, 3 * sigma)
            expected = np.where(distance <= 3 * sigma,
                                np.exp(-distance**2 / (2 * sigma**2)), 0)
            cut = np.abs(distance - 3 * sigma) < 1e-3
            found = maps[face, channel]
            np.testing.assert_allclose(
                found[~cut],
                expected[~cut],
                atol=tolerance,
                err_msg=f'face {face}, edge {channel}')
            assert (np.minimum(found[cut], abs(found[cut] - 0.0111))
                    < tolerance).all()
            skipped += cut.sum()
    assert skipped <= 5e-4 * maps.size


def faces(landmark_set, num, noise=0.01, hidden=0.2, seed=0):
    """Projected rigid heads, most of them inside the map, with noise."""
    rng = np.random.default_rng(seed)
    side = np.ptp(landmark_set.head_model[:, 2])
    pose = np.concatenate([
        rng.uniform((-75, -40, -40), (75, 40, 40), (num, 3)),
        rng.uniform((-.2, -.2, 2.4), (.2, .2, 3.6), (num, 3)) * side
    ], 1)
    points = project_head(landmark_set.head_model, pose)
    points = points + rng.normal(0, noise, points.shape)
    weights = rng.random(points.shape[:2]) >= hidden
    return (torch.tensor(points, dtype=torch.float32),
            torch.tensor(weights, dtype=torch.float32))


def edges_of(name):
    landmark_set = load_landmark_set(name)
    return landmark_set, list(landmark_set.edges.values())


@pytest.mark.parametrize('name', SETS)
@pytest.mark.parametrize('size', [(64, 64), (32, 32), (40, 72)])
@pytest.mark.parametrize('noise, hidden', [(0., 0.), (0.01, 0.2), (0.02, 0.6)])
def test_equals_scipy_on_faces(name, size, noise, hidden):
    landmark_set, edges = edges_of(name)
    check(*faces(landmark_set, 2, noise, hidden), edges, size)


@pytest.mark.parametrize('name', SETS)
def test_equals_scipy_with_points_outside(name):
    landmark_set, edges = edges_of(name)
    landmarks, weights = faces(landmark_set, 2, hidden=0.)
    check(landmarks * 2 - 0.5, weights, edges, (64, 64))
    landmarks[:, ::9] += 0.4 * torch.randn(
        landmarks[:, ::9].shape, generator=torch.Generator().manual_seed(0))
    check(landmarks, weights, edges, (64, 64))


def test_equals_scipy_with_duplicates():
    landmark_set, edges = edges_of('wflw_98')
    landmarks, weights = faces(landmark_set, 2, noise=0.)
    # Rounding to whole cells makes many points fall together. The offset
    # keeps the straight parts from being 3 cells from whole rows of cells.
    whole = (landmarks * 32).round()
    check((whole + 0.1) / 32, weights, edges, (32, 32))
    same = landmarks.clone()
    same[:, 1::2] = same[:, ::2]
    check(same, weights, edges, (64, 64))


@pytest.mark.parametrize('sigma', [0.5, 2., 3.3])
def test_equals_scipy_for_other_sigma(sigma):
    landmark_set, edges = edges_of('300w_68')
    check(*faces(landmark_set, 1), edges, (64, 64), sigma)


@pytest.mark.slow
@pytest.mark.parametrize('name', SETS)
def test_equals_scipy_on_many_faces(name):
    landmark_set, edges = edges_of(name)
    for noise in (0., 0.005, 0.02):
        check(*faces(landmark_set, 5, noise, seed=1), edges, (64, 64))
        check(*faces(landmark_set, 5, noise, seed=2), edges, (32, 32))


def test_far_points_do_not_spoil_the_rest():
    landmark_set, edges = edges_of('wflw_98')
    landmarks, weights = faces(landmark_set, 1, noise=0., hidden=0.)
    landmarks[0, 16] = torch.tensor([500., -300.])
    maps = draw_edge_maps(landmarks, weights, edges, (64, 64))
    weights[0, 16] = 0
    expected = draw_edge_maps(landmarks, weights, edges, (64, 64))
    assert maps.isfinite().all()
    assert (maps[:, 1:] - expected[:, 1:]).abs().max() < 0.03


def test_line_through_two_points():
    # From (4, 8) to (12, 8) on 16 x 16; the middle is not valid.
    landmarks = torch.tensor([[[4., 8], [8, 0], [12, 8]]]) / 16
    weights = torch.tensor([[1., 0, 1]])
    maps = draw_edge_maps(landmarks, weights, [[0, 1, 2]], (16, 16))[0, 0]
    torch.testing.assert_close(maps[8, 4:13], torch.ones(9))
    torch.testing.assert_close(maps[7, 4:13], torch.full((9, ), 0.606531))
    torch.testing.assert_close(maps[10, 4:13], torch.full((9, ), 0.135335))
    # A corner away from the end: exp(-(1 + 1) / 2).
    assert maps[9, 13] == pytest.approx(0.367879, abs=1e-5)
    assert (maps[12:] == 0).all() and (maps[:5] == 0).all()


def test_single_point_is_a_blob():
    landmarks = torch.tensor([[[0.3, 0.4], [0.6, 0.2], [0.7, 0.9]]])
    weights = torch.tensor([[0., 1, 0]])
    blob = draw_point_maps(landmarks, weights, (32, 32), sigma=1.)[:, 1:2]
    blob = torch.where(blob >= np.exp(-4.5), blob, 0.)
    for edge in ([0, 1, 2], [1], [1, 1]):
        maps = draw_edge_maps(landmarks, weights, [edge], (32, 32))
        torch.testing.assert_close(maps, blob, rtol=0, atol=1e-5)


def test_channels_keep_their_order():
    landmark_set, edges = edges_of('wflw_98')
    landmarks, weights = faces(landmark_set, 2)
    maps = draw_edge_maps(landmarks, weights, edges, (32, 32))
    order = torch.randperm(15, generator=torch.Generator().manual_seed(0))
    shuffled = draw_edge_maps(landmarks, weights, [edges[i] for i in order],
                              (32, 32))
    torch.testing.assert_close(shuffled, maps[:, order], rtol=0, atol=1e-3)
    hidden = weights.clone()
    hidden[:, edges[5]] = 0
    left = draw_edge_maps(landmarks, hidden, edges, (32, 32))
    assert (left[:, 5] == 0).all()
    others = [i for i in range(15) if i != 5]
    torch.testing.assert_close(
        left[:, others], maps[:, others], rtol=0, atol=1e-3)


def test_nothing_valid_draws_nothing():
    landmark_set, edges = edges_of('300w_68')
    landmarks, weights = faces(landmark_set, 2)
    weights[0] = 0
    maps = draw_edge_maps(landmarks, weights, edges, (32, 32))
    assert (maps[0] == 0).all() and maps[1].amax((1, 2)).min() > 0.5


def test_points_of_weight_0_have_no_influence():
    landmark_set, edges = edges_of('wflw_98')
    landmarks, weights = faces(landmark_set, 2, hidden=0.4)
    maps = draw_edge_maps(landmarks, weights, edges, (32, 32))
    landmarks[weights == 0] = float('nan')
    torch.testing.assert_close(
        draw_edge_maps(landmarks, weights, edges, (32, 32)), maps)


def test_faces_have_no_influence_on_each_other():
    landmark_set, edges = edges_of('300w_68')
    landmarks, weights = faces(landmark_set, 5)
    together = draw_edge_maps(landmarks, weights, edges, (32, 32))
    alone = torch.cat([
        draw_edge_maps(landmarks[i:i + 1], weights[i:i + 1], edges, (32, 32))
        for i in range(5)
    ])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_shift_by_whole_cells():
    landmark_set, edges = edges_of('300w_68')
    landmarks, weights = faces(landmark_set, 1, noise=0.)
    landmarks = landmarks * 0.5 + 0.25
    maps = draw_edge_maps(landmarks, weights, edges, (64, 64))
    offset = torch.tensor([3., -5.]) / 64
    moved = draw_edge_maps(landmarks + offset, weights, edges, (64, 64))
    difference = (moved - maps.roll((-5, 3), (2, 3))).abs()
    # Rounding may move a cell across the cut.
    assert difference.max() < 0.0112
    assert (difference > 1e-4).float().mean() < 1e-4


def test_no_edges():
    maps = draw_edge_maps(torch.rand(2, 4, 2), torch.ones(2, 4), [], (8, 8))
    assert maps.shape == (2, 0, 8, 8)


def test_no_faces():
    maps = draw_edge_maps(
        torch.rand(0, 4, 2), torch.ones(0, 4), [[0, 1]], (8, 8))
    assert maps.shape == (0, 1, 8, 8)


def test_only_on_the_device_of_the_landmarks():
    # The meta device refuses other devices and every look at the data.
    _, edges = edges_of('wflw_98')
    maps = draw_edge_maps(
        torch.rand(2, 98, 2, device='meta'), torch.ones(2, 98, device='meta'),
        edges, (16, 16))
    assert maps.device.type == 'meta' and maps.shape == (2, 15, 16, 16)


def test_no_gradient_and_no_half_precision():
    landmark_set, edges = edges_of('wflw_98')
    landmarks, weights = faces(landmark_set, 2)
    expected = draw_edge_maps(landmarks, weights, edges, (32, 32))
    with torch.autocast('cpu', torch.bfloat16):
        maps = draw_edge_maps(landmarks.requires_grad_(), weights, edges,
                              (32, 32))
    assert not maps.requires_grad and maps.dtype == torch.float32
    torch.testing.assert_close(maps, expected, rtol=0, atol=0)


@pytest.mark.parametrize('edge, message', [
    ([0, 9], 'edge 1 holds landmark 9; expected indices from 0 to 3'),
    ([-1, 2], 'edge 1 holds landmark -1'),
    ([], 'edge 1 is empty'),
])
def test_wrong_edges(edge, message):
    with pytest.raises(ValueError, match=message):
        draw_edge_maps(
            torch.rand(1, 4, 2), torch.ones(1, 4), [[0, 1], edge], (8, 8))


def test_wrong_shapes():
    with pytest.raises(ValueError, match='weights must be of shape'):
        draw_edge_maps(
            torch.rand(1, 4, 2), torch.ones(1, 4, 1), [[0, 1]], (8, 8))
