"""Images from files, folders, URLs, arrays, videos and cameras."""
import os
import re
from io import BytesIO, StringIO

import cv2
import numpy as np
import pytest
import torch
from cartoon import cartoon_face
from PIL import Image
from web_server import serve

from spiga_mmpose.apis import is_video, read_frames, read_image, sources
from spiga_mmpose.apis.sources import is_camera

IMAGE = cartoon_face(60)


def png(image=IMAGE):
    return cv2.imencode('.png', image)[1].tobytes()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'b.png').write_bytes(png())
    (tmp_path / 'a.png').write_bytes(png(IMAGE[:30]))
    (tmp_path / 'broken.png').write_bytes(b'')
    (tmp_path / 'notes.txt').write_text('no image')
    return tmp_path


def write_video(path, count=5):
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), 12, (64, 48))
    for i in range(count):
        writer.write(np.full((48, 64, 3), (40 * i) % 256, np.uint8))
    writer.release()


def shapes(frames):
    return [frame.image.shape for frame in frames]


class TestFiles:

    def test_a_file(self, folder):
        path = str(folder / 'b.png')
        [frame] = read_frames(path)
        assert (frame.name, frame.index, frame.error) == (path, None, '')
        assert (frame.image == IMAGE).all()

    def test_a_path_object(self, folder):
        [frame] = read_frames(folder / 'b.png')
        assert frame.name == str(folder / 'b.png')

    def test_a_folder_with_a_broken_file(self, folder):
        good, other, broken = read_frames(str(folder))
        assert shapes([good, other]) == [(30, 60, 3), (60, 60, 3)]
        assert broken.image is None
        assert 'broken.png is an empty file' in broken.error

    def test_videos_in_it_are_left_out_and_told(self, folder, monkeypatch):
        told = []
        monkeypatch.setattr(sources, 'print_log',
                            lambda text, **_: told.append(text))
        (folder / 'film.mp4').write_text('film')
        assert len(list(read_frames(str(folder)))) == 3
        line, others = told
        assert others.endswith(': 1 .txt')
        assert line.startswith('left out: 1 video in the folder')

    def test_a_glob(self, folder):
        frames = read_frames(str(folder / '[ab].png'))
        assert shapes(frames) == [(30, 60, 3), (60, 60, 3)]

    @pytest.mark.parametrize('name, words', [
        ('missing.png', 'cannot read'),
        ('*.gif', 'no file matches'),
        ('empty', 'no image in the folder'),
        ('missing.mp4', 'no such video'),
    ])
    def test_nothing_there(self, folder, name, words):
        (folder / 'empty').mkdir()
        # The rest of a list goes on.
        bad, good = read_frames([str(folder / name), str(folder / 'b.png')])
        assert bad.image is None and words in bad.error
        assert bad.name in bad.error and name in bad.name
        assert good.error == ''

    def test_one_after_the_other(self, folder):
        """An image is read when it is asked for, and not before."""
        later = folder / 'later.png'
        frames = read_frames([str(folder / 'a.png'), str(later)])
        next(frames)
        later.write_bytes(png())
        assert next(frames).error == ''


class TestArrays:

    def test_kinds(self):
        deep = IMAGE.astype(np.uint16) << 8
        frames = list(
            read_frames([
                IMAGE, IMAGE[..., 0], IMAGE[..., :1],
                np.dstack([IMAGE, IMAGE[..., :1]]), deep
            ]))
        # The cartoon is grey: all of these are the same image.
        assert all((frame.image == IMAGE).all() for frame in frames)
        assert [frame.name for frame in frames
                ] == [f'array_{i}' for i in range(5)]

    @pytest.mark.parametrize('array, words', [
        (IMAGE.astype(float), 'float64'),
        (IMAGE[..., :2], 'found (60, 60, 2)'),
        (IMAGE[:0], 'at least one pixel'),
    ])
    def test_of_no_use(self, array, words):
        bad, good = read_frames([array, IMAGE])
        assert bad.image is None and (good.image == IMAGE).all()
        assert 'array_0' in bad.error and words in bad.error

    def test_an_endless_generator(self):

        def endless():
            while True:
                yield IMAGE

        frames = read_frames(endless())
        assert [next(frames).name for _ in range(3)][-1] == 'array_2'

    @pytest.mark.parametrize('source', [None, 1.5, [IMAGE, None]])
    def test_nothing_of_the_kind(self, source):
        with pytest.raises(TypeError, match='expected a path, URL, array'):
            list(read_frames(source))


class TestUrls:

    def test_a_image(self):
        with serve({'/a.png': png()}) as server:
            url = f'{server.url}/a.png?size=[large]*'
            [frame] = read_frames(url)
            assert frame.name == url and (frame.image == IMAGE).all()
            assert (read_image(url) == IMAGE).all()

    @pytest.mark.parametrize('path, words', [('/missing.png', '404'),
                                             ('/file.bin', 'not an image'),
                                             ('/cut', 'ended after')])
    def test_no_image(self, path, words):
        with serve() as server:
            bad, good = read_frames([server.url + path, IMAGE])
        assert bad.image is None and good.error == ''
        assert words in bad.error and server.url + path in bad.error

    def test_other_schemes(self, folder):
        url = f'file://{folder}/b.png'
        [frame] = read_frames(url)
        assert 'http:// or https://' in frame.error and url in frame.error


class TestVideos:

    def test_frames(self, tmp_path):
        path = str(tmp_path / 'short.avi')
        write_video(path)
        frames = list(read_frames(path))
        assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
        assert {frame.name for frame in frames} == {path}
        assert {frame.rate for frame in frames} == {12}
        levels = [frame.image.mean() for frame in frames]
        np.testing.assert_allclose(levels, [0, 40, 80, 120, 160], atol=4)

    def test_cut_short(self, tmp_path):
        """What can be read is read, and the loss is told."""
        path = tmp_path / 'cut.avi'
        write_video(path, 40)
        content = path.read_bytes()
        path.write_bytes(content[:len(content) // 2])
        *good, last = read_frames(str(path))
        assert 5 < len(good) < 36 and all(not frame.error for frame in good)
        assert last.image is None
        assert f'ends after {len(good)} frames of 40' in last.error

    def test_no_video(self, tmp_path):
        path = tmp_path / 'text.mp4'
        path.write_text('no video at all')
        [frame] = read_frames(str(path))
        assert frame.image is None and str(path) in frame.error


class FakeCapture:
    """A camera that gives three images and then fails."""
    released = []

    def __init__(self, number):
        self.number, self.left = number, 3

    def isOpened(self):
        return self.number == 1

    def get(self, what):
        return {cv2.CAP_PROP_FPS: 30., cv2.CAP_PROP_FRAME_COUNT: -1}[what]

    def read(self):
        self.left -= 1
        return self.left >= 0, IMAGE

    def release(self):
        self.released.append(self.number)


class TestCameras:

    @pytest.fixture(autouse=True)
    def camera(self, monkeypatch):
        monkeypatch.setattr(cv2, 'VideoCapture', FakeCapture)
        monkeypatch.setattr(FakeCapture, 'released', [])

    @pytest.mark.parametrize('source', [1, 'webcam:1'])
    def test_frames(self, source):
        frames = list(read_frames(source))
        assert [(frame.name, frame.index, frame.rate)
                for frame in frames] == [('webcam:1', i, 30) for i in range(3)]
        assert FakeCapture.released == [1]

    def test_none_there(self):
        level = cv2.getLogLevel()
        [frame] = read_frames('webcam')
        assert 'webcam:0' in frame.error and frame.image is None
        assert cv2.getLogLevel() == level

    def test_released_when_the_caller_stops(self):
        frames = read_frames(1)
        next(frames)
        frames.close()
        assert FakeCapture.released == [1]

    @pytest.mark.parametrize('source',
                             [-1, 10**11, True, 'webcam:99999999999'])
    def test_a_number_that_cannot_be(self, source):
        [frame] = read_frames(source)
        assert 'no camera ' in frame.error and frame.image is None

    def test_what_is_a_camera(self):
        assert is_camera(0) and is_camera('webcam') and is_camera('webcam:2')
        for other in ('webcam.jpg', 'webcam:x', '0', ['webcam'], IMAGE):
            assert not is_camera(other)


def _stable_id(value):
    """Without addresses, which differ from process to process."""
    return value if isinstance(value, str) else type(value).__name__


class TestWhatPeopleHandOver:
    """Everything that holds an image is one, or one line says no."""

    @pytest.mark.parametrize('given', [
        png(), bytearray(png()), memoryview(png()),
        BytesIO(png()),
        Image.fromarray(IMAGE[..., ::-1]),
        torch.from_numpy(IMAGE),
        torch.from_numpy(IMAGE).permute(2, 0, 1), IMAGE
    ], ids=range(8))  # yapf: disable
    def test_taken(self, given):
        [frame] = read_frames(given)
        assert frame.error == '' and frame.name == 'array_0'
        assert np.array_equal(frame.image, IMAGE)

    def test_an_open_file_and_paths(self, folder):
        path = folder / 'b.png'
        with open(path, 'rb') as file:
            frames = list(read_frames([file, path, str(path)]))
        assert [frame.name for frame in frames] == [str(path)] * 3
        assert all(np.array_equal(frame.image, IMAGE) for frame in frames)

    @pytest.mark.parametrize('given, words', [
        (b'', 'empty file'),
        (b'not an image', 'not an image'),
        (png()[:-30], 'not an image'),
        (StringIO('text'), "opened by 'rb'"),
        (torch.zeros(3, 5, 3, dtype=torch.uint8), r'found \(3, 5, 3\)'),
        (torch.zeros(2, 5, 7, dtype=torch.uint8), r'found \(2, 5, 7\)'),
        (torch.zeros(3, 5, 7), 'found float32'),
        (torch.zeros(1, 3, 5, 7, dtype=torch.uint8), r'found \(1, 3, 5, 7'),
        (np.array(3, np.uint8), r'found \(\)'),
        (np.array('a.jpg'), 'found <U5'),
        (Image.new('F', (3, 3)), 'found float32'),
        (1 << 40, 'no camera'),
        (-1, 'no camera'),
    ], ids=_stable_id)  # yapf: disable
    def test_one_error_each(self, given, words):
        bad, good = read_frames([given, IMAGE])
        assert good.image is not None and bad.image is None
        assert re.search(words, bad.error) and len(bad.error) < 400
        assert bad.name.replace('webcam:', '') in bad.error

    @pytest.mark.parametrize('given', [
        1.5, None, np.int64(1), dict(image=IMAGE)], ids=_stable_id)
    def test_refused(self, given):
        with pytest.raises(TypeError, match='expected a path, URL'):
            list(read_frames(given))
        assert not is_camera(given)


class TestNamesThatAreNotUtf8:

    def test_an_image(self, tmp_path):
        path = os.fsencode(tmp_path) + b'/a\xff.png'
        with open(path, 'wb') as file:
            file.write(png())
        for given in (os.fsdecode(path), str(tmp_path)):
            [frame] = read_frames(given)
            assert np.array_equal(frame.image, IMAGE)
            assert frame.name == f'{tmp_path}/a\\udcff.png'

    @pytest.mark.parametrize('name', [b'a\xff.mp4', b'a\xff.png'])
    def test_one_error(self, tmp_path, name):
        path = os.fsencode(tmp_path) + b'/' + name
        with open(path, 'wb') as file:
            file.write(b'damaged')
        [frame] = read_frames(os.fsdecode(path))
        assert '/a\\udcff' in frame.error
        frame.error.encode()


def test_what_is_a_video(tmp_path, monkeypatch):
    monkeypatch.setattr('mimetypes.guess_type', lambda *_: (None, None))
    for source in ('a.mkv', 'a.M4V', 'a.wmv', 'a.mts', 'a.ts', 'a.3gp'):
        assert is_video(source)
    for source in ('a.mp4', 'b.AVI', tmp_path / 'c.mov', 'webcam', 0):
        assert is_video(source)
    for source in ('a.jpg', 'mp4', 'http://host/a.mp4', IMAGE, ['a.mp4']):
        assert not is_video(source)
