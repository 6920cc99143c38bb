"""MP4 files by either encoder, read back by OpenCV."""
import cv2
import numpy as np
import pytest

from spiga_mmpose.apis.encoding import H264, MPEG4, VideoWriter


@pytest.fixture(params=[H264, MPEG4])
def codec(request, monkeypatch):
    """Each of the two, the second as of a PyAV without the first."""
    av = pytest.importorskip('av', reason='needs requirements/video.txt')
    if request.param == MPEG4:
        monkeypatch.setattr(av, 'codecs_available', {'mpeg4'})
    return request.param


def images(path):
    capture = cv2.VideoCapture(str(path))
    rate, frames = capture.get(cv2.CAP_PROP_FPS), []
    while True:
        good, frame = capture.read()
        if not good:
            return rate, frames
        frames.append(frame[..., ::-1])


def ramp(i, width=64, height=48):
    """Red grows to the right, green with time."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(0, 250, width)
    image[..., 1] = 20 * i
    return image


def test_round_trip(codec, tmp_path):
    path = tmp_path / 'a.mp4'
    video = VideoWriter(str(path), 29.97, (64, 48))
    for i in range(10):
        video.write(ramp(i))
    video.close()
    rate, frames = images(path)
    assert rate == pytest.approx(29.97, abs=0.01) and len(frames) == 10
    for i, frame in enumerate(frames):
        assert np.abs(frame - ramp(i).astype(float)).mean() < 6
    assert video.codec == codec


def test_odd_and_other_sizes(codec, tmp_path):
    """An odd side gets a pixel; an image of another size is fitted."""
    path = tmp_path / 'a.mp4'
    video = VideoWriter(str(path), 25, (63, 47))
    video.write(ramp(1, 63, 47))
    video.write(ramp(2, 90, 30))
    video.close()
    _, frames = images(path)
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 2
    assert np.abs(frames[0][:47, :63] - ramp(1, 63, 47).astype(float)
                  ).mean() < 6
    assert frames[1][..., 1].mean() == pytest.approx(40, abs=6)


def test_closed_without_a_image(codec, tmp_path):
    """A file without a frame, or none."""
    path = tmp_path / 'a.mp4'
    VideoWriter(str(path), 25, (64, 48)).close()
    assert not path.exists() or not cv2.VideoCapture(str(path)).read()[0]


def test_no_such_folder(codec, tmp_path, capfd):
    with pytest.raises(OSError, match='a.mp4'):
        VideoWriter(str(tmp_path / 'none' / 'a.mp4'), 25, (64, 48)).close()
    assert 'ERROR' not in capfd.readouterr().err
