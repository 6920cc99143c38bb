"""YuNetFaceDetector around a stand-in for OpenCV's network.

The project carries no ONNX file, so that what is tested is the way into and
out of ``cv2.FaceDetectorYN``, not the network.
"""
import cv2
import numpy as np
import pytest
import torch
from cartoon import cartoon_face
from mmdet.structures import DetDataSample

from spiga_mmpose.apis import load_detector, make_finder
from spiga_mmpose.models.detectors import YuNetFaceDetector

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')


class FakeNetwork:
    """Finds two faces at fixed shares of the picture, the worse one first."""
    nothing = False

    def __init__(self, *arguments):
        self.arguments = arguments

    def setInputSize(self, size):
        self.size = size

    def detect(self, image):
        # As the real one does, which ends in an error otherwise.
        assert image.shape == (*self.size[::-1], 3)
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

    def test_boxes_of_the_image_as_given(self, onnx_file):
        model = YuNetFaceDetector(onnx_file, max_side=100)
        boxes, _ = model.find(np.zeros((200, 400, 3), np.uint8))
        assert model.network.size == (100, 50)
        assert boxes.tolist() == [[200, 100, 300, 150], [0, 0, 100, 50]]
        model.find(np.zeros((1, 4000, 3), np.uint8))
        assert model.network.size == (100, 1)

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
    boxes, scores = make_finder('yunet', onnx_file)(cartoon_face(200))
    assert boxes.tolist() == [[100, 100, 150, 150], [0, 0, 50, 50]]


class TestErrors:

    def test_no_file(self):
        for make in (YuNetFaceDetector, lambda: make_finder('yunet'),
                     lambda: make_finder('yunet', 'none.onnx')):
            with pytest.raises(
                    ValueError, match='--det-weights.*model.onnx_file'):
                make()

    def test_a_file_of_another_name(self, tmp_path):
        """It is the file that was given that is missing or is none."""
        with pytest.raises(ValueError, match="no file 'yunet.pth'"):
            make_finder('yunet', 'yunet.pth')

    def test_no_network(self, onnx_file, monkeypatch):
        monkeypatch.undo()  # OpenCV's own
        with pytest.raises(ValueError, match='yunet.onnx: not a network'):
            YuNetFaceDetector(onnx_file)

    def test_options(self, onnx_file):
        with pytest.raises(ValueError, match='max_side'):
            YuNetFaceDetector(onnx_file, max_side=0)
