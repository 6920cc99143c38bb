"""Videos through a stub of the network; tests of the demo have a real one."""
import csv
import json
import os
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from spiga_mmpose.apis import SPIGAInferencer, encoding
from spiga_mmpose.apis.video import process_video

pytest.importorskip('lap', reason='needs requirements/video.txt')
pytestmark = pytest.mark.filterwarnings('ignore::UserWarning')

WIDTH, HEIGHT = 96, 64


class Stub(SPIGAInferencer):
    """Finds the bright square of a frame, and four landmarks on it."""

    def __init__(self, fail_at=None, fault=KeyboardInterrupt):
        self.model = SimpleNamespace(dataset_meta=dict(dataset_name='square'))
        self.refine = self.frames = 0
        self.fail_at, self.fault = fail_at, fault

    @staticmethod
    def squares(image):
        found = cv2.findContours(
            (image[..., 0] > 128).astype(np.uint8), cv2.RETR_EXTERNAL,
            cv2.CHAIN_APPROX_SIMPLE)[0]
        boxes = [cv2.boundingRect(square) for square in found]
        return np.array([[x, y, x + w, y + h] for x, y, w, h in boxes],
                        np.float32).reshape(-1, 4)

    def detect(self, image):
        boxes = self.squares(image)
        return boxes, np.full(len(boxes), 0.8, np.float32)

    def estimate(self, items):
        [(image, boxes, scores)] = items
        found = self.squares(image)[:len(boxes)]
        count = len(found)
        x1, y1, x2, y2 = found.T
        points = np.stack([
            np.stack([x1, y1], -1), np.stack([x2, y1], -1),
            np.stack([x1, y2], -1), np.stack([x2, y2], -1)
        ], 1)
        return [
            PoseDataSample(
                pred_instances=InstanceData(
                    bboxes=boxes[:count],
                    bbox_scores=scores[:count],
                    keypoints=points,
                    keypoint_scores=np.full((count, 4), 0.7, np.float32)))
        ]

    def make_visualizer(self):
        return SimpleNamespace(draw_faces=self.draw_faces)

    def draw_faces(self, name, image, sample):
        if not len(sample.pred_instances):
            return image
        self.frames += 1
        if self.frames == self.fail_at:
            raise self.fault('here')
        return 255 - image


def write_video(path, count=20, square=True):
    """A square that moves one px to the right each frame."""
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'mp4v'), 12, (WIDTH, HEIGHT))
    for i in range(count):
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        if square:
            x = 8 + i % 48
            image[20:44, x:x + 24] = 255
        writer.write(image)
    writer.release()
    return str(path)


def write_streamed(path, count):
    """Dark noise in an MP4 file with its index first, as on the web."""
    av = pytest.importorskip('av', reason='writes the file for the test')
    noise = np.random.default_rng(0)
    with av.open(str(path), 'w', options=dict(movflags='faststart')) as file:
        stream = file.add_stream('mpeg4', rate=12)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = 'yuv420p'
        for _ in range(count):
            image = noise.integers(0, 100, (HEIGHT, WIDTH, 3), np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
        file.mux(stream.encode(None))


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / 'walk.mp4')


@pytest.fixture
def out(tmp_path):
    return tmp_path / 'out'


def count_frames(path):
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    return count


def lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def rows(path):
    with open(path) as file:
        return list(csv.DictReader(file))


class TestFiles:

    def test_all_three(self, video, out):
        summary = process_video(Stub(), video, str(out), smooth='off')
        assert sorted(os.listdir(out)) == [
            'walk.csv', 'walk.jsonl', 'walk_faces.mp4'
        ]
        assert summary.files == [
            str(out / name)
            for name in ('walk_faces.mp4', 'walk.jsonl', 'walk.csv')
        ]
        assert (summary.frames, summary.faces, summary.empty,
                summary.missing) == (20, 20, 0, 0)
        assert (summary.identities, summary.detections,
                summary.losses) == (1, 2, 0)
        assert summary.error == '' and not summary.interrupted

    def test_lines(self, video, out):
        process_video(Stub(), video, str(out), smooth='off')
        records = lines(out / 'walk.jsonl')
        assert [record['frame'] for record in records] == list(range(20))
        for i, record in enumerate(records):
            assert (record['width'], record['height']) == (WIDTH, HEIGHT)
            assert record['image'] == video
            [face] = record['faces']
            assert face['track_id'] == 0
            np.testing.assert_allclose(face['box'], [8 + i, 20, 24, 24],
                                       atol=1.5)
            assert face['landmarks'][0] == face['box'][:2]

    def test_table(self, video, out):
        process_video(Stub(), video, str(out), smooth='off')
        table, records = rows(out / 'walk.csv'), lines(out / 'walk.jsonl')
        assert [int(row['frame']) for row in table] == list(range(20))
        for row, record in zip(table, records):
            [face] = record['faces']
            assert row['track_id'] == '0'
            assert float(row['x3']) == face['landmarks'][3][0]
            assert float(row['score0']) == face['landmark_scores'][0]

    def test_drawn_video(self, video, out):
        process_video(Stub(), video, str(out))
        capture = cv2.VideoCapture(str(out / 'walk_faces.mp4'))
        assert capture.get(cv2.CAP_PROP_FPS) == 12
        frame = capture.read()[1]
        assert frame.shape == (HEIGHT, WIDTH, 3)
        # The stub draws the negative.
        assert frame[32, 20].max() < 40 and frame[5, 5].min() > 215
        assert count_frames(out / 'walk_faces.mp4') == 20

    def test_without_pyav(self, video, out, monkeypatch):
        monkeypatch.setattr(encoding, 'av', None)
        with pytest.raises(ImportError, match='requirements/video.txt'):
            process_video(Stub(), video, str(out))
        assert not out.exists()

    def test_smoothing_reaches_the_files(self, video, out):
        process_video(Stub(), video, str(out), smooth='strong')
        xs = [record['faces'][0]['box'][0]
              for record in lines(out / 'walk.jsonl')]
        assert 8 < xs[5] < 12.9  # late

    def test_no_face(self, tmp_path, out):
        video = write_video(tmp_path / 'dark.mp4', square=False)
        summary = process_video(Stub(), video, str(out))
        assert (summary.frames, summary.empty, summary.faces) == (20, 20, 0)
        assert [record['faces'] for record in lines(out / 'dark.jsonl')
                ] == [[]] * 20
        # A heading all the same.
        assert (out / 'dark.csv').read_text().startswith('image,frame,time')
        assert rows(out / 'dark.csv') == []

    def test_name(self, video, out):
        summary = process_video(Stub(), video, str(out), name='other')
        assert summary.files[1] == str(out / 'other.jsonl')

    def test_into_its_own_folder(self, video, tmp_path):
        """The video that is read is not written over."""
        process_video(Stub(), video, str(tmp_path))
        assert count_frames(video) == 20

    def test_progress(self, video, out, capfd):
        process_video(Stub(), video, str(out))
        printed = capfd.readouterr().err
        assert '20/20' in printed and 'frame/s' in printed


class TestEnds:

    def test_ctrl_c(self, video, out):
        """What was written until then plays, and agrees."""
        summary = process_video(Stub(fail_at=12), video, str(out))
        assert summary.interrupted
        assert (summary.frames, summary.missing) == (11, 0)
        assert count_frames(out / 'walk_faces.mp4') == 11
        assert len(lines(out / 'walk.jsonl')) == 11
        assert len(rows(out / 'walk.csv')) == 11

    def test_ctrl_c_on_the_first_frame(self, video, out):
        summary = process_video(Stub(fail_at=1), video, str(out))
        assert summary.interrupted and summary.frames == 0
        assert summary.files == [] and os.listdir(out) == []

    def test_an_error_is_passed_on(self, video, out):
        """And the files are whole."""
        with pytest.raises(RuntimeError, match='here'):
            process_video(Stub(7, RuntimeError), video, str(out))
        assert count_frames(out / 'walk_faces.mp4') == 6
        assert len(lines(out / 'walk.jsonl')) == 6

    def test_truncated(self, tmp_path, out):
        """What can be decoded is done, the rest counted."""
        path = tmp_path / 'cut.mp4'
        write_streamed(path, 40)
        content = path.read_bytes()
        path.write_bytes(content[:len(content) // 2])
        summary = process_video(Stub(), str(path), str(out))
        assert 5 < summary.frames < 36
        assert summary.missing == 40 - summary.frames
        assert 'ends after' in summary.error and 'cut.mp4' in summary.error
        assert len(lines(out / 'cut.jsonl')) == summary.frames
        assert count_frames(out / 'cut_faces.mp4') == summary.frames

    def test_truncated_before_its_index(self, tmp_path, out):
        """Most MP4 files have it at the end; without it all is lost."""
        path = tmp_path / 'cut.mp4'
        write_video(path)
        content = path.read_bytes()
        path.write_bytes(content[:len(content) // 2])
        with pytest.raises(ValueError, match='cut.mp4.*cannot be opened'):
            process_video(Stub(), str(path), str(out))
        assert not out.exists()


class TestBadInput:

    @pytest.mark.parametrize('name, words', [
        ('none.mp4', 'no such video file.*none.mp4'),
        ('text.mp4', 'text.mp4'),
        ('image.png', 'image.png: an image; expected a video'),
        ('', 'no such video file'),
    ])
    def test_no_video(self, tmp_path, out, name, words):
        (tmp_path / 'text.mp4').write_text('no video')
        cv2.imwrite(str(tmp_path / 'image.png'), np.zeros((9, 9, 3)))
        with pytest.raises(ValueError, match=words):
            process_video(Stub(), str(tmp_path / name), str(out))
        assert not out.exists()

    def test_no_camera(self, out, monkeypatch):
        monkeypatch.setattr(
            cv2, 'VideoCapture', lambda number: SimpleNamespace(
                isOpened=lambda: False, release=lambda: None))
        with pytest.raises(ValueError, match='webcam:7.*a camera that is'):
            process_video(Stub(), 'webcam:7', str(out))
        assert not out.exists()

    def test_folder_is_a_file(self, video, tmp_path):
        (tmp_path / 'out').write_text('a file')
        with pytest.raises(ValueError, match='out'):
            process_video(Stub(), video, str(tmp_path / 'out'))

    @pytest.mark.parametrize('name', ['walk_faces.mp4', 'walk.csv'])
    def test_file_is_a_folder(self, video, out, name):
        (out / name).mkdir(parents=True)
        with pytest.raises(OSError, match=name):
            process_video(Stub(), video, str(out))

    @pytest.mark.parametrize('wrong, words', [
        (dict(smooth='much'), 'off, light, strong'),
        (dict(det_every=0), 'det_every'),
    ])
    def test_arguments(self, video, out, wrong, words):
        with pytest.raises(ValueError, match=words):
            process_video(Stub(), video, str(out), **wrong)
        assert not out.exists()


class FakeCamera:
    """A camera that gives black images until somebody presses Ctrl-C."""

    def __init__(self, number):
        self.left = 8

    def isOpened(self):
        return True

    def get(self, what):
        return -1. if what == cv2.CAP_PROP_FRAME_COUNT else 0.

    def read(self):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return True, np.zeros((HEIGHT, WIDTH, 3), np.uint8)

    def release(self):
        pass


def test_camera(out, monkeypatch):
    monkeypatch.setattr(cv2, 'VideoCapture', FakeCamera)
    summary = process_video(Stub(), 0, str(out))
    monkeypatch.undo()
    assert summary.interrupted and summary.frames == 8
    assert summary.files[0] == str(out / 'webcam_0_faces.mp4')
    times = [record['time'] for record in lines(summary.files[1])]
    assert times[0] >= 0 and (np.diff(times) > 0).all()  # by the clock
    assert count_frames(summary.files[0]) == 8


def resident():
    """Bytes of memory in use, as the system counts them."""
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


@pytest.mark.slow
@pytest.mark.skipif(
    not os.path.exists('/proc/self/statm'), reason='needs Linux')
def test_memory_does_not_grow(tmp_path, out):
    """Over 2,000 frames, the first 500 of which fill buffers."""
    video = write_video(tmp_path / 'long.mp4', 2000)
    sizes = {}

    class Measured(Stub):

        def draw_faces(self, *args):
            drawn = super().draw_faces(*args)
            if self.frames in (500, 2000):
                sizes[self.frames] = resident()
            return drawn

    summary = process_video(Measured(), video, str(out))
    assert summary.frames == 2000 and summary.identities < 100
    # A kept frame would be 18 kB, 27 MB in all.
    assert sizes[2000] - sizes[500] < 2 << 20
