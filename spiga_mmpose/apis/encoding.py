"""Images into an MP4 file, with their times and the sound of another file.

By PyAV (requirements/video.txt): H.264, which every browser plays, or MPEG-4
part 2 where it was built without that encoder.
"""
from fractions import Fraction
from typing import Optional, Tuple

import cv2
import numpy as np

try:
    import av
except ImportError:
    av = None

H264, MPEG4 = 'H.264', 'MPEG-4 part 2'
# Ticks a second of the times in the file; MPEG-4 part 2 counts in 16 bits.
_TICKS = 60_000
# Until it is closed the file is a sequence of fragments of a second: a kill
# loses the last ones alone. Then it becomes a plain MP4 file.
_SURVIVES_A_KILL = dict(movflags='hybrid_fragmented+empty_moov',
                        frag_duration='1000000', flush_packets='1')


def need_av() -> None:
    """Raise ``ImportError`` that says what to type, if PyAV is missing."""
    if av is None:
        raise ImportError('reading and writing videos needs the package av: '
                          'pip install -r requirements/video.txt')


class VideoWriter:
    """An MP4 file in the making; :meth:`close` finishes it.

    Args:
        path (str): Of the file; what is there is replaced.
        rate (float): Frames a second, where their times are not given.
        size (tuple[int, int]): Width and height of the images, px. Codecs want
            even numbers: an odd one gets a pixel more, the last again.
        sound (str, optional): File whose sound is copied, as long as there are
            images.

    ``codec`` is ``H264`` or ``MPEG4``; ``lost_sound`` says why the file has no
    sound though ``sound`` has, or is empty. A file that cannot be written is
    an ``OSError`` that names it, a missing PyAV an ``ImportError``.
    """

    def __init__(self, path: str, rate: float, size: Tuple[int, int],
                 sound: Optional[str] = None) -> None:
        need_av()
        self._path, self._rate, self._size = path, rate, size
        self._sound, self.lost_sound = None, ''
        self._last, self._count = -1, 0
        # FFmpeg tells of a bad path late, and does not name it.
        open(path, 'wb').close()
        if sound is not None:
            self._sound = _Sound(sound)
        try:
            self._open()
        except (av.FFmpegError, ValueError) as error:
            if self._sound is None:
                raise
            self._lose_sound(f'MP4 has no place for {self._sound.codec} '
                             f'({error})')
            self._open()

    def _open(self) -> None:
        self._file = av.open(self._path, 'w', format='mp4',
                             container_options=_SURVIVES_A_KILL)
        good = 'libx264' in av.codecs_available
        self.codec = H264 if good else MPEG4
        # Fast, and few images wait in the encoder: the network takes the
        # time and the memory.
        self._stream = self._file.add_stream(
            'libx264' if good else 'mpeg4',
            rate=Fraction(self._rate).limit_denominator(1001),
            options=dict(crf='20', preset='veryfast', bf='0') if good else {})
        self._stream.width, self._stream.height = (
            side + side % 2 for side in self._size)
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.time_base = Fraction(1, _TICKS)
        if self._sound is not None and self._sound.stream is None:
            self._lose_sound('')
        if self._sound is not None:
            self._audio = self._file.add_stream_from_template(
                self._sound.stream)
        self._file.start_encoding()

    def write(self, image: np.ndarray, time: Optional[float] = None) -> None:
        """Add an image (H, W, 3) RGB, uint8; one of another size is resized.

        It is shown at ``time``, s, by default where ``rate`` puts it.
        """
        frame = av.VideoFrame.from_ndarray(
            _fitted(image, self._size), format='rgb24')
        if time is None:
            time = self._count / self._rate
        self._count += 1
        self._last = max(round(time * _TICKS), self._last + 1)
        frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
        frame.duration = round(_TICKS / self._rate)
        self._mux(self._stream.encode(frame))
        self._add_sound(self._last / _TICKS)

    def close(self) -> None:
        """Finish the file."""
        try:
            self._mux(self._stream.encode(None))
            if self._count:
                self._add_sound(self._last / _TICKS + 1 / self._rate)
        finally:
            if self._sound is not None:
                self._sound.close()
            self._named(self._file.close)

    def _add_sound(self, until: float) -> None:
        if self._sound is None:
            return
        try:
            for packet in self._sound.packets(until):
                packet.stream = self._audio
                self._file.mux(packet)
        except (av.FFmpegError, ValueError) as error:
            self._lose_sound(f'from {until:.1f} s on: {error}')

    def _lose_sound(self, reason: str) -> None:
        self.lost_sound = reason
        self._sound.close()
        self._sound = None

    def _mux(self, packets) -> None:
        self._named(self._file.mux, packets)

    def _named(self, function, *args) -> None:
        try:
            function(*args)
        except av.FFmpegError as error:
            raise OSError(error.errno, error.strerror, self._path) from None


class _Sound:
    """Packets of the first sound of a file, in their order."""

    def __init__(self, path: str) -> None:
        self._bytes = open(path, 'rb')
        self._file = av.open(self._bytes)
        streams = self._file.streams.audio
        self.stream = streams[0] if streams else None
        self.codec = streams[0].codec_context.name if streams else ''
        self._packets = self._file.demux(streams[0]) if streams else iter(())
        self._next = None

    def packets(self, until: float):
        """Those not given before that begin before a time, in seconds."""
        start = (self._file.start_time or 0) / av.time_base
        while True:
            packet = self._next or next(self._packets, None)
            self._next = None
            if packet is None:
                return
            if packet.dts is None:  # the end
                continue
            if float(packet.dts * packet.time_base) - start >= until:
                self._next = packet
                return
            shift = round(start / packet.time_base)
            packet.dts -= shift
            if packet.pts is not None:
                packet.pts -= shift
            # Before the start there is what an encoder needs to run in. MP4
            # in fragments would begin there, and move the images.
            if packet.dts >= 0:
                yield packet

    def close(self) -> None:
        self._file.close()
        self._bytes.close()


def _fitted(image: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """The image in the size of the file, contiguous."""
    if image.shape[1::-1] != size:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    width, height = size
    return cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2,
                              cv2.BORDER_REPLICATE)
