"""Capture what OpenCV and its libraries print on stderr, past Python.

They do not name the file, and what matters of it is said by whoever reads or
writes the file.
"""
import os
import sys
import tempfile
from contextlib import contextmanager
from typing import Iterator, List

import cv2


@contextmanager
def opencv_quiet() -> Iterator[None]:
    """Open a video or camera without OpenCV's and FFmpeg's own lines.

    FFmpeg prints while frames are read, too, so that it stays quiet from the
    first video of a process on. Who wants its lines sets the environment
    variable ``OPENCV_FFMPEG_LOGLEVEL`` (OpenCV's; e.g. 16: errors).
    """
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')
    level = cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)


@contextmanager
def caught_stderr() -> Iterator[List[str]]:
    """Catch what is printed on stderr, also by C libraries.

    libjpeg and libpng print straight there. It is of the whole process: for
    programs with one thread.

    Yields:
        list[str]: Empty; afterwards the lines that were printed.
    """
    lines = []
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            lines += file.read().decode('utf-8', 'replace').splitlines()
