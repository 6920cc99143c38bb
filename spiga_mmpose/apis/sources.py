"""Images from wherever they come, one after the other.

:func:`read_frames` yields the images of a source lazily, so that the memory in
use is that of one image. Images and videos are turned as their files say.
"""
import logging
import os
import os.path as osp
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import IO, Any, Callable, Iterator, Mapping, Optional, Union

import cv2
import numpy as np
import torch
from mmengine import fileio
from mmengine.logging import print_log
from PIL import Image

from spiga_mmpose import io
from .download import is_url, read_url
from .encoding import av, need_av
from .inputs import CAMERA, as_text, is_camera, is_video, left_out, list_images

USUAL_RATE = 25.  # frames a second, where a camera or file tells none
_SHORTEST = 1e-3  # seconds from a frame to the next, at least


@dataclass(frozen=True)
class Frame:
    """One image of a source."""
    # Path or URL of the file (bytes of a path that are no UTF-8 are escaped),
    # 'webcam:0', or 'array_0' with the place among arrays, bytes, ...
    name: str
    index: Optional[int] = None  # in its video, from 0; None for an image
    # (H, W, 3) BGR, uint8; None where it cannot be read.
    image: Optional[np.ndarray] = None
    error: str = ''  # why it cannot be read, with the name
    # Seconds from the start of its video; None for an image.
    time: Optional[float] = None
    rate: float = 0.  # frames a second of its video; 0 where unknown
    # Frames that its video file says it has, a few off; 0 where unknown.
    announced: int = 0


def read_image(path_or_url: str) -> np.ndarray:
    """Image (H, W, 3) BGR, uint8, of a file or an http(s) URL, up to the
    limits of :func:`~spiga_mmpose.apis.download.read_url`; one that cannot be
    read is a ``ValueError`` that names it."""
    get = read_url if is_url(path_or_url) else fileio.get
    return io.read_image(path_or_url, get=get)


def read_frames(source: Any) -> Iterator[Frame]:
    """Yield the images of a source, each when it is asked for.

    The source is one of

    * a path: image or video (told by its ending), folder (its images by
      name; a warning is logged of what is left out) or glob pattern;
    * ``'http://...'`` or ``'https://...'``: an image;
    * an array: (H, W), (H, W, 1), (H, W, 3) BGR or (H, W, 4) BGRA, uint8 or
      uint16; a torch tensor of the same, with the channels last or first; a
      Pillow image;
    * the bytes of an image file, or a file open for reading them;
    * an ``int``, ``'webcam'`` or ``'webcam:1'``: a camera, until it ends or
      the caller stops;
    * a list, tuple or generator of these.

    Anything else is a ``TypeError``; a video file without PyAV is an
    ``ImportError``. A frame with an error stands for an image, video or camera
    that cannot be read, a folder without an image, a pattern without a match,
    and the end of a video that stops well before its announced length.
    """
    yield from _read(source, count())


def _read(source, numbers) -> Iterator[Frame]:
    decode = next((decode for kinds, decode in _DECODERS.items()
                   if isinstance(source, kinds)), None)
    if decode:
        yield _made(decode, source, f'array_{next(numbers)}')
    elif hasattr(source, 'read'):
        name = getattr(source, 'name', None)
        if not isinstance(name, str):
            name = f'array_{next(numbers)}'
        yield _made(_of_file, source, as_text(name))
    elif is_camera(source):
        yield from _of_camera(source)
    elif isinstance(source, (str, os.PathLike)):
        yield from _of_text(os.fsdecode(source))
    elif hasattr(source, '__iter__') and not isinstance(source, Mapping):
        for item in source:
            yield from _read(item, numbers)
    else:
        raise TypeError(
            'expected a path, URL, array, tensor, Pillow image, bytes of an '
            'image file, open file, camera number, or a list of these; found '
            f'{type(source).__name__}')


def _made(decode: Callable, source: Any, name: str) -> Frame:
    try:
        return Frame(name, image=decode(source, name))
    except (ValueError, TypeError, OSError) as error:
        text = str(error)
        return Frame(name, error=text if name in text else f'{name}: {text}')


def _of_tensor(tensor: torch.Tensor, name: str) -> np.ndarray:
    """As an array; the channels may be first."""
    shape = tuple(tensor.shape)
    first, last = ((shape[0] in (1, 3, 4), shape[2] in (1, 3, 4))
                   if len(shape) == 3 else (False, True))
    if first == last:
        raise ValueError(
            f'the tensor {name}: expected (1, 3 or 4, H, W) or (H, W, 1, 3 or '
            f'4), found {shape}; make it an array (H, W, 3)')
    tensor = tensor.movedim(0, 2) if first else tensor
    return io.as_bgr(tensor.detach().cpu().numpy(), name)


def _of_file(file: IO[bytes], name: str) -> np.ndarray:
    content = file.read()
    if not isinstance(content, bytes):
        raise ValueError(f"the file {name}: expected one opened by 'rb', "
                         f'whose read() gives bytes; found '
                         f'{type(content).__name__}')
    return io.decode_image(content, name)


_DECODERS = {
    np.ndarray: io.as_bgr,
    torch.Tensor: _of_tensor,
    Image.Image: io.from_pillow,
    (bytes, bytearray, memoryview):
    lambda content, name: io.decode_image(bytes(content), name),
}


def _of_text(text: str) -> Iterator[Frame]:
    try:
        paths = list_images([text])
    except ValueError as error:
        yield Frame(as_text(text), error=as_text(str(error)))
        return
    for sentence in left_out([text]):
        print_log(sentence, logger='current', level=logging.WARNING)
    for path in paths:
        name = as_text(path)
        if is_video(path):
            yield from _of_video(path, name)
            continue
        try:
            yield Frame(name, image=read_image(path))
        except ValueError as error:
            yield Frame(name, error=as_text(str(error)))


def _of_camera(source: Union[str, int]) -> Iterator[Frame]:
    text = str(source)
    if isinstance(source, str):
        text = source.partition(':')[2] or '0'
    if not text.isdecimal() or len(text) > 4:
        yield Frame(
            f'{CAMERA}:{text[:20]}',
            error=f'no camera {text[:20]}: expected a small integer from 0')
        return
    number, name = int(text), f'{CAMERA}:{text}'
    level = cv2.setLogLevel(0)  # what it prints of a camera names none
    capture = cv2.VideoCapture(number)
    cv2.setLogLevel(level)
    try:
        if not capture.isOpened():
            yield Frame(name, error=f'{name}: OpenCV cannot open it; expected '
                        'a camera that is free')
            return
        rate = max(capture.get(cv2.CAP_PROP_FPS), 0.)
        start = monotonic()
        for index in count():
            good, image = capture.read()
            if not good:
                break
            yield Frame(
                name, index, image, time=monotonic() - start, rate=rate)
        if not index:
            yield Frame(name, index, error=f'{name}: gives no image')
    finally:
        capture.release()


def _of_video(path: str, name: str) -> Iterator[Frame]:
    if not osp.isfile(path):
        yield Frame(name, error=f'no such video file: {name}')
        return
    need_av()
    try:
        # A file and not its name, which need not be text.
        with open(path, 'rb') as content, av.open(content) as file:
            yield from _of_stream(name, file)
    except (OSError, ValueError, av.FFmpegError) as error:
        reason = getattr(error, 'strerror', None) or error
        yield Frame(
            name,
            error=f'{name}: cannot be opened as a video: {reason}; expected a '
            'video file')


def _of_stream(name: str, file) -> Iterator[Frame]:
    if not file.streams.video:
        raise ValueError('it holds no moving image')
    stream = file.streams.video[0]
    stream.thread_type = 'AUTO'
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    start = (file.start_time or 0) / av.time_base
    announced = stream.frames
    if not announced and file.duration:
        announced = int(file.duration / av.time_base * rate)
    index, time = 0, None
    for frame in _decoded(file, stream):
        shown = index / (rate or USUAL_RATE)
        if frame.time is not None:
            shown = frame.time - start
        # A damaged file may tell times that do not grow.
        time = shown if time is None else max(shown, time + _SHORTEST)
        try:
            # Counted against the clock, as np.rot90 does.
            image = np.rot90(
                frame.to_ndarray(format='bgr24'), round(frame.rotation / 90))
            image = io.as_bgr(np.ascontiguousarray(image), name)
        except (ValueError, av.FFmpegError) as error:
            yield Frame(name, index, error=f'{name}: frame {index}: {error}')
            return
        yield Frame(
            name, index, image, time=time, rate=rate, announced=announced)
        index += 1
    if not index or index < 0.9 * announced:
        yield Frame(
            name, index,
            error=f'{name}: ends after {index} frames of {announced} '
            'announced; the rest cannot be read', rate=rate)


def _decoded(file, stream):
    """The frames of a stream; packets that are damaged are left out."""
    packets = file.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # cut short
            packet = None
        try:
            yield from stream.decode(packet)
        except av.FFmpegError:
            pass
        if packet is None:
            return
