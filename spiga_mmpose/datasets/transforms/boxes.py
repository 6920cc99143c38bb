"""Transforms of face boxes: the square to crop, its augmentation, the crop."""
import inspect
from typing import Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.datasets.transforms import GetBBoxCenterScale, RandomFlip
from mmpose.registry import TRANSFORMS
from PIL import Image

from spiga_mmpose.geometry import CROP_PADDING
from .loading import BadSampleError

_BORDERS = dict(zero=cv2.BORDER_CONSTANT, reflect=cv2.BORDER_REFLECT_101)
_SAMPLINGS = ('bilinear', 'nearest_release')


def rotated_size(size: np.ndarray, degrees: float) -> np.ndarray:
    """(..., 2) width and height of the upright box around a turned one."""
    cos = abs(np.cos(np.deg2rad(degrees)))
    sin = abs(np.sin(np.deg2rad(degrees)))
    return size @ np.array([[cos, sin], [sin, cos]])


class FaceTransform(BaseTransform):
    """A transform that keeps its arguments and shows them."""

    def __repr__(self) -> str:
        names = inspect.signature(type(self)).parameters
        arguments = [f'{name}={getattr(self, name)!r}' for name in names]
        return f"{type(self).__name__}({', '.join(arguments)})"


@TRANSFORMS.register_module()
class BoxFromLandmarks(BaseTransform):
    """Replace the box by the tight box of the labelled landmarks.

    Published WFLW, 300W, COFW-68 and MERL-RAV results of SPIGA are on these
    boxes. A sample without landmarks, as in inference, or with fewer than
    two labelled ones keeps its box.

    Required Keys:

        - bbox (1, 4), image px
        - keypoints (1, L, 2), image px, and keypoints_visible (1, L)
          (both optional)

    Modified Keys:

        - bbox

    Added Keys:

        - annotated_bbox (1, 4), the box as it was, where it is replaced
    """

    def transform(self, results: dict) -> dict:
        """Set ``results['bbox']``."""
        if results.get('keypoints') is None:
            return results
        count = results['keypoints'].shape[1]
        # (1, L), or (1, L, 2) with a weight beside, as MMPose leaves it.
        visible = results['keypoints_visible'].reshape(count, -1)
        points = results['keypoints'][0, visible[:, 0] > 0, :2].astype(
            np.float64)
        if len(points) > 1:
            results['annotated_bbox'] = results['bbox']
            results['bbox'] = np.concatenate([points.min(0),
                                              points.max(0)])[None]
        return results


@TRANSFORMS.register_module()
class FaceBoxCenterScale(GetBBoxCenterScale):
    """Centre and padded size of the face box, after checking the box.

    Unlike its parent it always starts from ``bbox``: a ``bbox_center`` or
    ``bbox_scale`` that a data set brought along is replaced, not padded once
    more.

    Required Keys:

        - bbox (1, 4), x1, y1, x2, y2, image px
        - img_shape

    Added Keys:

        - bbox_center (1, 2), bbox_scale (1, 2), image px, float64

    Args:
        padding (float): Factor on the box; the crop takes the longer side of
            the result. Defaults to 1.6 (PyPI package ``spiga`` 0.0.6).

    Raises:
        BadSampleError: If the box is not four finite numbers, has no area,
            or lies outside the image. The message names the image and the
            box.
    """

    def __init__(self, padding: float = CROP_PADDING) -> None:
        super().__init__(padding=padding)

    def transform(self, results: dict) -> dict:
        """Set ``bbox_center`` and ``bbox_scale``."""
        self._check(results)
        bbox = results['bbox'].astype(np.float64)
        size = bbox[:, 2:] - bbox[:, :2]
        side = size.max(1, keepdims=True) * self.padding
        # x1 + size / 2, in the order in which the release adds: where a
        # nearest-neighbour sample falls on the border of two pixels, the
        # last bit decides.
        results['bbox_center'] = bbox[:, :2] - (side - size) / 2 + side / 2
        results['bbox_scale'] = size * self.padding
        return results

    @staticmethod
    def _check(results: dict) -> None:
        bbox = results['bbox']
        box = (f"the box {np.asarray(bbox).tolist()} of "
               f"{results.get('img_path') or 'the image array'}")
        if np.shape(bbox) != (1, 4) or not np.isfinite(bbox).all():
            raise BadSampleError(
                f'{box}: expected four finite numbers x1, y1, x2, y2')
        x1, y1, x2, y2 = bbox[0]
        if not (x1 < x2 and y1 < y2):
            raise BadSampleError(f'{box}: expected x1 < x2 and y1 < y2')
        height, width = results['img_shape'][:2]
        if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
            raise BadSampleError(f'{box} lies outside the image, which has '
                                 f'{width} x {height} pixels')


@TRANSFORMS.register_module()
class FaceRandomFlip(RandomFlip):
    """Mirror the image, the box and the landmarks with what hides them.

    As its parent, left to right only, and ``keypoints_hidden`` (1, L)
    changes places with the landmarks. Comes before the crop. An
    ``annotated_pose`` and ``annotated_bbox`` are dropped: they were those of
    the face as photographed.

    Args:
        prob (float): Probability of a flip. Defaults to 0.5.
    """

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__(prob=float(prob))

    def transform(self, results: dict) -> dict:
        """Flip or leave."""
        img = results['img']
        results = super().transform(results)
        for key in ('annotated_pose', 'annotated_bbox'):
            results.pop(key, None)
        if results['flip']:
            # The parent's view with a negative stride takes 5 ms to read
            # for a photograph of 1000 px; this takes 0.1 ms.
            results['img'] = cv2.flip(img, 1)
            if 'keypoints_hidden' in results:
                results['keypoints_hidden'] = results['keypoints_hidden'][
                    :, results['flip_indices']]
        return results


@TRANSFORMS.register_module()
class FaceRandomBox(FaceTransform):
    """Rotate, shift and scale the box at random, each uniformly.

    The release's rotation, shift and scale (PyPI package ``spiga`` 0.0.6),
    said of the box instead of the image, so that one resampling does all.
    MMPose's ``RandomBBoxTransform`` draws from truncated normal
    distributions and keeps the size of a turned box. Here:

    * the crop turns about the centre of the box;
    * the box moves by a share of its width and height;
    * the crop takes in the axis-aligned box around the turned box, so that
      at 45 degrees a square face appears 0.707 as large (``keep_size``:
      it does not);
    * the face appears ``scale`` times as large. (In the release the scale
      cancels out against the crop, which follows the scaled box.)

    Required Keys:

        - bbox, bbox_center, bbox_scale (of :class:`FaceBoxCenterScale`)

    Modified Keys:

        - bbox_center, bbox_scale; annotated_pose is dropped

    Added Keys:

        - bbox_rotation (1,), degrees, as MMPose's

    Args:
        rotate (float): Turn by U(-rotate, rotate) degrees. Defaults to 45.
        shift (float): Shift by U(-shift, shift) of width and of height.
            Defaults to 0.05.
        scale (float): Face size times 1 + U(-scale, scale). Defaults to
            0.15.
        keep_size (bool): The face stays as large as the upright face, which
            is how large test faces are: the landmarks of a turned face have
            a tight box of about the same size. Defaults to ``False``, as the
            release.
    """

    def __init__(self,
                 rotate: float = 45.,
                 shift: float = 0.05,
                 scale: float = 0.15,
                 keep_size: bool = False) -> None:
        self.rotate = rotate
        self.shift = shift
        self.scale = scale
        self.keep_size = keep_size

    @cache_randomness
    def _draw(self) -> Tuple[float, np.ndarray, float]:
        rotation, dx, dy, growth = np.random.uniform(-1, 1, 4)
        return (self.rotate * rotation, self.shift * np.array([dx, dy]),
                1 + self.scale * growth)

    def transform(self, results: dict) -> dict:
        """Change ``bbox_center`` and ``bbox_scale``, set the rotation."""
        rotation, shift, growth = self._draw()
        size = results['bbox'][:, 2:] - results['bbox'][:, :2]
        results['bbox_center'] = results['bbox_center'] + shift * size
        scale = results['bbox_scale']
        if not self.keep_size:
            scale = rotated_size(scale, rotation)
        results['bbox_scale'] = scale / growth
        results['bbox_rotation'] = np.array([rotation])
        results.pop('annotated_pose', None)
        return results


@TRANSFORMS.register_module()
class SPIGACrop(FaceTransform):
    """Crop the square around the face box to the network's input.

    In the place of MMPose's ``TopdownAffine``: same keys in and out, same
    coordinates (see :mod:`spiga_mmpose.geometry.coords`), and what that has
    not: the release's sampling, and a choice of what lies outside.

    Required Keys:

        - img (H, W, 3), uint8
        - bbox_center (1, 2), bbox_scale (1, 2), image px; the crop has the
          longer side of bbox_scale
        - bbox_rotation (1,), degrees (optional)
        - keypoints (1, L, 2), image px (optional)

    Modified Keys:

        - img (size, size, 3), uint8
        - bbox_scale

    Added Keys:

        - input_size (2,), input_center (2,), input_scale (2,)
        - transformed_keypoints (1, L, 2), crop px

    Args:
        input_size (tuple[int, int]): Width and height of the crop, equal.
        sampling (str): ``'bilinear'``, or ``'nearest_release'``: bit for bit
            the crop of the PyPI package ``spiga`` 0.0.6 (Pillow's nearest
            neighbour, which takes the pixel that holds the output pixel's
            middle), for evaluation with released weights. Defaults to
            ``'bilinear'``.
        border (str): What lies outside the photograph: ``'zero'`` (black) or
            ``'reflect'`` (its mirror image). Defaults to ``'zero'``.

    Raises:
        ValueError: If an argument is none of those named.
    """

    def __init__(self,
                 input_size: Tuple[int, int],
                 sampling: str = 'bilinear',
                 border: str = 'zero') -> None:
        input_size = tuple(input_size)
        if len(input_size) != 2 or input_size[0] != input_size[1]:
            raise ValueError('SPIGACrop: input_size must be a square '
                             f'(width, height), found {input_size}')
        for name, value, known in (('sampling', sampling, _SAMPLINGS),
                                   ('border', border, tuple(_BORDERS))):
            if value not in known:
                raise ValueError(f'SPIGACrop: {name} must be one of {known}, '
                                 f'found {value!r}')
        if sampling == 'nearest_release' and border != 'zero':
            raise ValueError("SPIGACrop: sampling='nearest_release' goes "
                             f"with border='zero', found {border!r}")
        self.input_size = input_size
        self.sampling = sampling
        self.border = border

    def transform(self, results: dict) -> dict:
        """Crop the image and take the landmarks along."""
        center = results['bbox_center'][0]
        side = results['bbox_scale'][0].max()
        rotation = results.get('bbox_rotation', np.zeros(1))[0]
        matrix = self.matrix(center, side, rotation)
        results['img'] = self._sample(results['img'], matrix)
        if results.get('keypoints') is not None:
            points = results['keypoints'].copy()
            points[..., :2] = (
                points[..., :2] @ matrix[:, :2].T + matrix[:, 2])
            results['transformed_keypoints'] = points
        else:
            # What TopdownAffine leaves for samples without landmarks.
            results['transformed_keypoints'] = np.zeros([])
            results['keypoints_visible'] = np.ones((1, 1, 1))
        results['bbox_scale'] = np.full((1, 2), side)
        results['input_size'] = self.input_size
        results['input_center'] = center
        results['input_scale'] = results['bbox_scale'][0]
        return results

    def matrix(self, center: np.ndarray, side: float,
               rotation: float) -> np.ndarray:
        """(2, 3) matrix from image px to crop px, float64.

        Of the square with that centre (2,) and side, image px; ``rotation``
        in degrees, as MMPose counts them.
        """
        size = self.input_size[0]
        cos, sin = np.cos(np.deg2rad(rotation)), np.sin(np.deg2rad(rotation))
        linear = np.array([[cos, sin], [-sin, cos]]) * (size / side)
        return np.column_stack([linear, size / 2 - linear @ center])

    def _sample(self, img: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        if self.sampling == 'bilinear':
            return cv2.warpAffine(
                img,
                matrix,
                self.input_size,
                flags=cv2.INTER_LINEAR,
                borderMode=_BORDERS[self.border])
        linear = np.linalg.inv(matrix[:, :2])
        inverse = np.column_stack([linear, -linear @ matrix[:, 2]])
        image = Image.fromarray(np.ascontiguousarray(img))
        return np.array(
            image.transform(self.input_size, Image.Transform.AFFINE,
                            inverse.ravel(), Image.Resampling.NEAREST))
