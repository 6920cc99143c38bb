"""Transforms of face boxes: the square to crop, and its augmentation."""
from typing import Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.datasets.transforms import GetBBoxCenterScale, RandomFlip
from mmpose.registry import TRANSFORMS

from spiga_mmpose.geometry import CROP_PADDING
from .loading import BadSampleError


def rotated_size(size: np.ndarray, degrees: float) -> np.ndarray:
    """Size of the axis-aligned box around a rotated box.

    Args:
        size (np.ndarray): (..., 2) width and height, px.
        degrees (float): Angle.

    Returns:
        np.ndarray: (..., 2) width and height, px.
    """
    cos = abs(np.cos(np.deg2rad(degrees)))
    sin = abs(np.sin(np.deg2rad(degrees)))
    return size @ np.array([[cos, sin], [sin, cos]])


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
        labelled = visible[:, 0] > 0
        points = results['keypoints'][0, labelled, :2].astype(np.float64)
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
                results['keypoints_hidden'] = results[
                    'keypoints_hidden'].take(
                        results['flip_indices'], axis=1)
        return results


@TRANSFORMS.register_module()
class FaceRandomBox(BaseTransform):
    """Rotate, shift and scale the box at random, each uniformly.

    The release's rotation, shift and scale (PyPI package ``spiga`` 0.0.6),
    said of the box instead of the image, so that one resampling does all:

    * the crop turns about the centre of the box;
    * the box moves by a share of its width and height;
    * the crop takes in the axis-aligned box around the turned box, so that
      at 45 degrees a square face appears 0.707 as large (``keep_size``:
      it does not);
    * the face appears ``scale`` times as large. (In the release the scale
      cancels out against the crop, which follows the scaled box.)

    Where MMPose's ``RandomBBoxTransform`` draws from truncated normal
    distributions and keeps the size of a turned box.

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
        if not self.keep_size:
            results['bbox_scale'] = rotated_size(results['bbox_scale'],
                                                 rotation)
        results['bbox_scale'] = results['bbox_scale'] / growth
        results['bbox_rotation'] = np.array([rotation])
        results.pop('annotated_pose', None)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(rotate={self.rotate}, '
                f'shift={self.shift}, scale={self.scale}, '
                f'keep_size={self.keep_size})')
