"""The square crop that the network sees."""
from typing import Tuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS
from PIL import Image

_BORDERS = dict(zero=cv2.BORDER_CONSTANT, reflect=cv2.BORDER_REFLECT_101)
_SAMPLINGS = ('bilinear', 'nearest_release')


@TRANSFORMS.register_module()
class SPIGACrop(BaseTransform):
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
        if sampling not in _SAMPLINGS:
            raise ValueError(f'SPIGACrop: sampling must be one of '
                             f'{_SAMPLINGS}, found {sampling!r}')
        if border not in _BORDERS:
            raise ValueError(f'SPIGACrop: border must be one of '
                             f'{tuple(_BORDERS)}, found {border!r}')
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

        Args:
            center (np.ndarray): (2,) of the box, image px.
            side (float): Of the square, image px.
            rotation (float): Of the box, degrees, as MMPose counts them.
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

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(input_size={self.input_size}, '
                f'sampling={self.sampling!r}, border={self.border!r})')
