"""From frames to results, and what goes wrong on the way."""
import cv2
import numpy as np
import pytest
from cartoon import cartoon_face
from tiny_model import write_tiny_model

from spiga_mmpose.apis import Frame, SPIGAInferencer, pipeline

pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

BOX = [[40, 30, 160, 170]]
WALL = np.full((90, 120, 3), 99, np.uint8)


@pytest.fixture(scope='module')
def infer(tmp_path_factory):
    config, checkpoint = write_tiny_model(
        str(tmp_path_factory.mktemp('tiny')))
    return SPIGAInferencer(
        checkpoint, config, 'cpu', draw=['attention', 'maps'])


@pytest.fixture
def batches(infer):
    """Sizes of the batches that go through the network."""
    sizes = []
    hook = infer.model.backbone.register_forward_hook(
        lambda _, inputs, __: sizes.append(len(inputs[0])))
    yield sizes
    hook.remove()


def frames(*names):
    return [Frame(name, image=cartoon_face(200)) for name in names]


class TestBatches:

    @pytest.mark.parametrize('faces, sizes', [
        ([1, 1, 1, 1, 1], [3, 2]),
        ([5, 1, 2, 1], [3, 2, 3, 1]),
        ([2, 2, 2], [3, 1, 2]),
        ([0, 0, 1, 1], [1, 1]),  # images do not wait for ever
        ([], []),
    ])
    def test_sizes(self, infer, batches, faces, sizes):
        boxes = [BOX * number for number in faces]
        results = list(
            infer.find_faces(
                frames(*map(str, faces)), bboxes=boxes, batch_size=3))
        assert [len(result.faces.pred_instances)
                for result in results] == faces
        assert batches == sizes

    @pytest.mark.parametrize('limit', ['faces', 'bytes'])
    def test_images_do_not_pile_up(self, infer, monkeypatch, limit):
        """No more are read than fill a batch, or the memory set aside."""
        read = []

        def endless():
            while True:
                read.append(1)
                yield Frame('wall', image=WALL)

        if limit == 'bytes':
            monkeypatch.setattr(pipeline, '_WAITING_BYTES', 2 * WALL.nbytes)
        next(infer.find_faces(
            endless(), batch_size=3 if limit == 'faces' else 30))
        assert len(read) == (3 if limit == 'faces' else 2)


class TestErrors:

    def test_a_face_that_fails(self, infer, batches):
        """Its batch is done one by one, and only its frame is lost."""

        def see_face(frame, number, face):
            if frame.name == 'b':
                cv2.resize(frame.image, (0, 0))

        results = list(
            infer.find_faces(
                frames('a', 'b', 'c'), bboxes=BOX, see_face=see_face))
        assert [bool(result.error) for result in results] == [False, True,
                                                              False]
        assert results[1].error.startswith('b: OpenCV cannot process it: ')
        assert [len(result.boxes) for result in results] == [1, 0, 1]
        assert results[1].record['faces'] == []
        assert batches == [3, 1, 1]

    @pytest.mark.parametrize('bad', [np.nan, np.inf])
    def test_landmarks_that_are_no_numbers(self, infer, bad):
        """One face of the second image: an error, not a result."""

        def spoil(_, inputs):
            inputs[0][inputs[0].mean((1, 2, 3)) == 0] = bad

        black = Frame('b', image=np.zeros((200, 200, 3), np.uint8))
        hook = infer.model.backbone.register_forward_pre_hook(spoil)
        found = list(
            infer.find_faces(
                [*frames('a'), black, *frames('c')], bboxes=BOX))
        hook.remove()
        assert [len(result.boxes) for result in found] == [1, 0, 1]
        assert 'b: the landmarks of a face came out as NaN' in found[1].error
        assert [result.error for result in found[::2]] == ['', '']

    def test_a_frame_without_an_image(self, infer):
        broken = Frame('x.png', error='x.png is an empty file')
        first, second = infer.find_faces([broken, *frames('a')], bboxes=BOX)
        assert first.error == 'x.png is an empty file'
        assert first.image.size == 0
        assert len(first.faces.pred_instances) == 0
        assert second.error == '' and len(second.boxes) == 1

    def test_other_errors_are_passed_on(self, infer):

        def see_face(*_):
            raise RuntimeError('here')

        with pytest.raises(RuntimeError, match='here'):
            list(infer.find_faces(frames('a'), see_face=see_face))


def test_each_face_is_seen_before_its_maps_are_dropped(infer):
    seen = []

    def see_face(frame, number, face):
        seen.append((frame.name, number))
        assert face.pred_fields.heatmaps.shape[0] == 98
        assert face.pred_instances.attention.shape[0] == 1
        if frame.name == 'a':
            face.pred_instances.pop('attention')

    a, b = infer.find_faces(
        frames('a', 'b'), bboxes=[BOX * 2, BOX], see_face=see_face)
    assert seen == [('a', 0), ('a', 1), ('b', 0)]
    assert 'attention' not in a.faces.pred_instances
    assert 'attention' in b.faces.pred_instances
    assert 'pred_fields' not in a.faces and 'pred_fields' not in b.faces


def test_the_first_faces(infer, batches):
    """Of the valid boxes; the others are counted."""
    boxes = [[900, 900, 990, 990], *BOX, [10, 10, 90, 90], [0, 0, 50, 50]]
    [result] = infer.find_faces(
        frames('a'), bboxes=boxes, max_faces=2, steps=True)
    assert result.boxes.tolist() == boxes[1:3] and result.left_out == 1
    assert len(result.dropped) == 1 and batches == [2]
    assert np.shape(result.record['faces'][1]['landmark_steps']) == (4, 98, 2)


def test_followed(infer, batches):
    """Each frame is tracked before the next is read."""
    calls = []

    def read():
        for frame in frames('a', 'b'):
            calls.append(frame.name)
            yield frame
        yield Frame('c', error='c ends here')

    def track(frame):
        calls.append('track')
        [sample] = infer.estimate([(frame.image, np.float32(BOX), np.ones(1))])
        sample.pred_instances.track_ids = np.array([7])
        return sample

    results = list(infer.find_faces(read(), track=track))
    assert calls == ['a', 'track', 'b', 'track'] and batches == [1, 1]
    assert [face['track_id'] for result in results
            for face in result.record['faces']] == [7, 7]
    assert [result.error for result in results] == ['', '', 'c ends here']


def test_another_detector(infer):
    other = infer.with_detector('whole_image')
    assert other.detect(WALL)[0].tolist() == [[0, 0, 120, 90]]
    assert len(infer.detect(WALL)[0]) == 0
    assert other.model is infer.model


@pytest.mark.parametrize('bboxes', [
    5, 'text', [['a', 'b', 'c', 'd']], np.array(5), [{}], {'a': 1},
    [[[1, 2, 3], [4]]], [None]
])
def test_what_are_no_boxes(infer, bboxes):
    with pytest.raises(ValueError, match='bboxes: expected') as error:
        list(infer.find_faces(frames('a'), bboxes=bboxes))
    assert '\n' not in str(error.value) and len(str(error.value)) < 400
