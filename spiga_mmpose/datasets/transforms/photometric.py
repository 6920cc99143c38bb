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

from spiga_mmpose.landmark_sets import load_landmark_set
from ..synthetic.drawing import empty, through_jpeg
from ..synthetic.occluders import sample_occluder
from .boxes import FaceTransform, rotated_size


def _hide(results: dict, mask: np.ndarray) -> dict:
    """Mark the landmarks where a mask (H, W) is above half as hidden."""
    points = results['transformed_keypoints'][..., :2]
    x, y = np.moveaxis(np.floor(points).astype(int), -1, 0)
    height, width = mask.shape
    inside = (0 <= x) & (x < width) & (0 <= y) & (y < height)
    covered = inside & (mask[y.clip(0, height - 1), x.clip(0, width - 1)] >
                        127)
    hidden = results.get('keypoints_hidden', np.zeros(x.shape))
    results['keypoints_hidden'] = np.maximum(hidden, covered).astype(
        np.float32)
    return results


@TRANSFORMS.register_module()
class RandomOcclusion(FaceTransform):
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
        mask = empty(results['img'])
        mask[y1:y2, x1:x2] = 255
        return _hide(results, mask)


@TRANSFORMS.register_module()
class RandomOccluder(BaseTransform):
    """Put a thing of the synthetic faces, or a face mask, before the face.

    Hands, cards, cups, microphones, strands of hair, patterned shapes, and
    masks over mouth and chin. The landmarks under it become hidden; they are
    still labelled.

    Required Keys:

        - img (H, W, 3), uint8, H = W
        - transformed_keypoints (1, L, 2), crop px
        - keypoints_visible (1, L), more than 0 where labelled
        - keypoints_hidden (1, L) (optional: all in view)

    Modified Keys:

        - img, keypoints_hidden (1, L), float32

    Args:
        landmark_set (str): Name or path of the landmark set. Without eye
            corners there are no face masks.
        prob (float): Probability of a thing. Defaults to 0.3.
        face_mask (float): Share of face masks among the things. Defaults to
            0.2.
    """

    def __init__(self,
                 landmark_set: str,
                 prob: float = 0.3,
                 face_mask: float = 0.2) -> None:
        self.prob = prob
        landmarks = load_landmark_set(landmark_set)
        self.face_mask = face_mask if landmarks.eye_corners else 0
        if self.face_mask:
            # 0 at the height of the eyes, 1 at the chin
            height = landmarks.mean_shape[:, 1]
            eyes = height[list(landmarks.eye_corners)].mean()
            self._height = (height - eyes) / (height.max() - eyes)

    def transform(self, results: dict) -> dict:
        """Draw it or not."""
        if np.random.uniform() >= self.prob:
            return results
        labelled = results['keypoints_visible'][0] > 0
        points = results['transformed_keypoints'][0, :, :2]
        if labelled.sum() < 3:
            return results
        if np.random.uniform() < self.face_mask:
            mask = self._put_mask_on(results['img'], points, labelled)
        else:
            mask = self._hold_before(results, points[labelled])
        return _hide(results, mask)

    def _put_mask_on(self, img, points, labelled):
        """Cloth over the lower face; returns where it is."""
        mask = empty(img)
        lower = labelled & (self._height > np.random.uniform(.15, .4))
        if lower.sum() > 2:
            hull = cv2.convexHull(points[lower].astype(np.float32))[:, 0]
            middle = hull.mean(0)
            hull = middle + (hull - middle) * np.random.uniform(1, 1.08)
            cv2.fillPoly(mask, [np.rint(hull).astype(np.int32)], 255,
                         cv2.LINE_AA)
        # Folds: stripes of light across the cloth.
        rows = np.arange(len(img))[:, None]
        folds = 1 + .12 * np.sin(
            rows * np.random.uniform(.1, .8) + np.random.uniform(0, 6))
        cloth = np.clip(
            np.random.uniform(10, 250, 3) * folds[..., None], 0, 255)
        img[:] = np.rint(img + mask[..., None] / 255 * (cloth - img))
        return mask

    def _hold_before(self, results, points):
        """A thing of the synthetic faces; returns where it is."""
        rng = np.random.default_rng(np.random.randint(2**31))
        img = results['img']
        box = np.concatenate([points.min(0), points.max(0)])
        # Skin and light are read from the middle of the face.
        x, y = np.clip((box[:2] + box[2:]) / 2, 2, len(img) - 3).astype(int)
        skin = img[y - 2:y + 3, x - 2:x + 3].reshape(-1, 3).mean(0)
        image = img.astype(np.float32)
        mask = sample_occluder(rng, image, box, skin,
                               np.full(3, rng.uniform(.5, 1.)))
        results['img'] = np.clip(np.rint(image), 0, 255).astype(np.uint8)
        return mask

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(prob={self.prob}, '
                f'face_mask={self.face_mask})')


@TRANSFORMS.register_module()
class RandomLowQuality(FaceTransform):
    """Make the crop small, noisy and JPEG-compressed, and enlarge it again.

    Required Keys:

        - img (H, W, 3), uint8
        - transformed_keypoints (1, L, 2), crop px

    Modified Keys:

        - img

    Args:
        prob (float): Probability of a change. Defaults to 0.3.
        min_face (float): Least longer side of the landmark box, px. The side
            is drawn between it and that in the crop, evenly in octaves.
            Defaults to 20.
        max_noise (float): Greatest sigma of the noise, grey levels.
            Defaults to 12.
        min_quality (int): Least JPEG quality. Defaults to 25.
    """

    def __init__(self,
                 prob: float = 0.3,
                 min_face: float = 20.,
                 max_noise: float = 12.,
                 min_quality: int = 25) -> None:
        self.prob = prob
        self.min_face = min_face
        self.max_noise = max_noise
        self.min_quality = min_quality

    def transform(self, results: dict) -> dict:
        """Change ``results['img']`` or not."""
        if np.random.uniform() >= self.prob:
            return results
        points = results['transformed_keypoints'][0, :, :2]
        face = max(self.min_face, float(np.ptp(points, axis=0).max()))
        share = (self.min_face / face)**np.random.uniform()
        size = results['img'].shape[1::-1]
        small = [max(1, round(side * share)) for side in size]
        img = cv2.resize(results['img'], small, interpolation=cv2.INTER_AREA)
        noise = np.random.normal(
            0, np.random.uniform(0, self.max_noise), img.shape)
        img = np.clip(np.rint(img + noise), 0, 255).astype(np.uint8)
        img = through_jpeg(img, np.random.randint(self.min_quality, 96))
        results['img'] = cv2.resize(img, size, interpolation=cv2.INTER_LINEAR)
        return results


@TRANSFORMS.register_module()
class RandomHSV(FaceTransform):
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


@TRANSFORMS.register_module()
class RandomBlur(FaceTransform):
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
