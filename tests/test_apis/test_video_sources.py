"""What a video file carries beside its images: a turn, times, sound."""
import os
import signal
import subprocess
import sys
from fractions import Fraction

import cv2
import numpy as np
import pytest
from test_apis.test_video import Stub, lines

from spiga_mmpose.apis import read_frames
from spiga_mmpose.apis.video import process_video

av = pytest.importorskip('av', reason='needs requirements/video.txt')
pytest.importorskip('lap', reason='needs requirements/video.txt')

# Ten frames at 30 a second, then ten at 10.
TIMES = [*np.arange(10) / 30, *(10 / 30 + np.arange(10) / 10)]


def write_clip(path, times=TIMES, sound=None, width=96, height=64):
    """A white square at the left, at the given times."""
    with av.open(str(path), 'w') as file:
        stream = file.add_stream('mpeg4', rate=30)
        stream.width, stream.height = width, height
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.time_base = Fraction(1, 3000)
        audio = sound and file.add_stream(sound, rate=44100)
        image = np.zeros((height, width, 3), np.uint8)
        image[20:44, 8:32] = 255
        for time in times:
            frame = av.VideoFrame.from_ndarray(image)
            frame.pts, frame.time_base = round(time * 3000), Fraction(1, 3000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if sound:
            for start in range(0, int(44100 * times[-1]), 1024):
                tone = np.sin(np.arange(start, start + 1024) / 20)
                frame = av.AudioFrame.from_ndarray(
                    tone.astype(np.float32)[None], 'fltp', 'mono')
                frame.rate, frame.pts = 44100, start
                file.mux(audio.encode(frame))
            file.mux(audio.encode(None))
    return str(path)


def times_of(path):
    with av.open(str(path)) as file:
        return [frame.time for frame in file.decode(video=0)]


def sound_of(path):
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(audio=0)]


def test_times(tmp_path):
    source = write_clip(tmp_path / 'vfr.mp4')
    frames = list(read_frames(source))
    np.testing.assert_allclose([frame.time for frame in frames], TIMES,
                               atol=1e-3)
    summary = process_video(Stub(), source, str(tmp_path / 'out'))
    records = lines(summary.files[1])
    np.testing.assert_allclose([record['time'] for record in records], TIMES,
                               atol=1e-3)
    np.testing.assert_allclose(times_of(summary.files[0]), TIMES, atol=1e-3)


def test_sound_is_copied(tmp_path):
    source = write_clip(tmp_path / 'a.mp4', sound='aac')
    summary = process_video(Stub(), source, str(tmp_path / 'out'))
    copied = sound_of(summary.files[0])
    assert summary.lost_sound == '' and len(copied) > 40
    # Without the packet before the start.
    assert copied == sound_of(source)[1:len(copied) + 1]
    np.testing.assert_allclose(times_of(summary.files[0]), TIMES, atol=1e-3)


@pytest.mark.parametrize('turns', [1, 2, 3])
def test_turned(tmp_path, turns):
    """The display matrix in the header of the track, as telephones write."""
    path = tmp_path / 'turned.mp4'
    write_clip(path)
    content = bytearray(path.read_bytes())
    cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][turns]
    matrix = np.array([cos, sin, 0, -sin, cos, 0], '>i4') << 16
    place = content.index(b'tkhd') + 4 + 40
    content[place:place + 24] = matrix.astype('>i4').tobytes()
    path.write_bytes(content)
    [plain, *_] = read_frames(write_clip(tmp_path / 'plain.mp4'))
    frames = list(read_frames(str(path)))
    expected = np.rot90(plain.image, -turns)  # clockwise
    assert len(frames) == 20
    for frame in frames:
        assert frame.image.shape == expected.shape
        assert np.abs(frame.image - expected.astype(int)).mean() < 3


def test_a_name_that_is_no_text(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b'\xff.mp4')
    os.rename(write_clip(tmp_path / 'a.mp4'), path)
    assert len(list(read_frames(os.fsdecode(path)))) == 20


@pytest.mark.parametrize('kind', ['mkv', 'mp4', 'avi'])
def test_cut_anywhere(tmp_path, kind):
    """Frames, or one line; PyAV has an error of its own for each place."""
    path = tmp_path / f'a.{kind}'
    whole = open(write_clip(path), 'rb').read()
    for length in range(0, len(whole), len(whole) // 60):
        path.write_bytes(whole[:length])
        *_, last = read_frames(str(path))
        assert last.error is None or '\n' not in last.error
        assert last.error or last.image is not None


def test_no_moving_image(tmp_path):
    path = str(tmp_path / 'a.mkv')
    with av.open(path, 'w') as file:
        file.add_stream('aac', rate=44100)
        file.start_encoding()
    [frame] = read_frames(path)
    assert 'expected a video file' in frame.error


def test_a_kill_leaves_a_video_that_plays(tmp_path):
    path = str(tmp_path / 'a.mp4')
    code = f'''
import os
import numpy as np
from spiga_mmpose.apis.encoding import VideoWriter
video = VideoWriter({path!r}, 12, (96, 64))
for i in range(200):
    video.write(np.full((64, 96, 3), i % 256, np.uint8))
os.kill(os.getpid(), {int(signal.SIGKILL)})
'''
    done = subprocess.run([sys.executable, '-c', code])
    assert done.returncode == -signal.SIGKILL
    assert 100 < len(times_of(path)) <= 200
    assert cv2.VideoCapture(path).read()[0]
