"""Random changes of the pixels of a crop: occlusion, light, blur.

They come after the crop, on its 256 x 256 pixels instead of the photograph's
million. The release (PyPI package ``spiga`` 0.0.6) works on the rotated
photograph. What that changes:

* the rectangle: nothing, it is axis-aligned in the crop either way;
* light: nothing but the rounding, since it treats every pixel alike and
  leaves the black outside black;
* blur: the kernel is measured in crop px, so that a face is blurred as much
  in a large photograph as in a small one.
"""
import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from .boxes import rotated_size


@TRANSFORMS.register_module()
class RandomOcclusion(BaseTransform):
    """Cover part of the face by a rectangle of one random colour, always.

    The rectangle lies within the axis-aligned face box of the crop. The
    landmarks under it become hidden; they are still labelled.

    Required Keys:

        - img (H, W, 3), uint8, and the rest of :class:`SPIGACrop`
        - bbox (1, 4), bbox_rotation (1,) (optional)
        - keypoints_hidden (1, L) (optional: all in view)

    Modified Keys:

        - img, keypoints_hidden (1, L), float32

    Args:
        min_side (float): Least side, as a share of the box. Defaults to 0.1.
        max_side (float): Greatest side. Defaults to 0.4.
    """

    def __init__(self, min_side: float = 0.1, max_side: float = 0.4) -> None:
        self.min_side = min_side
        self.max_side = max_side

    def transform(self, results: dict) -> dict:
        """Draw the rectangle and mark what it hides."""
        bbox = results['bbox'][0].astype(np.float64)
        rotation = results.get('bbox_rotation', np.zeros(1))[0]
        size = np.array(results['input_size'])
        box = rotated_size(bbox[2:] - bbox[:2],
                           rotation) * size / results['input_scale']
        sides = box * np.random.uniform(self.min_side, self.max_side, 2)
        start = (size - box) / 2 + np.random.uniform(0, 1, 2) * (box - sides)
        # The box may be larger than the crop where scale or padding say so.
        (x1, y1), (x2, y2) = np.clip(
            np.rint([start, start + sides]).astype(int), 0, size)

        # The crop is ours alone, no copy of it is needed.
        results['img'][y1:y2, x1:x2] = np.random.uniform(0, 255, 3)
        x, y = np.moveaxis(results['transformed_keypoints'][..., :2], -1, 0)
        covered = (x1 <= x) & (x < x2) & (y1 <= y) & (y < y2)
        hidden = results.get('keypoints_hidden', np.zeros(x.shape))
        results['keypoints_hidden'] = np.maximum(hidden, covered).astype(
            np.float32)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(min_side={self.min_side}, '
                f'max_side={self.max_side})')


@TRANSFORMS.register_module()
class RandomHSV(BaseTransform):
    """Multiply hue, saturation and value by random factors, always.

    Each channel of OpenCV's 8-bit HSV times 1 + U(-limit, limit), clipped to
    its range (hue 0 to 179, not wrapped, as in the release).

    Args:
        limit (float): Defaults to 0.5.
    """

    def __init__(self, limit: float = 0.5) -> None:
        self.limit = limit

    def transform(self, results: dict) -> dict:
        """Change ``results['img']``."""
        factors = 1 + np.random.uniform(-self.limit, self.limit, 3)
        table = np.clip(
            np.arange(256)[:, None] * factors, 0, [179, 255, 255])
        hsv = cv2.cvtColor(results['img'], cv2.COLOR_BGR2HSV)
        hsv = cv2.LUT(hsv, table[None].astype(np.uint8))
        results['img'] = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(limit={self.limit})'


@TRANSFORMS.register_module()
class RandomBlur(BaseTransform):
    """Gaussian blur with a kernel of 1 (none), 3 or 5 px.

    Args:
        prob (float): Probability of drawing a kernel. Defaults to 0.5.
        max_kernel (int): Greatest kernel, odd. Defaults to 5.
    """

    def __init__(self, prob: float = 0.5, max_kernel: int = 5) -> None:
        self.prob = prob
        self.max_kernel = max_kernel

    def transform(self, results: dict) -> dict:
        """Change ``results['img']`` or not."""
        if np.random.uniform() < self.prob:
            kernel = 2 * np.random.randint((self.max_kernel + 1) // 2) + 1
            results['img'] = cv2.GaussianBlur(results['img'],
                                              (kernel, kernel), 0)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(prob={self.prob}, '
                f'max_kernel={self.max_kernel})')
