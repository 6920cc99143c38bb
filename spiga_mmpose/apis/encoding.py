"""Images into an MP4 file, by the best encoder that is installed.

H.264, which every browser plays, needs PyAV (requirements/video.txt) or an
OpenCV with an encoder for it; the wheels of OpenCV have none. Otherwise the
file is MPEG-4 part 2, which VLC and most players play, and browsers do not.
"""
from fractions import Fraction
from typing import Tuple, Union

import cv2
import numpy as np

from .library_lines import opencv_quiet

try:
    import av
except ImportError:
    av = None

H264, MPEG4 = 'H.264', 'MPEG-4 part 2'


def open_video(path: str, rate: float,
               size: Tuple[int, int]) -> Union['_ByPyAV', '_ByOpenCV']:
    """Begin an MP4 file.

    Args:
        path (str): Of the file; what is there is replaced.
        rate (float): Frames a second.
        size (tuple[int, int]): Width and height of the images, px. Codecs
            want even numbers: an odd one gets a pixel more, the last again.

    Returns:
        object: Has ``codec`` (``H264`` or ``MPEG4``), ``write(image)`` of
        images (H, W, 3) RGB, uint8, and ``close()``, without which the file
        does not play. An image of another size is resized.

    Raises:
        OSError: If the file cannot be written.
    """
    # The encoders tell of a bad path late or not at all, and do not name it.
    open(path, 'wb').close()
    if av is not None and 'libx264' in av.codecs_available:
        return _ByPyAV(path, rate, size)
    return _ByOpenCV(path, rate, size)


class _ByPyAV:
    codec = H264

    def __init__(self, path, rate, size) -> None:
        self._size = size
        self._file = av.open(path, 'w', format='mp4')
        # Fast, and few images wait in the encoder: the network takes the
        # time and the memory.
        self._stream = self._file.add_stream(
            'libx264',
            rate=Fraction(rate).limit_denominator(1001),
            options=dict(crf='20', preset='veryfast'))
        self._stream.width, self._stream.height = _even(size)
        self._stream.pix_fmt = 'yuv420p'

    def write(self, image: np.ndarray) -> None:
        image = _fitted(image, self._size)
        frame = av.VideoFrame.from_ndarray(image, format='rgb24')
        self._file.mux(self._stream.encode(frame))

    def close(self) -> None:
        try:
            self._file.mux(self._stream.encode(None))
        finally:
            self._file.close()


class _ByOpenCV:

    def __init__(self, path, rate, size) -> None:
        self._size = size
        for self.codec, code in ((H264, 'avc1'), (MPEG4, 'mp4v')):
            with opencv_quiet():  # of an encoder that it does not have
                self._writer = cv2.VideoWriter(
                    path, cv2.VideoWriter_fourcc(*code), rate, _even(size))
            if self._writer.isOpened():
                return
        raise OSError(f'{path}: this OpenCV has no encoder for MP4')

    def write(self, image: np.ndarray) -> None:
        self._writer.write(_fitted(image, self._size)[..., ::-1])

    def close(self) -> None:
        self._writer.release()


def _even(size: Tuple[int, int]) -> Tuple[int, int]:
    return tuple(side + side % 2 for side in size)


def _fitted(image: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """The image in the size of the file, contiguous."""
    if image.shape[1::-1] != size:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    width, height = size
    return cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2,
                              cv2.BORDER_REPLICATE)
