"""find_boxes on top of MMDet."""
import numpy as np
import pytest
import torch
from cartoon import HEAD, cartoon_face
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from web_server import serve

from spiga_mmpose.apis import (BoxCalibration, choose_detector, detection,
                               find_boxes, load_detector, make_finder)

YUNET = 'face_detection_yunet_2023mar.onnx'


@pytest.fixture
def found(monkeypatch):
    """Let MMDet find what the test puts into the list."""
    instances = []

    def inference_detector(detector, image):
        assert DefaultScope.get_current_instance().scope_name == 'mmdet'
        boxes, scores, labels = zip(*instances)
        return DetDataSample(
            pred_instances=InstanceData(
                bboxes=torch.tensor(boxes, dtype=torch.float32),
                scores=torch.tensor(scores),
                labels=torch.tensor(labels)))

    monkeypatch.setattr(detection, 'inference_detector', inference_detector)
    return instances


class FakeDetector:
    cfg = Config(dict(default_scope='mmdet'))


def test_first_class_good_scores_no_doubles(found):
    found += [
        ((0, 0, 10, 10), 0.5, 0),
        ((50, 50, 60, 60), 0.9, 0),
        ((51, 50, 61, 60), 0.8, 0),  # the same face again: IoU 0.82
        ((90, 0, 99, 9), 0.9, 1),  # another class
        ((0, 90, 9, 99), 0.2, 0),  # too unlikely
    ]
    boxes, scores = find_boxes(FakeDetector, np.zeros((9, 9, 3), np.uint8))
    assert boxes.tolist() == [[50, 50, 60, 60], [0, 0, 10, 10]]
    np.testing.assert_allclose(scores, [0.9, 0.5])
    assert boxes.dtype == scores.dtype == np.float32


def test_none_is_likely(found):
    found += [((0, 0, 10, 10), 0.2, 0), ((1, 0, 11, 10), 0.1, 0)]
    image = np.zeros((9, 9, 3), np.uint8)
    assert len(find_boxes(FakeDetector, image)[0]) == 0


@pytest.mark.filterwarnings('ignore::UserWarning')
def test_haar(repo):
    detector = load_detector(f'{repo}/configs/detection/haar_face.py', None,
                             'cpu')
    # The registries' scope of whoever calls is left as it was.
    assert DefaultScope.get_current_instance().scope_name == 'mmpose'
    boxes, scores = find_boxes(detector, cartoon_face(200))
    assert boxes.shape == (1, 4) and scores.shape == (1, )
    np.testing.assert_allclose(boxes[0], 200 * HEAD, atol=40)
    nothing = np.zeros((200, 200, 3), np.uint8)
    assert find_boxes(detector, nothing)[0].shape == (0, 4)


def test_no_config():
    with pytest.raises(ValueError, match='no detector config nowhere.py'):
        load_detector('nowhere.py', None, 'cpu')


@pytest.mark.filterwarnings('ignore::UserWarning')
class TestMakeFinder:

    def test_whole_image(self):
        find = make_finder('whole_image')
        boxes, scores = find(np.zeros((40, 70, 3), np.uint8))
        assert boxes.tolist() == [[0, 0, 70, 40]] and scores.tolist() == [1]

    def test_calibration(self, repo):
        """The given one counts, not that of the config."""
        detector = load_detector(f'{repo}/configs/detection/haar_face.py',
                                 None, 'cpu')
        image = cartoon_face(200)
        plain, scores = find_boxes(detector, image)
        calibration = BoxCalibration((0.1, 0.2), (0.5, 0.6))
        boxes, found = make_finder('haar', calibration=calibration)(image)
        np.testing.assert_allclose(boxes, calibration.apply(plain))
        np.testing.assert_allclose(found, scores)

    def test_calibration_of_the_config(self, repo, tmp_path):
        """A changed copy of the cascade's config is a detector, too."""
        path = tmp_path / 'mine.py'
        path.write_text(f"_base_ = ['{repo}/configs/detection/haar_face.py']\n"
                        'box_calibration = dict(shift=(0, 0), scale=(2, 2))')
        image = cartoon_face(200)
        plain, _ = make_finder('haar', calibration=BoxCalibration())(image)
        [large] = make_finder(str(path))(image)[0]
        np.testing.assert_allclose(large[2:] - large[:2],
                                   2 * (plain[0, 2:] - plain[0, :2]))

    def test_a_calibration_of_other_words(self, repo, tmp_path):
        path = tmp_path / 'mine.py'
        path.write_text(f"_base_ = ['{repo}/configs/detection/haar_face.py']\n"
                        'box_calibration = dict(zoom=2)')
        with pytest.raises(ValueError, match='mine.py: box_calib.*zoom'):
            make_finder(str(path))

    # What untrained weights find is beyond all bounds.
    @pytest.mark.filterwarnings('ignore::RuntimeWarning')
    @pytest.mark.filterwarnings('ignore::FutureWarning')
    def test_mmposes_face_detector(self, tmp_path):
        """Its config is found in the wheel; the weights are given here."""
        import warnings

        from mmdet.apis import init_detector
        with warnings.catch_warnings(), DefaultScope.overwrite_default_scope(
                'mmdet'):
            warnings.simplefilter('ignore')
            model = init_detector(
                detection.default_det_models['face']['model'], device='cpu')
        weights = str(tmp_path / 'detector.pth')
        torch.save(dict(state_dict=model.state_dict(), meta={}), weights)
        find = make_finder('mmpose', weights)
        boxes, scores = find(cartoon_face(200))
        assert boxes.shape == (len(scores), 4)  # untrained: any number

    @pytest.mark.parametrize('detector, words', [
        ('harr', 'no detector config harr: expected one of auto, haar, yunet'),
        ('none.py', 'with its weights'),
    ])
    def test_no_such_detector(self, detector, words):
        with pytest.raises(ValueError, match=words):
            make_finder(detector)

    def test_without_weights(self):
        config = detection.default_det_models['face']['model']
        with pytest.raises(ValueError, match='needs its weights'):
            make_finder(config)

    @pytest.mark.parametrize('content', ['work_dir = 3', 'model = dict('])
    def test_no_detector(self, tmp_path, content):
        path = tmp_path / 'bad.py'
        path.write_text(content)
        with pytest.raises(ValueError, match='bad.py: not the config of a'):
            make_finder(str(path))


@pytest.mark.filterwarnings('ignore::UserWarning')
class TestAuto:

    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))

    @pytest.fixture
    def mirror(self, monkeypatch):
        """A server without files; a test gives it some."""
        with serve() as server:
            monkeypatch.setenv('SPIGA_MMPOSE_MIRROR', server.url)
            yield server

    def test_yunet_from_a_mirror(self, mirror, yunet_file, monkeypatch):
        with open(yunet_file, 'rb') as file:
            mirror.files[f'/{YUNET}'] = file.read()
        name, weights, reason = choose_detector()
        assert name == 'yunet' and weights.endswith(YUNET)
        assert reason == 'faces are found by YuNet'
        # From then on without a network.
        monkeypatch.setenv('SPIGA_MMPOSE_MIRROR', 'http://127.0.0.1:9')
        assert choose_detector() == (name, weights, reason)

    def test_a_given_file(self, mirror):
        assert choose_detector('mine.onnx')[:2] == ('yunet', 'mine.onnx')
        with pytest.raises(ValueError, match="no file 'mine.onnx'"):
            make_finder(weights='mine.onnx')
        assert mirror.asked == []

    @pytest.mark.parametrize('content, words', [
        (None, '404'),
        (b'<html>sign in</html>', 'SHA-256'),
    ])
    def test_haar_where_the_file_is_not_to_be_had(self, mirror, content,
                                                  words):
        if content:
            mirror.files[f'/{YUNET}'] = content
        name, weights, reason = choose_detector()
        assert (name, weights) == ('haar', None)
        assert reason.startswith('faces are found by Haar')
        assert words in reason and '--det-weights FILE' in reason
        assert '\n' not in reason

    def test_haar_where_nothing_can_be_kept(self, mirror, tmp_path):
        (tmp_path / 'cache').write_text('')
        name, _, reason = choose_detector()
        assert name == 'haar' and 'set XDG_CACHE_HOME' in reason

    def test_one_try_for_all_images(self, mirror, monkeypatch):
        lines = []
        monkeypatch.setattr(detection, 'print_log',
                            lambda line, **_: lines.append(line))
        find = make_finder()
        assert [len(find(cartoon_face(size))[0])
                for size in (160, 200, 240)] == [1, 1, 1]
        assert mirror.asked == [f'/{YUNET}']
        [line] = lines
        assert line.startswith('faces are found by Haar')
