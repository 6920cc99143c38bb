"""Image loading that ends in a good picture or in one clear error."""
import io
import warnings
from typing import Optional, Tuple

import cv2
import mmcv
import numpy as np
from mmengine import fileio
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS
from PIL import Image

# As Pillow names them; MPO is a JPEG with more pictures behind it. OpenCV may
# be built to read others, too.
_SUPPORTED = ('BMP', 'JPEG', 'MPO', 'PNG', 'PPM', 'TIFF', 'WEBP')
_EXPECTED = 'expected a JPEG, PNG, BMP, TIFF, WebP or PPM file'

# OpenCV's warpAffine and remap count in 16 bits.
_LONGEST_SIDE = 32766


class BadSampleError(ValueError):
    """This one sample cannot be used: its image or its box is bad.

    A ``ValueError`` of its own class, so that a data set in training can skip
    the sample without hiding errors that every sample would raise.
    """


@TRANSFORMS.register_module()
class LoadFaceImage(LoadImage):
    """Load a photograph as (H, W, 3) BGR, uint8, or say what is wrong.

    Grey pictures get three equal channels, an alpha channel is dropped (as
    in the PyPI package ``spiga`` 0.0.6), 16-bit samples keep their upper
    byte, and the EXIF orientation is applied to files (as ``cv2.imread``
    does). The size is read from the file's header before decoding, so a
    small file that unpacks to a huge picture costs no memory.

    Required Keys:

        - img_path, or img: an array (H, W), (H, W, 1), (H, W, 3) or
          (H, W, 4), uint8 or uint16, BGR(A)

    Added Keys:

        - img, img_shape, ori_shape, img_path

    Args:
        max_pixels (int): Refuse pictures of more pixels than this. At most
            178 million, where Pillow stops reading headers. Defaults to
            150 million.
        backend_args (dict, optional): File backend, see
            :func:`mmengine.fileio.get`. Defaults to ``None``.

    Raises:
        BadSampleError: If the file is missing, empty, no image, of a format
            that OpenCV does not read, truncated or too large, or the array
            has another shape or type. The message names the file.
    """

    def __init__(self,
                 max_pixels: int = 150_000_000,
                 backend_args: Optional[dict] = None) -> None:
        super().__init__(backend_args=backend_args)
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict:
        """Load ``results['img_path']`` or check ``results['img']``."""
        results.setdefault('img_path', None)
        if 'img' in results:
            img = self._as_bgr(results['img'], results['img_path'])
        else:
            img = self._read(results['img_path'])
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results

    def read_content(self, path: str) -> Tuple[bytes, str]:
        """Read the bytes of an image file and check its header.

        Args:
            path (str): Path or URL of the file.

        Returns:
            tuple[bytes, str]: The content, and the format as Pillow names it.

        Raises:
            BadSampleError: If the file is missing, empty, no image or too
                large.
        """
        try:
            content = fileio.get(path, backend_args=self.backend_args)
        except OSError as error:
            raise BadSampleError(f'cannot read the image {path}: '
                                 f'{error.strerror or error}') from None
        if not content:
            raise BadSampleError(f'the image {path} is an empty file')
        return content, self._check_header(content, path)

    def _read(self, path: str) -> np.ndarray:
        content, kind = self.read_content(path)
        try:
            img = mmcv.imfrombytes(content, backend='cv2')
        except cv2.error:
            img = None
        if img is None and kind not in _SUPPORTED:
            raise BadSampleError(
                f'the image {path} is of an unsupported format: {_EXPECTED}, '
                f'found {kind}; convert it')
        if img is None:
            raise BadSampleError(
                f'the image {path} cannot be decoded: its header is good but '
                f'the data of {len(content)} bytes is truncated or corrupt')
        return img

    def _check_header(self, content: bytes, path: str) -> str:
        try:
            with warnings.catch_warnings():
                # Pillow warns of half its limit; here max_pixels decides.
                warnings.simplefilter('ignore', Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(content)) as header:
                    (width, height), kind = header.size, header.format
        except Image.DecompressionBombError as error:
            raise BadSampleError(
                f'the image {path} is too large: {error}') from None
        except (OSError, ValueError, SyntaxError):
            raise BadSampleError(
                f'{path} is not an image that can be read: {_EXPECTED}, '
                f'found {len(content)} bytes that start with '
                f'{content[:8]!r}') from None
        if width * height > self.max_pixels:
            raise BadSampleError(
                f'the image {path} is too large: {width} x {height} pixels; '
                f'expected at most {self.max_pixels} (max_pixels)')
        _check_sides(f'the image {path}', width, height)
        return kind

    @staticmethod
    def _as_bgr(img: np.ndarray, path: Optional[str]) -> np.ndarray:
        name = f'the image {path}' if path else 'the image array'
        if not isinstance(img, np.ndarray):
            raise BadSampleError(f'{name}: expected an array, found '
                                 f'{type(img).__name__}')
        if img.dtype not in (np.uint8, np.uint16):
            raise BadSampleError(f'{name}: expected uint8 or uint16, found '
                                 f'{img.dtype}')
        channels = {2: 1, 3: img.shape[-1]}.get(img.ndim)
        if channels not in (1, 3, 4) or img.size == 0:
            raise BadSampleError(
                f'{name}: expected (H, W) or (H, W, 1, 3 or 4) with at least '
                f'one pixel, found {img.shape}')
        _check_sides(name, *img.shape[1::-1])
        if img.dtype == np.uint16:
            img = (img >> 8).astype(np.uint8)
        if channels == 1:
            return np.repeat(img.reshape(*img.shape[:2], 1), 3, axis=2)
        return img[..., :3]


def _check_sides(name: str, width: int, height: int) -> None:
    if max(width, height) > _LONGEST_SIDE:
        raise BadSampleError(
            f'{name} is too long: {width} x {height} pixels; OpenCV crops '
            f'from at most {_LONGEST_SIDE} a side: make it smaller')


class FaceImageBackend(fileio.BaseStorageBackend):
    """Bytes of image files for loaders of others, checked as by ours.

    For pipelines whose loader must be MMCV's, as MMDet's tools want it:
    ``dict(type='LoadImageFromFile', backend_args=dict(backend='face_image'))``
    ends in an error that names the file where the stock backend hands on an
    empty file or one that unpacks to a huge picture.
    """

    def get(self, filepath: str) -> bytes:
        """Read a file.

        Args:
            filepath (str): Path or URL.

        Returns:
            bytes: The content.

        Raises:
            OSError: See :meth:`LoadFaceImage.read_content`. No
                ``ValueError``: ``MMPoseInferencer`` takes those of a detector
                for an old MMDet, and hides them behind one of its own.
        """
        try:
            return LoadFaceImage().read_content(filepath)[0]
        except BadSampleError as error:
            raise OSError(str(error)) from None

    def get_text(self, filepath: str) -> str:
        """Raise ``NotImplementedError``: an image is no text."""
        raise NotImplementedError(f'{filepath}: an image is no text')
