"""The crop: MMPose's coordinates, the release's pixels."""
import cv2
import numpy as np
import pytest
from mmpose.datasets.transforms import TopdownAffine
from mmpose.structures.bbox import get_warp_matrix

from spiga_mmpose.datasets.transforms import FaceBoxCenterScale, SPIGACrop
from spiga_mmpose.geometry import image_to_crop


def boxed(img, bbox, **extra):
    """Results as they come to the crop."""
    return FaceBoxCenterScale()(
        dict(
            img=img,
            img_shape=img.shape[:2],
            bbox=np.array([bbox], np.float64),
            **extra))


@pytest.fixture
def photo():
    noise = np.random.default_rng(0).integers(
        0, 256, (40, 60, 3), dtype=np.uint8)
    return cv2.resize(noise, (300, 200), interpolation=cv2.INTER_CUBIC)


class TestAsTopdownAffine:

    @pytest.mark.parametrize('rotation', [None, 0., 30., -45.])
    def test_same_pixels_and_keys(self, photo, rotation):
        points = np.random.default_rng(1).uniform(0, 300, (1, 5, 2))
        extra = dict(keypoints=points.astype(np.float32))
        if rotation is not None:
            extra['bbox_rotation'] = np.array([rotation])
        ours = SPIGACrop((64, 64))(boxed(photo, [50, 40, 130, 160], **extra))
        stock = TopdownAffine((64, 64))(
            boxed(photo, [50, 40, 130, 160], **extra))
        assert ours.keys() == stock.keys()
        difference = ours['img'].astype(int) - stock['img']
        # Its matrix is float32; OpenCV rounds positions to 1/32 px.
        assert (np.abs(difference) <= 1).mean() > .999
        for key in ('input_size', 'input_center', 'input_scale',
                    'bbox_scale'):
            assert np.allclose(ours[key], stock[key]), key
        assert np.allclose(
            ours['transformed_keypoints'],
            stock['transformed_keypoints'],
            atol=1e-3)
        assert ours['transformed_keypoints'].dtype == np.float32

    def test_matrix_is_exact(self):
        matrix = SPIGACrop((64, 64)).matrix(np.array([31., 17]), 50., 20.)
        stock = get_warp_matrix(
            np.array([31., 17]), np.array([50., 50]), 20., (64, 64))
        assert np.allclose(matrix, stock, atol=1e-4)
        points = np.array([[0., 0], [31, 17], [40, 90]])
        assert np.allclose(
            points @ SPIGACrop((64, 64)).matrix(points[1], 50., 0.)[:, :2]
            + SPIGACrop((64, 64)).matrix(points[1], 50., 0.)[:, 2],
            image_to_crop(points, points[1], 50., 64))

    def test_without_landmarks(self, photo):
        ours = SPIGACrop((64, 64))(boxed(photo, [50, 40, 130, 160]))
        stock = TopdownAffine((64, 64))(boxed(photo, [50, 40, 130, 160]))
        assert ours.keys() == stock.keys()
        for key in ('transformed_keypoints', 'keypoints_visible'):
            assert np.array_equal(ours[key], stock[key])


def test_landmark_lands_on_its_pixel():
    """A white pixel of the photograph is white where its landmark goes."""
    img = np.zeros((100, 100, 3), np.uint8)
    img[30:33, 60:63] = 255
    results = boxed(
        img, [40, 20, 80, 50],
        keypoints=np.array([[[61., 31.]]]),
        bbox_rotation=np.array([25.]))
    out = SPIGACrop((256, 256))(results)
    y, x = np.nonzero(out['img'][..., 0] > 127)
    assert np.allclose([x.mean(), y.mean()],
                       out['transformed_keypoints'][0, 0], atol=.1)


def test_border():
    img = np.full((50, 50, 3), 200, np.uint8)
    zero = SPIGACrop((64, 64))(boxed(img, [0, 0, 20, 20]))['img']
    reflect = SPIGACrop(
        (64, 64), border='reflect')(boxed(img, [0, 0, 20, 20]))['img']
    assert zero[0, 0].tolist() == [0, 0, 0]
    assert (reflect == 200).all()


class TestRelease:
    """Bit for bit the crop of the PyPI package ``spiga``."""

    def reference(self, img, bbox, size):
        pytest.importorskip('spiga')
        from PIL import Image
        from spiga.data.loaders.augmentors.landmarks import TargetCropAug
        x1, y1, x2, y2 = np.asarray(bbox, np.float64)
        sample = dict(
            image=Image.fromarray(img),
            bbox=np.array([x1, y1, x2 - x1, y2 - y1]))
        out = TargetCropAug(size, size, 1.6)(sample)
        return np.array(out['image'])

    def crop(self, img, bbox, size=256):
        return SPIGACrop((size, size), sampling='nearest_release')(
            boxed(img, bbox))['img']

    @pytest.mark.parametrize('whole', [False, True])
    def test_random_images_and_boxes(self, whole):
        """Whole-numbered boxes put samples on the borders of pixels."""
        rng = np.random.default_rng(0)
        for _ in range(100):
            height, width = rng.integers(50, 400, 2)
            img = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            x1, y1 = rng.uniform(-50, [width - 1, height - 1])
            w, h = rng.uniform(10, 300, 2)
            bbox = np.array([x1, y1, max(x1 + w, 1), max(y1 + h, 1)])
            if whole:
                bbox = np.round(bbox)
                bbox[2:] += 1
            bbox[2:] = np.maximum(bbox[2:], bbox[:2] + 1)
            assert np.array_equal(
                self.crop(img, bbox), self.reference(img, bbox, 256)), bbox

    @pytest.mark.parametrize('width', [32, 64, 96, 128, 160, 320])
    @pytest.mark.parametrize('corner', [0, 7, 13.5, 21.3])
    def test_ties(self, width, corner):
        """Samples that fall exactly between two pixels."""
        img = np.random.default_rng(1).integers(
            0, 256, (300, 300, 3), dtype=np.uint8)
        bbox = [corner, corner + 3, corner + width, corner + 3 + width]
        assert np.array_equal(
            self.crop(img, bbox), self.reference(img, bbox, 256))

    def test_differs_from_bilinear(self, photo):
        """So that the tests above say something."""
        bbox = [50, 40, 130, 160]
        bilinear = SPIGACrop((256, 256))(boxed(photo, bbox))['img']
        assert not np.array_equal(self.crop(photo, bbox), bilinear)


@pytest.mark.parametrize('kwargs, word', [
    (dict(input_size=(64, 32)), 'square'),
    (dict(input_size=(64, 64), sampling='cubic'), 'sampling'),
    (dict(input_size=(64, 64), border='wrap'), 'border'),
    (dict(input_size=(64, 64), sampling='nearest_release',
          border='reflect'), 'zero'),
])
def test_bad_arguments(kwargs, word):
    with pytest.raises(ValueError, match=word):
        SPIGACrop(**kwargs)
