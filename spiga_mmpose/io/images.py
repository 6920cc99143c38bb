"""Images of files, bytes and arrays, or one error that says what is wrong."""
import io
import os.path as osp
import warnings
from contextlib import contextmanager, suppress
from typing import Callable, Iterator, Optional

import cv2
import mmcv
import numpy as np
from mmengine import fileio
from PIL import Image, ImageOps

from .whole_files import write_whole

# More pixels are refused: the demo takes some 20 bytes for each.
MAX_PIXELS = 65_000_000
# Kinds as Pillow names them; MPO is a JPEG with more images behind it. OpenCV
# decodes JPEG alone: it crashes on damaged animated PNG and JPEG 2000 files.
_JPEG = ('JPEG', 'MPO')
_SUPPORTED = (*_JPEG, 'BMP', 'PNG', 'PPM', 'TIFF', 'WEBP')
_EXPECTED = 'expected a JPEG, PNG, BMP, TIFF, WebP or PPM file'

# OpenCV's warpAffine and remap count in 16 bits.
_LONGEST_SIDE = 32766


class ImageError(ValueError):
    """The image is bad; the message names it."""


def read_image(path: str,
               max_pixels: int = MAX_PIXELS,
               get: Callable[[str], bytes] = fileio.get) -> np.ndarray:
    """Read an image file in the orientation that its EXIF data tell.

    Args:
        path (str): Path or URL of the file.
        max_pixels (int): Refuse images of more pixels than this.
        get (Callable): From the path to the bytes of the file.

    Returns:
        np.ndarray: (H, W, 3) BGR, uint8. Of several images in a file (an
        animation, a TIFF of pages) the first.

    Raises:
        ImageError: If the file is missing, empty, no image, of an unsupported
            format, damaged or too large.
    """
    return decode_image(_content(path, get), path, max_pixels)


def decode_image(content: bytes,
                 name: str,
                 max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """As :func:`read_image`, of the bytes of a file with a name for messages.
    """
    with _opened(content, name, max_pixels) as image:
        if image.format not in _JPEG:
            return from_pillow(image, name, max_pixels)
    try:
        decoded = mmcv.imfrombytes(content, backend='cv2')
    except cv2.error:
        decoded = None
    if decoded is None:
        raise ImageError(
            f'the image {name} cannot be decoded: its header is good but '
            f'the data of {len(content)} bytes is truncated or corrupt')
    return decoded


def image_content(path: str) -> bytes:
    """Read an image file for decoders of others, which may crash on some.

    Errors are those of :func:`read_image`, but for the data of a JPEG.

    Returns:
        bytes: Of a JPEG file, as it is; else of a BMP file of the image.
    """
    content = _content(path, fileio.get)
    with _opened(content, path, MAX_PIXELS) as image:
        if image.format in _JPEG:
            return content
        return cv2.imencode('.bmp', from_pillow(image, path))[1].tobytes()


def _content(path: str, get: Callable[[str], bytes]) -> bytes:
    try:
        if osp.exists(path) and not osp.isfile(path):
            kind = 'directory' if osp.isdir(path) else 'device or pipe'
            raise OSError(f'it is a {kind}, not a file')
        return get(path)
    except OSError as error:
        raise ImageError(f'cannot read the image {path}: '
                         f'{error.strerror or error}') from None


@contextmanager
def _opened(content: bytes, name: str,
            max_pixels: int) -> Iterator[Image.Image]:
    """The image of a file of a supported kind, not yet decoded."""
    if not content:
        raise ImageError(f'the image {name} is an empty file')
    Image.init()
    # libavif parses a file to open it; the others read the header alone.
    kinds = [kind for kind in Image.ID if kind != 'AVIF']
    with warnings.catch_warnings():
        # Pillow warns of half its limit; here max_pixels decides.
        warnings.simplefilter('ignore', Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(content), formats=kinds)
            if image.format == 'PNG':
                image.verify()  # the checksums, which decoding skips
                image = Image.open(io.BytesIO(content), formats=['PNG'])
        except Image.DecompressionBombError as error:
            raise ImageError(f'the image {name} is too large: '
                             f'{error}') from None
        # A damaged header may raise anything at all.
        except Exception:
            raise ImageError(
                f'{name} is not an image that can be read: {_EXPECTED}, '
                f'found {len(content)} bytes that start with '
                f'{content[:12]!r}') from None
    with image:
        if image.format not in _SUPPORTED:
            raise ImageError(
                f'the image {name} is of an unsupported format: {_EXPECTED}, '
                f'found {image.format}; convert it')
        _check_size(f'the image {name}', *image.size, max_pixels)
        whole = (0, 0, *image.size)
        if image.format == 'PNG' and image.info.get('bbox', whole) != whole:
            raise ImageError(f'the image {name} cannot be decoded: its first '
                             'frame is smaller than its header says')
        yield image


def from_pillow(image: Image.Image,
                name: str,
                max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """As :func:`read_image`, of a Pillow image: colours or grey values of 8 or
    16 bits."""
    _check_size(f'the image {name}', *image.size, max_pixels)
    try:
        image.load()
        with suppress(Exception):  # EXIF data that cannot be read turn nothing
            image = ImageOps.exif_transpose(image)
        if image.mode[0] in 'IF':
            values = np.asarray(image)
            if values.dtype == np.int32 and values.min() >= 0 and (
                    values.max() < 1 << 16):
                values = values.astype(np.uint16)  # how Pillow reads PPM
        else:
            values = np.asarray(image.convert('RGB'))[..., ::-1]
    # A damaged file may raise anything at all.
    except Exception as error:
        raise ImageError(
            f'the image {name} cannot be decoded: its header is good but the '
            f'data is truncated or corrupt ({str(error)[:100]})') from None
    return np.ascontiguousarray(
        as_bgr(values.astype(values.dtype.newbyteorder('=')), name))


def as_bgr(image: np.ndarray, path: Optional[str] = None) -> np.ndarray:
    """An array in the form of :func:`read_image`; else an :class:`ImageError`.

    Args:
        image (np.ndarray): (H, W), (H, W, 1), (H, W, 3) BGR or (H, W, 4) BGRA,
            uint8 or uint16.
        path (str, optional): Its name, for messages.
    """
    name = f'the image {path}' if path else 'the image array'
    if not isinstance(image, np.ndarray):
        raise ImageError(f'{name}: expected an array, found '
                         f'{type(image).__name__}')
    if image.dtype not in (np.uint8, np.uint16):
        raise ImageError(f'{name}: expected uint8 or uint16, found '
                         f'{image.dtype}')
    channels = image.shape[2] if image.ndim == 3 else int(image.ndim == 2)
    if channels not in (1, 3, 4) or image.size == 0:
        raise ImageError(
            f'{name}: expected (H, W) or (H, W, 1, 3 or 4) with at least '
            f'one pixel, found {image.shape}')
    _check_sides(name, *image.shape[1::-1])
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if channels == 1:
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return image[..., :3]


def _check_size(name: str, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageError(
            f'{name} is too large: {width} x {height} pixels; '
            f'expected at most {max_pixels} (max_pixels)')
    _check_sides(name, width, height)


def _check_sides(name: str, width: int, height: int) -> None:
    if max(width, height) > _LONGEST_SIDE:
        raise ImageError(
            f'{name} is too long: {width} x {height} pixels; OpenCV crops '
            f'from at most {_LONGEST_SIDE} a side: make it smaller')


def write_image(path: str, image: np.ndarray, quality: int = 95) -> None:
    """Write an image (H, W) or (H, W, 3) RGB, uint8, whole or not at all; the
    ending of the path says the format.

    Raises:
        ImageError: If the format is unknown or has no place for so large an
            image.
        OSError: If it cannot be written.
    """
    try:
        done, data = cv2.imencode(
            osp.splitext(path)[1],
            image[..., ::-1] if image.ndim == 3 else image,
            [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error:
        done = False
    if not done:
        raise ImageError(
            f'cannot write the image {path}: expected a name like a.png and '
            'an image that fits the format, found '
            f'{image.shape[1]} x {image.shape[0]} pixels')
    try:
        write_whole(path, data.tobytes())
    except OSError as error:
        raise OSError(
            error.errno,
            f'cannot write the image {path}: {error.strerror}') from None
