"""HaarFaceDetector: an MMDet detector in all places where one stands."""
import os.path as osp

import cv2
import numpy as np
import pytest
import torch
from cartoon import HEAD, cartoon_face
from mmdet.apis import DetInferencer, inference_detector, init_detector
from mmdet.structures import DetDataSample
from mmengine.registry import DefaultScope
from tiny_model import write_tiny_model

from spiga_mmpose.models.detectors import HaarFaceDetector
from spiga_mmpose.models.detectors.haar_face_detector import find_faces

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


class FakeCascade:
    """Finds what it is told to find, and remembers the image."""

    def __init__(self, boxes, weights):
        self.found = boxes, [20] * len(boxes), weights

    def detectMultiScale3(self, gray, **_):
        self.shape = gray.shape
        return self.found


@pytest.fixture
def config_file(repo):
    return osp.join(repo, 'configs', 'detection', 'haar_face.py')


@pytest.fixture
def detector(config_file):
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield init_detector(config_file, None, device='cpu')


@pytest.fixture
def inferencer(config_file, tmp_path):
    """MMPose's, with the cascade as its detector."""
    from mmpose.apis import MMPoseInferencer
    pose_config, weights = write_tiny_model(str(tmp_path))
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield MMPoseInferencer(
            pose2d=pose_config,
            pose2d_weights=weights,
            det_model=config_file,
            det_cat_ids=[0],
            device='cpu')


def grey_face(kind):
    """The cartoon without colour, or with an alpha channel."""
    image = cartoon_face(200)
    return {
        '(H, W)': image[..., 0],
        '(H, W, 1)': image[..., :1],
        '(H, W, 4)': np.dstack([image, image[..., :1]])
    }[kind]


KINDS = pytest.mark.parametrize('kind', ['(H, W)', '(H, W, 1)', '(H, W, 4)'])


def iou(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = np.prod(np.maximum(high - low, 0))
    areas = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])
    return shared / (areas - shared)


class TestFindFaces:

    def test_best_first_as_corners(self):
        cascade = FakeCascade([[1, 2, 3, 4], [10, 20, 30, 40]], [2.0, 5.0])
        boxes, scores = find_faces(cascade, np.zeros((90, 90, 3), np.uint8))
        assert boxes.tolist() == [[10, 20, 40, 60], [1, 2, 4, 6]]
        # The even weight is 2; 1 / (1 + exp(2 - 5)) by hand.
        np.testing.assert_allclose(scores, [0.952574, 0.5], rtol=1e-5)

    def test_boxes_of_the_image_as_given(self):
        cascade = FakeCascade([[10, 20, 30, 40]], [5.0])
        boxes, _ = find_faces(
            cascade, np.zeros((200, 400, 3), np.uint8), max_side=100)
        assert cascade.shape == (50, 100)
        assert boxes.tolist() == [[40, 80, 160, 240]]

    def test_a_small_image_is_not_enlarged(self):
        cascade = FakeCascade([], [])
        find_faces(cascade, np.zeros((20, 40, 3), np.uint8), max_side=100)
        assert cascade.shape == (20, 40)

    def test_nothing_found(self):
        boxes, scores = find_faces(
            FakeCascade((), ()), np.zeros((9, 9, 3), np.uint8))
        assert boxes.shape == (0, 4) and scores.shape == (0, )

    @KINDS
    def test_other_channels(self, kind):
        cascade = FakeCascade([[10, 20, 30, 40]], [5.0])
        boxes, _ = find_faces(cascade, grey_face(kind), max_side=100)
        assert cascade.shape == (100, 100)
        assert boxes.tolist() == [[20, 40, 80, 120]]


class TestHaarFaceDetector:

    def test_finds_the_face(self, detector):
        found = inference_detector(detector, cartoon_face(200)).pred_instances
        assert found.bboxes.shape == (1, 4)
        assert iou(found.bboxes[0].numpy(), 200 * HEAD) > 0.6
        assert 0.5 < found.scores[0] < 1
        assert found.labels.tolist() == [0]

    def test_moves_with_the_face(self, detector):
        small = cartoon_face(120)
        image = np.full((300, 400, 3), 90, np.uint8)
        image[150:270, 250:370] = small
        found = inference_detector(detector, image).pred_instances
        expected = 120 * HEAD + [250, 150, 250, 150]
        assert iou(found.bboxes[0].numpy(), expected) > 0.6

    @pytest.mark.parametrize('shape', [(1, 1, 3), (1, 3000, 3), (23, 23, 3),
                                       (120, 160, 3)])
    def test_no_face(self, detector, shape):
        found = inference_detector(detector, np.full(shape, 120, np.uint8))
        assert found.pred_instances.bboxes.shape == (0, 4)
        assert found.pred_instances.scores.shape == (0, )

    def test_padding_of_the_batch_is_not_searched(self):
        # The face lies in the padding only: outside img_shape.
        image = torch.from_numpy(cartoon_face(200)).permute(2, 0, 1).float()
        batch = torch.nn.functional.pad(image, (300, 0))[None]
        sample = DetDataSample(metainfo=dict(img_shape=(200, 300)))
        model = HaarFaceDetector()
        assert len(model.predict(batch, [sample])[0].pred_instances) == 0
        sample = DetDataSample(metainfo=dict(img_shape=(200, 500)))
        assert len(model.predict(batch, [sample])[0].pred_instances) == 1

    def test_boxes_of_the_image_before_resizing(self):
        batch = torch.from_numpy(cartoon_face(200)).permute(2, 0, 1).float()
        model = HaarFaceDetector()
        meta = dict(img_shape=(200, 200), scale_factor=(2.0, 4.0))
        sample = DetDataSample(metainfo=meta)
        plain = model.predict(batch[None], [sample], rescale=False)[0]
        plain = plain.pred_instances.bboxes.numpy()
        mapped = model.predict(batch[None], [sample])[0].pred_instances.bboxes
        np.testing.assert_allclose(mapped, plain / [2, 4, 2, 4])

    def test_tensor_mode_and_the_rest_of_the_interface(self):
        model = HaarFaceDetector()
        batch = torch.from_numpy(cartoon_face(200)).permute(2, 0, 1)[None]
        [(boxes, scores)] = model(batch.float(), mode='tensor')
        assert boxes.shape == (1, 4) and scores.shape == (1, )
        assert model.extract_feat(batch) is batch
        with pytest.raises(NotImplementedError, match='cannot be trained'):
            model(batch.float(), [], mode='loss')

    @KINDS
    def test_other_channels(self, detector, config_file, kind):
        image = grey_face(kind)
        found = inference_detector(detector, image).pred_instances
        assert iou(found.bboxes[0].numpy(), 200 * HEAD) > 0.6
        with DefaultScope.overwrite_default_scope('mmdet'):
            infer = DetInferencer(config_file, device='cpu')
            [found] = infer(image)['predictions']
        assert iou(np.array(found['bboxes'][0]), 200 * HEAD) > 0.6

    @KINDS
    def test_other_channels_in_mmpose(self, inferencer, kind):
        result = next(inferencer(grey_face(kind)))
        [face] = result['predictions'][0]
        assert iou(np.array(face['bbox'][0]), 200 * HEAD) > 0.6

    def test_in_the_place_of_any_detector_of_mmpose(self, inferencer):
        image = np.full((200, 500, 3), 90, np.uint8)
        image[:, :200] = image[:, 300:] = cartoon_face(200)
        result = next(inferencer(image, return_vis=True))
        boxes = sorted(face['bbox'][0] for face in result['predictions'][0])
        assert len(boxes) == 2
        assert iou(np.array(boxes[0]), 200 * HEAD) > 0.6
        assert iou(np.array(boxes[1]), 200 * HEAD + [300, 0, 300, 0]) > 0.6
        [drawn] = result['visualization']
        assert drawn.shape == image.shape and (drawn != image).any()

    def test_photograph(self, detector, sample_data):
        path = osp.join(sample_data, 'wflw',
                        '36_Football_americanfootball_ball_36_415.jpg')
        found = inference_detector(detector, path).pred_instances
        # The annotated box of the photograph's labelled face.
        annotated = np.array([432.3, 113.8, 533.0, 214.8])
        assert max(iou(box.numpy(), annotated) for box in found.bboxes) > 0.6


class TestBadFiles:
    """MMDet's tools and MMPose's name the file that is bad."""

    @pytest.fixture(params=[
        ('empty.png', b'', 'is an empty file'),
        ('text.jpg', b'<html>', 'not an image'),
        ('half.png', cv2.imencode('.png', cartoon_face(64))[1].tobytes()[:500],
         'is not an image that can be read'),
        ('none.png', None, 'No such file'),
    ], ids=lambda param: param[0])
    def bad(self, request, tmp_path):
        name, content, words = request.param
        if content is not None:
            (tmp_path / name).write_bytes(content)
        return str(tmp_path / name), words

    def check(self, bad, infer):
        path, words = bad
        with pytest.raises((OSError, AssertionError)) as error:
            infer(path)
        assert path in str(error.value) and words in str(error.value)

    def test_inference_detector(self, detector, bad):
        self.check(bad, lambda path: inference_detector(detector, path))

    def test_det_inferencer(self, config_file, bad):
        with DefaultScope.overwrite_default_scope('mmdet'):
            self.check(bad, DetInferencer(config_file, device='cpu'))

    def test_mmpose_inferencer(self, inferencer, bad):
        self.check(bad, lambda path: next(inferencer(path)))

    def test_a_good_file_still(self, inferencer, tmp_path):
        path = str(tmp_path / 'face.png')
        cv2.imwrite(path, cartoon_face(200))
        [face] = next(inferencer(path))['predictions'][0]
        assert iou(np.array(face['bbox'][0]), 200 * HEAD) > 0.6


class TestErrors:

    def test_absent_file(self):
        with pytest.raises(ValueError, match='no cascade .*opencv-python'):
            HaarFaceDetector(cascade='haarcascade_of_nothing.xml')

    @pytest.mark.parametrize('content',
                             ['', 'no xml', '<?xml version="1.0"?><a></a>'])
    def test_no_cascade(self, tmp_path, content):
        path = tmp_path / 'cascade.xml'
        path.write_text(content)
        with pytest.raises(ValueError, match='not a cascade'):
            HaarFaceDetector(cascade=str(path))

    def test_a_cascade_by_its_path(self):
        path = osp.join(cv2.data.haarcascades, 'haarcascade_profileface.xml')
        assert not HaarFaceDetector(cascade=path).cascade.empty()

    @pytest.mark.parametrize('option', [
        dict(scale_factor=1.0),
        dict(scale_factor=float('nan')),
        dict(max_side=0)
    ])
    def test_options(self, option):
        with pytest.raises(ValueError, match=next(iter(option))):
            HaarFaceDetector(**option)
