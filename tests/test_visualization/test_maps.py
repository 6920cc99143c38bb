"""Landmark and edge maps over the crop."""
import numpy as np
import pytest
import small_models
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample, merge_data_samples

from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from spiga_mmpose.visualization import attention_grid, maps_grid

CELLS, SIZE, GAP = 16, 160, 5
# The crop is the image but for a margin of 20 px.
CENTER, SCALE = np.array([120., 120]), np.array([200., 200])


@pytest.fixture
def landmark_set():
    return load_landmark_set('wflw_98')


@pytest.fixture
def image():
    return np.full((240, 240, 3), 100, np.uint8)


def sample_of(points, edges):
    sample = PoseDataSample(
        metainfo=dict(
            input_center=CENTER, input_scale=SCALE, ori_shape=(240, 240)))
    landmarks = np.full((1, len(points), 2), 30.)
    sample.pred_instances = InstanceData(keypoints=landmarks)
    sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4)))
    sample.pred_fields = PixelData(
        heatmaps=torch.as_tensor(points), edges=torch.as_tensor(edges))
    return sample


def empty(landmarks=98, edges=15):
    return [
        np.zeros((count, CELLS, CELLS), np.float32)
        for count in (landmarks, edges)
    ]


def panel(grid, row, column):
    """A panel by its place; captions are as high as the bands of text."""
    text = (grid.shape[0] - 3 * SIZE - 5 * GAP) // 4  # a band a row, a note
    top = GAP + row * (SIZE + GAP + text) + text
    left = GAP + column * (SIZE + GAP)
    return grid[top:top + SIZE, left:left + SIZE]


def glow(image):
    """(H, W) how far from grey."""
    return np.ptp(image.astype(int), axis=-1)


class TestMapsGrid:

    def test_a_peak_glows_where_its_cell_lies(self, image, landmark_set):
        """Whole cells are centres: cell c lies at c / cells of the crop."""
        points, edges = empty()
        points[7, 11, 5] = 1  # y, x
        edges[3, 9, 13] = 1
        grid = maps_grid(image, sample_of(points, edges), landmark_set, [7])
        cell = SIZE / CELLS
        for row, column, x, y in ((0, 1, 5, 11), (0, 2, 5, 11), (1, 0, 13, 9),
                                  (1, 4, 13, 9)):
            found = glow(panel(grid, row, column))
            assert found.max() > 100
            middle = np.argwhere(found > 100).mean(0)
            np.testing.assert_allclose(middle, [y * cell, x * cell], atol=1.5)

    def test_other_maps_stay_grey(self, image, landmark_set):
        points, edges = empty()
        points[7, 11, 5] = 1
        edges[3, 9, 13] = 1
        grid = maps_grid(image, sample_of(points, edges), landmark_set, [8])
        for row, column in ((0, 2), (1, 3), (1, 5), (2, 7)):
            assert glow(panel(grid, row, column)).max() == 0

    def test_a_faint_map_looks_faint(self, image, landmark_set):
        points, edges = empty()
        points[7, 11, 5], points[8, 11, 5] = 1, 0.2
        grid = maps_grid(image, sample_of(points, edges), landmark_set,
                         [7, 8])
        sure, faint = (glow(panel(grid, 0, c)).max() for c in (2, 3))
        assert 0 < faint < sure / 3

    def test_one_landmark_a_part_where_none_is_named(self, image,
                                                     landmark_set):
        named, default = (
            maps_grid(image, sample_of(*empty()), landmark_set, *landmarks)
            for landmarks in (([16, 42, 55, 69, 86], ), ()))
        assert (named == default).all()

    def test_a_set_without_edges(self, image):
        dog = LandmarkSet('dog', 4)
        grid = maps_grid(image, sample_of(*empty(4, 0)), dog)
        assert grid.shape[0] < 2 * SIZE

    @pytest.mark.parametrize('maps, landmarks, word', [
        (empty(68, 13), None, '98 landmarks and 15 edges, found 68.*13'),
        (empty(), [98], 'landmark 98'),
    ])
    def test_errors(self, image, landmark_set, maps, landmarks, word):
        with pytest.raises(ValueError, match=word):
            maps_grid(image, sample_of(*maps), landmark_set, landmarks)

    def test_samples_without_maps_of_the_crop(self, image, landmark_set):
        merged = merge_data_samples([sample_of(*empty())] * 2)
        bare = sample_of(*empty())
        del bare.pred_fields
        for sample, found in ((merged, 'heatmaps'), (bare, '')):
            with pytest.raises(
                    ValueError,
                    match=rf"found \['?{found}'?\].*output_heatmaps"):
                maps_grid(image, sample, landmark_set)


def test_what_a_model_gives(landmark_set):
    """Attention and maps of a small network, from image to grid."""
    model = small_models.build(small_models.estimator())
    model.test_cfg = dict(output_attention=True, output_heatmaps=True)
    with torch.no_grad():
        sample = model.test_step(small_models.batch(1))[0]
    image = np.full((small_models.SIZE, small_models.SIZE, 3), 90, np.uint8)
    faces = sample.pred_instances
    grids = [
        maps_grid(image, sample, landmark_set),
        attention_grid(image, faces.attention[0], faces.keypoints[0],
                       landmark_set)
    ]
    assert all(grid.min() < 50 and grid.max() > 200 for grid in grids)
