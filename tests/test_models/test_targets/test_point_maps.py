"""Point maps against the formula written out."""
import numpy as np
import pytest
import torch

from spiga_mmpose.models.targets import draw_point_maps


def reference(landmarks, weights, size, sigma):
    rows, columns = np.mgrid[:size[0], :size[1]]
    maps = np.zeros((*weights.shape, *size))
    for face, point in zip(*np.nonzero(weights)):
        x, y = landmarks[face, point] * (size[1], size[0])
        maps[face, point] = np.exp(-((columns - x)**2 + (rows - y)**2) /
                                   (2 * sigma**2))
    return maps


@pytest.mark.parametrize('size', [(64, 64), (32, 32), (20, 48)])
@pytest.mark.parametrize('sigma', [1.5, 0.8])
def test_equals_formula(size, sigma):
    rng = np.random.default_rng(0)
    landmarks = rng.uniform(-0.2, 1.2, (3, 7, 2)).astype(np.float32)
    weights = (rng.random((3, 7)) > 0.3).astype(np.float32)
    maps = draw_point_maps(
        torch.tensor(landmarks), torch.tensor(weights), size, sigma)
    assert maps.shape == (3, 7, *size) and maps.dtype == torch.float32
    expected = reference(landmarks.astype(np.float64), weights, size, sigma)
    np.testing.assert_allclose(maps, expected, atol=2e-5)


def test_peak_lies_at_cell_centre():
    landmarks = torch.tensor([[[5 / 16, 3 / 16]]])
    maps = draw_point_maps(landmarks, torch.ones(1, 1), (16, 16))[0, 0]
    assert maps.argmax() == 3 * 16 + 5
    assert maps[3, 5] == 1
    # One cell away: exp(-1 / (2 * 1.5^2)) = 0.80074.
    assert maps[3, 6] == pytest.approx(0.80074, abs=1e-5)
    assert maps[2, 5] == pytest.approx(0.80074, abs=1e-5)


def test_rounded_centre():
    landmarks = torch.tensor([[[5.4 / 16, 2.6 / 16]]])
    weights = torch.ones(1, 1)
    whole = torch.tensor([[[5 / 16, 3 / 16]]])
    rounded = draw_point_maps(landmarks, weights, (16, 16), subpixel=False)
    torch.testing.assert_close(rounded,
                               draw_point_maps(whole, weights, (16, 16)))
    exact = draw_point_maps(landmarks, weights, (16, 16))
    assert (exact - rounded).abs().max() > 0.1


def test_weight_0_draws_nothing_whatever_the_landmark():
    landmarks = torch.rand(2, 4, 2)
    weights = torch.ones(2, 4)
    weights[0, 1] = weights[1, 2] = 0
    landmarks[0, 1], landmarks[1, 2] = float('nan'), float('inf')
    maps = draw_point_maps(landmarks, weights, (32, 32))
    assert (maps.amax((2, 3)) > 0).equal(weights > 0)
    assert maps.isfinite().all()


def test_no_denormal_numbers():
    maps = draw_point_maps(
        torch.rand(4, 9, 2), torch.ones(4, 9), (64, 64), sigma=1.)
    drawn = maps[maps > 0]
    assert drawn.min() >= torch.finfo(torch.float32).tiny


def test_only_on_the_device_of_the_landmarks():
    # The meta device refuses other devices and every look at the data.
    maps = draw_point_maps(
        torch.rand(2, 5, 2, device='meta'), torch.ones(2, 5, device='meta'),
        (8, 8))
    assert maps.device.type == 'meta' and maps.shape == (2, 5, 8, 8)


def test_half_landmarks_and_autocast_give_float32():
    landmarks, weights = torch.rand(1, 3, 2).half(), torch.ones(1, 3).bool()
    expected = draw_point_maps(landmarks.float(), weights, (16, 16))
    with torch.autocast('cpu', torch.bfloat16):
        maps = draw_point_maps(landmarks, weights, (16, 16))
    assert maps.dtype == torch.float32
    torch.testing.assert_close(maps, expected, rtol=0, atol=0)


@pytest.mark.parametrize('landmarks, weights, message', [
    ((2, 5, 3), (2, 5), 'landmarks must be of shape'),
    ((2, 5, 2), (2, 4), 'weights must be of shape'),
])
def test_wrong_shapes(landmarks, weights, message):
    with pytest.raises(ValueError, match=message):
        draw_point_maps(torch.rand(landmarks), torch.ones(weights), (8, 8))
