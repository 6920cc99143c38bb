"""Window sampler: against a bilinear look-up written out, and borders."""
import numpy as np
import pytest
import torch

from spiga_mmpose.models.layers import sample_windows


def look_up(image, x, y):
    """Bilinear value of (C, H, W) at a cell position, border repeated."""
    height, width = image.shape[1:]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    x0, y0 = int(np.floor(x)), int(np.floor(y))
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    fx, fy = x - x0, y - y0
    return ((1 - fy) * ((1 - fx) * image[:, y0, x0] + fx * image[:, y0, x1]) +
            fy * ((1 - fx) * image[:, y1, x0] + fx * image[:, y1, x1]))


def expected_windows(features, points, window, num_samples):
    """Sample by sample: w - 1 cells between the outer samples."""
    features, points = features.numpy(), points.numpy()
    B, C, _, cells = features.shape
    side = window * cells
    steps = np.linspace(-(side - 1) / 2, (side - 1) / 2, num_samples)
    out = np.zeros((B, points.shape[1], C, num_samples, num_samples))
    for b, index in np.ndindex(B, points.shape[1]):
        x, y = points[b, index] * cells
        for i, j in np.ndindex(num_samples, num_samples):
            out[b, index, :, i, j] = look_up(features[b], x + steps[j],
                                             y + steps[i])
    return out.reshape(B, points.shape[1], -1)


@pytest.mark.parametrize('window', [0.5, 0.25, 0.125])
@pytest.mark.parametrize('num_samples', [3, 7])
def test_against_a_look_up_written_out(window, num_samples):
    """Points everywhere, also outside the map."""
    torch.manual_seed(0)
    features = torch.rand(2, 3, 16, 16)
    points = torch.rand(2, 9, 2) * 1.6 - 0.3
    found = sample_windows(features, points, window, num_samples)
    assert found.shape == (2, 9, 3 * num_samples**2)
    np.testing.assert_allclose(
        found.numpy(),
        expected_windows(features, points, window, num_samples),
        atol=2e-5)


def test_window_of_whole_cells_is_a_cut_out():
    """A window of 8 cells with 8 samples spans 7 cells: no rounding."""
    features = torch.rand(1, 2, 16, 16)
    middle = torch.tensor([[[7.5, 5.5]]]) / 16
    found = sample_windows(features, middle, 0.5, 8).view(2, 8, 8)
    torch.testing.assert_close(
        found, features[0, :, 2:10, 4:12], atol=1e-5, rtol=0)


def test_order_is_rows_then_columns():
    """On a map that grows along x only, all rows are alike."""
    ramp = torch.arange(16.).expand(1, 1, 16, 16).contiguous()
    window = sample_windows(ramp, torch.full((1, 1, 2), 0.5), 0.5, 3)
    expected = torch.tensor([[4.5, 8, 11.5]]).expand(3, 3)
    torch.testing.assert_close(window.view(3, 3), expected)
    ramp = ramp.transpose(2, 3)
    window = sample_windows(ramp, torch.full((1, 1, 2), 0.5), 0.5, 3)
    torch.testing.assert_close(window.view(3, 3), expected.t())


def test_outside_takes_the_borders_value():
    features = torch.rand(1, 2, 8, 8)
    far = torch.tensor([[[-3., -3], [4, 4], [-3, 4]]])
    found = sample_windows(features, far, 0.25, 3).view(3, 2, 9)
    for index, (y, x) in enumerate([(0, 0), (7, 7), (7, 0)]):
        torch.testing.assert_close(found[index], features[0, :, y, x,
                                                          None].expand(2, 9))


def test_window_below_one_cell_is_one_point():
    """Where the map is small the last window has no extent left."""
    features = torch.rand(1, 2, 8, 8)
    points = torch.tensor([[[3., 4]]]) / 8
    found = sample_windows(features, points, 0.0625, 3).view(2, 9)
    torch.testing.assert_close(
        found, features[0, :, 4, 3, None].expand(2, 9), atol=1e-5, rtol=0)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_positions_are_fp32_under_autocast(dtype):
    """Half floats hold no more than whole pixels at the far side."""
    torch.manual_seed(0)
    features = torch.rand(1, 3, 64, 64)
    points = torch.rand(1, 20, 2)
    expected = sample_windows(features.to(dtype).float(), points, 0.25, 7)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = sample_windows(features.to(dtype), points, 0.25, 7)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


def test_gradient_reaches_features_and_points():
    features = torch.rand(1, 2, 8, 8, requires_grad=True)
    points = torch.full((1, 3, 2), 0.43, requires_grad=True)
    sample_windows(features, points, 0.5, 5).square().sum().backward()
    assert (points.grad != 0).all()
    assert (features.grad != 0).any()
