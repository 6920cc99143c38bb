"""The whole pipelines, as the configs have them."""
import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose

import spiga_mmpose.datasets.transforms  # noqa: F401, registers the steps
from spiga_mmpose.geometry import crop_to_image
from spiga_mmpose.landmark_sets import load_landmark_set

TRAIN = [
    dict(type='LoadFaceImage'),
    dict(type='BoxFromLandmarks'),
    dict(type='FaceRandomFlip'),
    dict(type='FaceBoxCenterScale'),
    dict(type='FaceRandomBox'),
    dict(type='SPIGACrop', input_size=(128, 128)),
    dict(type='RandomOcclusion'),
    dict(type='RandomHSV'),
    dict(type='RandomBlur'),
    dict(
        type='GenerateTarget',
        encoder=dict(type='SPIGALabel', input_size=(128, 128))),
    dict(type='PackFaceInputs', pack_transformed=True),
]
TEST = [
    dict(type='LoadFaceImage'),
    dict(type='BoxFromLandmarks'),
    dict(type='FaceBoxCenterScale'),
    dict(type='SPIGACrop', input_size=(128, 128)),
    dict(type='PackFaceInputs'),
]


@pytest.fixture
def face():
    """A face of white dots on black, where the landmarks are."""
    landmark_set = load_landmark_set('wflw_98')
    head = landmark_set.head_model
    points = np.stack([-head[:, 1], head[:, 2]], -1) * 80 + [150, 120]
    img = np.zeros((240, 320, 3), np.uint8)
    for x, y in np.rint(points).astype(int):
        img[y - 1:y + 2, x - 1:x + 2] = 255
    return dict(
        img=img,
        bbox=np.array([[0., 0, 320, 240]]),
        bbox_score=np.ones(1),
        keypoints=np.rint(points)[None].astype(np.float32),
        keypoints_visible=np.ones((1, 98), np.float32),
        flip_indices=landmark_set.flip_indices.tolist(),
        id=1)


def test_landmarks_stay_on_their_dots(face):
    """Through flip, rotation, shift, scale and crop."""
    np.random.seed(0)
    keep = [0, 1, 2, 3, 4, 5, 9, 10]  # no photometric steps
    pipeline = Compose([TRAIN[i] for i in keep])
    seen = set()
    for _ in range(20):
        packed = pipeline(dict(face))
        sample = packed['data_samples']
        labels = sample.gt_instance_labels
        points = labels.keypoint_labels[0].numpy() * 128
        assert np.allclose(points, sample.gt_instances.transformed_keypoints,
                           atol=1e-3)
        valid = labels.keypoint_weights[0].numpy() > 0
        assert valid.mean() > .9
        blurred = cv2.blur(packed['inputs'][0].numpy(), (3, 3))
        x, y = np.rint(points[valid]).astype(int).T
        # the crop halves the image: a dot is one pixel, and bright
        assert (blurred[y.clip(1, 126), x.clip(1, 126)] > 20).all()
        seen.add(sample.flip)
    assert seen == {True, False}


def test_all_steps(face):
    np.random.seed(0)
    pipeline = Compose(TRAIN)
    hidden = []
    for _ in range(10):
        packed = pipeline(dict(face))
        sample = packed['data_samples']
        assert packed['inputs'].shape == (3, 128, 128)
        assert sample.gt_instance_labels.pose_weights.tolist() == [1]
        hidden.append(sample.gt_instances.keypoints_hidden.sum())
    assert max(hidden) > 0


def test_pose_follows_the_landmarks(face):
    """A crop turned by 30 degrees turns the roll of the pose by 30."""
    poses = []
    for rotation in (0., 30.):
        pipeline = Compose(TRAIN[3:4] + [
            lambda results: dict(
                results, bbox_rotation=np.array([rotation]))
        ] + TRAIN[5:6] + TRAIN[9:])
        results = Compose(TRAIN[:2])(dict(face))
        sample = pipeline(results)['data_samples']
        poses.append(sample.gt_instance_labels.pose_labels[0].numpy())
    assert abs(poses[1][2] - poses[0][2]) == pytest.approx(30, abs=.5)


class TestInference:
    """As MMPose's inference_topdown: an image and a box, no landmarks."""

    def sample(self, face):
        return Compose(TEST)(
            dict(img=face['img'], bbox=np.array([[90., 60, 210, 200]]),
                 bbox_score=np.ones(1, np.float32),
                 flip_indices=face['flip_indices']))['data_samples']

    def test_given_box_is_cropped(self, face):
        sample = self.sample(face)
        assert np.allclose(sample.input_center, [150, 130])
        assert np.allclose(sample.input_scale, 1.6 * 140)
        assert sample.input_size == (128, 128)
        assert sample.gt_instances.bboxes.tolist() == [[90, 60, 210, 200]]
        assert len(sample.gt_instances.bbox_scores) == 1

    def test_the_estimators_way_back_is_ours(self, face):
        """The formula of TopdownPoseEstimator on these metainfos."""
        sample = self.sample(face)
        points = np.array([[0., 0], [64, 64], [128, 5]])
        back = (points / sample.input_size * sample.input_scale +
                sample.input_center - 0.5 * sample.input_scale)
        assert np.allclose(
            back,
            crop_to_image(points, sample.input_center, sample.input_scale,
                          128))
        assert np.allclose(back[1], [150, 130])
