"""What the heads share: labels, scores, mirror images, packed results."""
import numpy as np
import pytest
import small_models
import torch
from mmengine.structures import InstanceData
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures import PoseDataSample

from spiga_mmpose.landmark_sets import LandmarkSet, load_landmark_set
from spiga_mmpose.models.heads.predictions import (average_flip, check_keys,
                                                   collect_labels,
                                                   mirror_keypoints,
                                                   pack_predictions,
                                                   point_scores)

FLIP = [1, 0, 2]
# Without a head model, which is taken as symmetric.
TINY = LandmarkSet('tiny', 3, flip_pairs=[(0, 1)])
WIDTH = 64


def sample(center=(100., 80.), scale=(128., 128.)):
    return PoseDataSample(
        metainfo=dict(
            flip_indices=FLIP,
            input_size=(WIDTH, WIDTH),
            input_center=np.array(center),
            input_scale=np.array(scale)))


def test_labels_of_a_batch():
    data = small_models.batch(3)
    labels = collect_labels(data['data_samples'],
                            load_landmark_set('wflw_98'))
    assert labels.keypoints.shape == (3, 98, 2)
    assert labels.keypoint_weights.shape == (3, 98)
    assert labels.poses.shape == (3, 6)
    assert labels.pose_weights.tolist() == [1, 1, 1]
    for index, one in enumerate(data['data_samples']):
        torch.testing.assert_close(labels.keypoints[index],
                                   one.gt_instance_labels.keypoint_labels[0])


class TestPointScores:

    def test_at_cell_centres(self):
        """Each landmark reads its own map, x along the columns."""
        maps = torch.rand(2, 3, 8, 8)
        cells = torch.tensor([[[2., 5], [0, 0], [7, 3]]]).expand(2, -1, -1)
        scores = point_scores(maps, cells / 8)
        for landmark, (x, y) in enumerate([(2, 5), (0, 0), (7, 3)]):
            torch.testing.assert_close(scores[:, landmark], maps[:, landmark,
                                                                 y, x])

    def test_between_cells(self):
        maps = torch.zeros(1, 1, 4, 4)
        maps[0, 0, 1, 2] = 1
        half = torch.tensor([[[2.5, 1.0]]]) / 4
        assert point_scores(maps, half).item() == pytest.approx(0.5)

    def test_stays_in_range_anywhere(self):
        scores = point_scores(
            torch.rand(2, 50, 16, 16).round(),
            torch.rand(2, 50, 2) * 4 - 2)
        assert scores.min() >= 0 and scores.max() <= 1 + 1e-6


class TestMirror:

    def test_by_hand(self):
        """Pixel i becomes pixel W - 1 - i, and partners change places."""
        pixels = torch.tensor([[0., 5], [63, 7], [10.5, 9]])
        expected = torch.tensor([[0., 7], [63, 5], [52.5, 9]])
        found = mirror_keypoints(pixels / WIDTH, FLIP, WIDTH) * WIDTH
        torch.testing.assert_close(found, expected)

    def test_agrees_with_a_mirrored_image(self):
        """A point keeps its pixel when the image is flipped as the
        estimator flips it."""
        image = torch.rand(1, 1, 1, WIDTH)
        x = 17
        point = torch.tensor([[x, 0.]]) / WIDTH
        mirrored = mirror_keypoints(point, [0], WIDTH) * WIDTH
        column = int(mirrored[0, 0].round())
        assert image[0, 0, 0, x] == image.flip(-1)[0, 0, 0, column]

    def test_twice_is_nothing(self):
        points = torch.rand(2, 4, 3, 2)
        again = mirror_keypoints(
            mirror_keypoints(points, FLIP, WIDTH), FLIP, WIDTH)
        torch.testing.assert_close(again, points)


class TestAverageFlip:

    @staticmethod
    def outputs(seed):
        torch.manual_seed(seed)
        return dict(
            keypoints=torch.rand(2, 3, 2),
            steps=torch.rand(2, 4, 3, 2),
            scores=torch.rand(2, 3),
            poses=torch.randn(2, 6) * 20)

    def test_swapping_both_images_mirrors_the_mean(self):
        """A mirrored input gives the mirrored output."""
        first, second = self.outputs(0), self.outputs(1)
        samples = [sample(), sample()]
        mean = average_flip(first, second, samples, TINY)
        mirrored = average_flip(second, first, samples, TINY)
        for key in ('keypoints', 'steps'):
            torch.testing.assert_close(
                mirror_keypoints(mean[key], FLIP, WIDTH), mirrored[key])
        torch.testing.assert_close(mean['scores'][:, FLIP], mirrored['scores'])
        sign = torch.tensor([-1., 1, -1, -1, 1, 1])
        torch.testing.assert_close(mean['poses'] * sign, mirrored['poses'])

    def test_of_a_mirrored_output_is_the_output(self):
        first = self.outputs(0)
        sign = torch.tensor([-1., 1, -1, -1, 1, 1])
        second = dict(
            keypoints=mirror_keypoints(first['keypoints'], FLIP, WIDTH),
            steps=mirror_keypoints(first['steps'], FLIP, WIDTH),
            scores=first['scores'][:, FLIP],
            poses=first['poses'] * sign)
        mean = average_flip(first, second, [sample()], TINY)
        for key, value in first.items():
            torch.testing.assert_close(mean[key], value)

    def test_angles_are_averaged_over_the_short_way(self):
        first = dict(self.outputs(0), poses=torch.zeros(1, 6))
        second = dict(self.outputs(1), poses=torch.zeros(1, 6))
        first['poses'][0, 2], second['poses'][0, 2] = 170, 170  # mirror: -170
        mean = average_flip(first, second, [sample()], TINY)
        assert abs(mean['poses'][0, 2].item()) == pytest.approx(180)

    def test_without_pose_and_steps(self):
        keep = ('keypoints', 'scores')
        first, second = ({
            key: self.outputs(seed)[key]
            for key in keep
        } for seed in (0, 1))
        first['poses'] = second['poses'] = None
        mean = average_flip(first, second, [sample()], TINY)
        assert mean['poses'] is None and 'steps' not in mean


class TestPackPredictions:

    @pytest.fixture
    def decoder(self):
        return KEYPOINT_CODECS.build(small_models.codec())

    def test_spaces_and_shapes(self, decoder):
        keypoints = torch.rand(2, 98, 2)
        steps = torch.rand(2, 4, 98, 2)
        packed = pack_predictions(
            decoder, [sample(), sample((10., 20.), (64., 64.))],
            keypoints=keypoints,
            scores=torch.rand(2, 98),
            poses=torch.rand(2, 6),
            steps=steps,
            attention=torch.rand(2, 3, 2, 4, 98, 98))
        for one in packed:
            assert isinstance(one, InstanceData) and len(one) == 1
            for key, shape in dict(
                    keypoints=(1, 98, 2),
                    keypoint_scores=(1, 98),
                    head_poses=(1, 6),
                    landmark_steps=(1, 4, 98, 2),
                    attention=(1, 3, 2, 4, 98, 98)).items():
                assert isinstance(one[key], np.ndarray)
                assert one[key].shape == shape
        # Keypoints in crop px, steps in image px of their own face.
        np.testing.assert_allclose(
            packed[1].keypoints, keypoints[1:].numpy() * 64, rtol=1e-5)
        np.testing.assert_allclose(
            packed[0].landmark_steps,
            steps[:1].numpy() * 128 + [100 - 64, 80 - 64],
            rtol=1e-5)
        np.testing.assert_allclose(
            packed[1].landmark_steps,
            steps[1:].numpy() * 64 + [10 - 32, 20 - 32],
            atol=1e-4)

    def test_absent_where_not_given(self, decoder):
        packed = pack_predictions(
            decoder, [sample()],
            keypoints=torch.rand(1, 98, 2),
            scores=torch.rand(1, 98))
        assert set(packed[0].keys()) == {'keypoints', 'keypoint_scores'}

    def test_without_a_decoder(self):
        with pytest.raises(ValueError, match='decoder=codec'):
            pack_predictions(
                None, [sample()],
                keypoints=torch.rand(1, 98, 2),
                scores=torch.rand(1, 98))


def test_keys_that_nobody_reads_are_named():
    assert check_keys('test_cfg', None, ['flip_test']) == {}
    config = dict(flip_test=True)
    assert check_keys('test_cfg', config, ['flip_test']) is config
    with pytest.raises(ValueError, match=r"test_cfg .*\['flip_tets'\]"):
        check_keys('test_cfg', dict(flip_tets=True), ['flip_test'])
