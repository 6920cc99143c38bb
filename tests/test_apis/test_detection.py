"""find_boxes on top of MMDet."""
import numpy as np
import pytest
import torch
from cartoon import HEAD, cartoon_face
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from spiga_mmpose.apis import detection, find_boxes, load_detector


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


def test_thresholds(found):
    found += [((0, 0, 10, 10), 0.2, 0), ((1, 0, 11, 10), 0.1, 0)]
    image = np.zeros((9, 9, 3), np.uint8)
    assert len(find_boxes(FakeDetector, image)[0]) == 0
    assert len(find_boxes(FakeDetector, image, min_score=0.05)[0]) == 1
    assert len(find_boxes(FakeDetector, image, 0.05, 0.9)[0]) == 2


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
