"""Images of files, bytes and arrays, or one error that says what is wrong."""
import io
import os.path as osp
import warnings
from typing import Callable, Optional, Tuple

import cv2
import mmcv
import numpy as np
from mmengine import fileio
from PIL import Image

from .whole_files import write_whole

# More pixels are refused. Pillow reads headers of at most 178 million.
MAX_PIXELS = 150_000_000
# As Pillow names them; MPO is a JPEG with more images behind it. OpenCV may
# be built to read others, too.
_SUPPORTED = ('BMP', 'JPEG', 'MPO', 'PNG', 'PPM', 'TIFF', 'WEBP')
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
        np.ndarray: (H, W, 3) BGR, uint8.

    Raises:
        ImageError: If the file is missing, empty, no image, of a format that
            OpenCV does not read, truncated or too large.
    """
    content, kind = image_content(path, max_pixels, get)
    try:
        image = mmcv.imfrombytes(content, backend='cv2')
    except cv2.error:
        image = None
    if image is None and kind not in _SUPPORTED:
        raise ImageError(
            f'the image {path} is of an unsupported format: {_EXPECTED}, '
            f'found {kind}; convert it')
    if image is None:
        raise ImageError(
            f'the image {path} cannot be decoded: its header is good but '
            f'the data of {len(content)} bytes is truncated or corrupt')
    return image


def image_content(
        path: str,
        max_pixels: int = MAX_PIXELS,
        get: Callable[[str], bytes] = fileio.get) -> Tuple[bytes, str]:
    """Read the bytes of an image file and check its header.

    Args and errors, but for the data behind the header: :func:`read_image`.

    Returns:
        tuple[bytes, str]: The content, and the format as Pillow names it.
    """
    try:
        content = get(path)
    except OSError as error:
        raise ImageError(f'cannot read the image {path}: '
                         f'{error.strerror or error}') from None
    if not content:
        raise ImageError(f'the image {path} is an empty file')
    try:
        with warnings.catch_warnings():
            # Pillow warns of half its limit; here max_pixels decides.
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as header:
                (width, height), kind = header.size, header.format
    except Image.DecompressionBombError as error:
        raise ImageError(f'the image {path} is too large: {error}') from None
    except (OSError, ValueError, SyntaxError):
        raise ImageError(
            f'{path} is not an image that can be read: {_EXPECTED}, '
            f'found {len(content)} bytes that start with '
            f'{content[:8]!r}') from None
    if width * height > max_pixels:
        raise ImageError(
            f'the image {path} is too large: {width} x {height} pixels; '
            f'expected at most {max_pixels} (max_pixels)')
    _check_sides(f'the image {path}', width, height)
    return content, kind


def as_bgr(image: np.ndarray, path: Optional[str] = None) -> np.ndarray:
    """Bring an array into the form of :func:`read_image`.

    Args:
        image (np.ndarray): (H, W), (H, W, 1), (H, W, 3) BGR or (H, W, 4)
            BGRA, uint8 or uint16.
        path (str, optional): Its name, for messages.

    Returns:
        np.ndarray: (H, W, 3) BGR, uint8.

    Raises:
        ImageError: If it has another shape or type.
    """
    name = f'the image {path}' if path else 'the image array'
    if not isinstance(image, np.ndarray):
        raise ImageError(f'{name}: expected an array, found '
                         f'{type(image).__name__}')
    if image.dtype not in (np.uint8, np.uint16):
        raise ImageError(f'{name}: expected uint8 or uint16, found '
                         f'{image.dtype}')
    channels = image.shape[2] if image.ndim == 3 else image.ndim == 2
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


def _check_sides(name: str, width: int, height: int) -> None:
    if max(width, height) > _LONGEST_SIDE:
        raise ImageError(
            f'{name} is too long: {width} x {height} pixels; OpenCV crops '
            f'from at most {_LONGEST_SIDE} a side: make it smaller')


def write_image(path: str, image: np.ndarray, quality: int = 95) -> None:
    """Write an image file whole or not at all.

    Args:
        path (str): The file; its ending says the format.
        image (np.ndarray): (H, W) or (H, W, 3) RGB, uint8.
        quality (int): Of a JPEG, 0 to 100.

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
