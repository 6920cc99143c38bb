"""What C libraries print is caught; what Python prints later is not."""
import os

import cv2
import pytest

from spiga_mmpose.apis.library_lines import caught_stderr, opencv_quiet


def test_caught(capfd):
    with caught_stderr() as lines:
        os.write(2, b'of a library\nsecond line\n')
    os.write(2, b'later\n')
    assert lines == ['of a library', 'second line']
    assert capfd.readouterr().err == 'later\n'


def test_restored_after_an_error(capfd):
    with pytest.raises(ValueError), caught_stderr():
        os.write(2, b'hidden\n')
        raise ValueError
    os.write(2, b'later\n')
    assert capfd.readouterr().err == 'later\n'


def test_opencv_quiet(monkeypatch):
    """The level comes back, and what the user has set stays."""
    monkeypatch.delenv('OPENCV_FFMPEG_LOGLEVEL', raising=False)
    level = cv2.getLogLevel()
    with opencv_quiet():
        assert cv2.getLogLevel() == 0
    assert cv2.getLogLevel() == level
    assert os.environ['OPENCV_FFMPEG_LOGLEVEL'] == '-8'
    monkeypatch.setenv('OPENCV_FFMPEG_LOGLEVEL', '16')
    with opencv_quiet():
        assert os.environ['OPENCV_FFMPEG_LOGLEVEL'] == '16'
