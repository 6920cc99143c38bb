"""Coordinate systems: hand-computed points, round trips, the sampler."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spiga_mmpose.geometry import (boxes_to_center_scale, cells_to_normalised,
                                   crop_to_image, image_to_crop,
                                   normalised_to_cells, normalised_to_grid)

CENTER, SCALE, SIZE = np.array([100., 50]), np.array([80., 80]), (256, 256)


def test_image_to_crop_by_hand():
    """The middle and the corners of the box."""
    points = [[100, 50], [60, 10], [140, 90], [60, 90]]
    expected = [[128, 128], [0, 0], [256, 256], [0, 256]]
    np.testing.assert_allclose(
        image_to_crop(np.array(points, float), CENTER, SCALE, SIZE), expected)


def test_crop_and_back():
    points = np.random.default_rng(0).uniform(-500, 500, (3, 5, 2))
    crop = image_to_crop(points, CENTER, [70, 90], (128, 192))
    np.testing.assert_allclose(
        crop_to_image(crop, CENTER, [70, 90], (128, 192)), points)


def test_crop_is_that_of_the_estimator():
    """The formula by which TopdownPoseEstimator maps landmarks back."""
    points = np.random.default_rng(0).uniform(0, 256, (5, 2))
    np.testing.assert_allclose(
        crop_to_image(points, CENTER, SCALE, SIZE),
        points / SIZE * SCALE + CENTER - 0.5 * SCALE)


@pytest.mark.parametrize('cells', [1, 4, 64])
def test_unit_and_cells(cells):
    points = torch.rand(7, 2)
    there = normalised_to_cells(points, cells)
    torch.testing.assert_close(there, points * cells)
    torch.testing.assert_close(cells_to_normalised(there, cells), points)


@pytest.mark.parametrize('cells', [4, 7, 64])
def test_grid_of_all_cells_returns_the_map(cells):
    """The sampler's identity: no shift by half a pixel, no x for y."""
    image = torch.rand(2, 3, cells, cells)
    y, x = torch.meshgrid(
        torch.arange(cells), torch.arange(cells), indexing='ij')
    points = cells_to_normalised(torch.stack([x, y], -1).float(), cells)
    grid = normalised_to_grid(points, cells)[None].expand(2, -1, -1, -1)
    sampled = F.grid_sample(image, grid, align_corners=False)
    torch.testing.assert_close(sampled, image, atol=1e-5, rtol=0)


def test_grid_by_hand():
    """-1 and 1 are the outer borders of the first and the last cell."""
    cells = torch.tensor([-0.5, 0., 1.5, 3.5])
    torch.testing.assert_close(
        normalised_to_grid(cells_to_normalised(cells, 4), 4),
        torch.tensor([-1., -0.75, 0., 1.]))


def test_square_boxes_by_hand():
    centers, scales = boxes_to_center_scale(
        [[0, 0, 100, 50], [-10, 20, 10, 80]], 1.6)
    assert centers.tolist() == [[50, 25], [0, 50]]
    assert scales.tolist() == [[160, 160], [96, 96]]
