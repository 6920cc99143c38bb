"""YuNetFaceDetector around a stand-in for OpenCV's network, and with the
network itself on photographs of all sizes where its file is at hand."""
import json

import cv2
import numpy as np
import pytest
import torch
from cartoon import cartoon_face
from mmdet.structures import DetDataSample
from mmpose.structures.bbox import bbox_overlaps

from spiga_mmpose.apis import BoxCalibration, load_detector, make_finder
from spiga_mmpose.models.detectors import YuNetFaceDetector

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


class FakeNetwork:
    """Finds two faces at fixed shares of the image, the worse one first."""
    nothing = False
    sizes = []  # of the images that were searched

    def __init__(self, *arguments):
        self.arguments = arguments

    def setInputSize(self, size):
        self.size = tuple(size)

    def detect(self, image):
        # As the real one does, which ends in an error otherwise.
        assert image.shape == (*self.size[::-1], 3)
        self.sizes.append(self.size)
        if self.nothing:
            return 1, None
        faces = np.zeros((2, 15), np.float32)
        width, height = self.size
        faces[0, :4] = 0, 0, width / 4, height / 4
        faces[1, :4] = width / 2, height / 2, width / 4, height / 4
        faces[:, 14] = 0.6, 0.9
        return 1, faces


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """Take the stand-in's place in OpenCV."""
    monkeypatch.setattr(cv2.FaceDetectorYN, 'create', FakeNetwork)
    monkeypatch.setattr(FakeNetwork, 'sizes', [])
    return FakeNetwork


@pytest.fixture
def onnx_file(tmp_path):
    path = tmp_path / 'yunet.onnx'
    path.write_bytes(b'network')
    return str(path)


class TestFind:

    def test_best_first_as_corners(self, onnx_file):
        model = YuNetFaceDetector(onnx_file, min_score=0.4, max_overlap=0.5)
        boxes, scores = model.find(np.zeros((80, 40, 3), np.uint8))
        assert boxes.tolist() == [[20, 40, 30, 60], [0, 0, 10, 20]]
        np.testing.assert_allclose(scores, [0.9, 0.6])
        assert boxes.dtype == scores.dtype == np.float32
        assert model.network.arguments == (onnx_file, '', (320, 320), 0.4, 0.5)

    def test_boxes_of_the_image_as_given(self, onnx_file, network):
        model = YuNetFaceDetector(onnx_file, sides=(100, ))
        boxes, _ = model.find(np.zeros((200, 400, 3), np.uint8))
        assert boxes.tolist() == [[200, 100, 300, 150], [0, 0, 100, 50]]
        model.find(np.zeros((1, 4000, 3), np.uint8))
        # One of few px has black px beside it.
        assert network.sizes == [(100, 50), (100, 64)]

    def test_two_sizes_and_each_face_once(self, onnx_file, network):
        boxes, scores = YuNetFaceDetector(onnx_file).find(
            np.zeros((1000, 2000, 3), np.uint8))
        assert network.sizes == [(1280, 640), (320, 160)]
        assert boxes.tolist() == [[1000, 500, 1500, 750], [0, 0, 500, 250]]
        assert len(scores) == 2

    @pytest.mark.parametrize('side, sizes', [
        (900, [(900, 900), (320, 320)]),
        (200, [(200, 200)]),
    ])
    def test_nothing_is_enlarged(self, onnx_file, network, side, sizes):
        YuNetFaceDetector(onnx_file).find(np.zeros((side, side, 3), np.uint8))
        assert network.sizes == sizes

    def test_grey(self, onnx_file):
        boxes, _ = YuNetFaceDetector(onnx_file).find(
            np.zeros((8, 8, 1), np.uint8))
        assert len(boxes) == 2

    def test_nothing_found(self, onnx_file, network, monkeypatch):
        monkeypatch.setattr(network, 'nothing', True)
        boxes, scores = YuNetFaceDetector(onnx_file).find(
            np.zeros((8, 8, 3), np.uint8))
        assert boxes.shape == (0, 4) and scores.shape == (0, )


def test_in_mmdets_place(repo, onnx_file):
    detector = load_detector(f'{repo}/configs/detection/yunet_face.py',
                             onnx_file, 'cpu')
    sample = DetDataSample(metainfo=dict(img_shape=(80, 40)))
    [found] = detector.predict(torch.zeros(1, 3, 90, 90), [sample])
    assert found.pred_instances.bboxes.tolist() == [[20, 40, 30, 60],
                                                    [0, 0, 10, 20]]
    with pytest.raises(NotImplementedError, match='YuNetFaceDetector cannot'):
        detector.loss(None, None)


def test_by_name(onnx_file):
    find = make_finder('yunet', onnx_file, calibration=BoxCalibration())
    boxes, scores = find(cartoon_face(200))
    assert boxes.tolist() == [[100, 100, 150, 150], [0, 0, 50, 50]]


@pytest.fixture
def find(yunet_file, monkeypatch):
    """By OpenCV's own network: from an image to boxes and scores."""
    monkeypatch.undo()
    return make_finder('yunet', yunet_file)


@pytest.fixture(scope='module')
def photo(sample_data):
    """A photograph of 960 x 845 px and the landmark box of its face."""
    with open(f'{sample_data}/300w/test_300w.json') as file:
        content = json.load(file)
    [image_id] = [
        image['id'] for image in content['images']
        if image['file_name'] == 'indoor_029.png'
    ]
    [face] = [
        face for face in content['annotations']
        if face['image_id'] == image_id
    ]
    points = np.reshape(face['keypoints'], (-1, 3))[:, :2]
    image = cv2.imread(f'{sample_data}/300w/indoor_029.png')
    return image, np.r_[points.min(0), points.max(0)]


def resized(image, factor):
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=way)


class TestPhotographs:
    """OpenCV's own network; boxes as this package calibrates them."""

    @staticmethod
    def assert_found(boxes, *expected, least=0.7):
        """These boxes and no others, to an IoU of ``least``."""
        assert len(boxes) == len(expected)
        overlaps = bbox_overlaps(
            torch.from_numpy(boxes),
            torch.as_tensor(np.stack(expected), dtype=torch.float32))
        assert (overlaps.max(0).values > least).all()

    # The last one has 40 megapixels and a face of 4,000 px.
    @pytest.mark.parametrize('factor', [0.05, 0.2, 1, 2.5, 7.03])
    def test_sizes(self, find, photo, factor):
        image, box = photo
        boxes, scores = find(resized(image, factor))
        self.assert_found(boxes, factor * box)
        assert 0.6 < scores[0] <= 1

    @pytest.mark.parametrize('side', [100, 1000, 4000])
    def test_a_face_that_fills_the_image(self, find, photo, side):
        image, box = photo
        x1, y1, x2, y2 = box.astype(int)
        face = cv2.resize(image[y1:y2, x1:x2], (side, side))
        # Without its forehead: the calibration is for whole heads.
        self.assert_found(
            find(face)[0], np.array([0, 0, side, side]), least=0.5)

    def test_sixty_faces(self, find, photo):
        image, box = photo
        x1, y1, x2, y2 = box.astype(int)
        image = image[y1 - 200:y2 + 40, x1 - 120:x2 + 120]
        face = cv2.resize(image, (256, 256))
        box = (box - np.tile([x1 - 120, y1 - 200], 2)) * np.tile(
            256 / np.array(image.shape[1::-1]), 2)
        group = np.tile(face, (6, 10, 1))
        self.assert_found(
            find(group)[0], *(box + 256 * np.array([x, y, x, y])
                              for x in range(10) for y in range(6)))

    def test_no_face(self, find):
        rng = np.random.default_rng(0)
        noise = rng.integers(0, 256, (600, 900, 3), np.uint8)
        for image in (noise, np.full((1, 3000, 3), 90, np.uint8),
                      np.zeros((4000, 3000, 3), np.uint8),
                      cv2.GaussianBlur(noise, (0, 0), 15)):
            boxes, scores = find(image)
            assert boxes.shape == (0, 4) and scores.shape == (0, )


class TestErrors:

    def test_no_file(self):
        for make in (YuNetFaceDetector,
                     lambda: make_finder('yunet', 'none.onnx')):
            with pytest.raises(
                    ValueError, match='--det-weights.*model.onnx_file'):
                make()

    def test_it_cannot_be_fetched(self):
        with pytest.raises(ValueError, match='YuNet cannot be fetched'):
            make_finder('yunet')

    def test_a_file_of_another_name(self, tmp_path):
        """It is the file that was given that is missing or is none."""
        with pytest.raises(ValueError, match="no file 'yunet.pth'"):
            make_finder('yunet', 'yunet.pth')

    def test_no_network(self, onnx_file, monkeypatch):
        monkeypatch.undo()  # OpenCV's own
        with pytest.raises(ValueError, match='yunet.onnx: not a network'):
            YuNetFaceDetector(onnx_file)

    def test_options(self, onnx_file):
        for sides in ((), (320, 0)):
            with pytest.raises(ValueError, match='sides must be at least 1'):
                YuNetFaceDetector(onnx_file, sides=sides)
