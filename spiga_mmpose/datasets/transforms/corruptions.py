"""Known corruptions to the box or the crop of a test face, in five severities.

For ``tools/analysis_tools/robustness.py``, or for the test pipeline of any
config: a box corruption goes directly before the crop (:class:`SPIGACrop` or
MMPose's ``TopdownAffine``), an image corruption directly after it. The
images are corrupted after the crop because only there a pixel, a JPEG block or
a noise grain means the same for a face of 50 px and one of 1000 px.

None changes what the face is scored by: box, landmarks and visibility stay
those of the annotation.
"""
import zlib
from typing import Dict, Mapping, Tuple, Type

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from ..synthetic.drawing import through_jpeg
from .boxes import FaceTransform
from .loading import BadSampleError


class Corruption(FaceTransform):
    """One kind of corruption, in levels.

    What is drawn at random depends on ``(seed, face)`` alone, whatever the
    order or the worker, and is the same at every level: of one face only the
    amount changes.

    Attributes:
        amounts (tuple[float]): Of levels 1 to 5, milder to harder.
        unit (str): What an amount is, for the axis of a figure.
        after_crop (bool): Acts on the crop; False: the box, before the crop.

    Required Keys:

        - id (int | str): of the face in its data set

    Args:
        level (int): 0 (nothing is done) to 5.
        seed (int): Other seeds give other draws. Defaults to 0.

    Raises:
        ValueError: If the level is none of these.
    """
    amounts: Tuple[float, ...] = ()
    unit: str = ''
    after_crop: bool = True

    def __init__(self, level: int, seed: int = 0) -> None:
        if level not in range(len(self.amounts) + 1):
            raise ValueError(
                f'{type(self).__name__}: level must be an integer from 0 '
                f'to {len(self.amounts)}, found {level!r}')
        self.level = level
        self.seed = seed

    def transform(self, results: dict) -> dict:
        """Harm a face; at level 0 hand it on as it is."""
        if self.level:
            face = zlib.crc32(str(results['id']).encode())
            self.corrupt(results, self.amounts[self.level - 1],
                         np.random.default_rng([self.seed, face]))
        return results

    def corrupt(self, results: dict, amount: float,
                rng: np.random.Generator) -> None:
        """Change ``results`` by replacing arrays, not writing into them."""
        raise NotImplementedError


class BoxCorruption(Corruption):
    """Harm to what is cropped, directly before the crop.

    Required Keys:

        - bbox (1, 4), image px
        - bbox_center (1, 2), bbox_scale (1, 2), image px
        - bbox_rotation (1,), degrees (optional)

    Modified Keys:

        - bbox_center, bbox_scale or bbox_rotation
    """
    after_crop = False


class ImageCorruption(Corruption):
    """Harm to the pixels of the crop, directly after it.

    Required Keys:

        - img (H, W, 3), uint8
        - transformed_keypoints (1, L, 2), crop px
        - keypoints_visible (1, L), more than 0 where labelled

    Modified Keys:

        - img (H, W, 3), uint8
    """


def _longer_side(bbox: np.ndarray) -> float:
    """Of a box (1, 4)."""
    return float((bbox[0, 2:4] - bbox[0, :2]).max())


def _face_box(results: dict) -> np.ndarray:
    """(2, 2) least and greatest x, y of the labelled landmarks, crop px."""
    points = np.asarray(results['transformed_keypoints'])
    visible = np.asarray(results['keypoints_visible'])
    if visible.ndim == 3:  # MMPose may keep a weight beside
        visible = visible[..., 0]
    if points.ndim != 3 or not (visible[0] > 0).any():
        raise BadSampleError(
            f"{results.get('img_path') or 'the image array'}: a corruption is "
            'measured by the face, and no landmark is labelled')
    points = points[0, visible[0] > 0, :2]
    return np.stack([points.min(0), points.max(0)])


def _face_size(results: dict) -> float:
    """Longer side of the landmark box, crop px, at least 1."""
    return max(1., float(np.ptp(_face_box(results), axis=0).max()))


@TRANSFORMS.register_module()
class ShiftBox(BoxCorruption):
    """Move the box by a fixed distance into a random direction."""
    amounts = (.05, .1, .15, .2, .3)
    unit = "shift (share of the box's longer side)"

    def corrupt(self, results, amount, rng):
        angle = rng.uniform(0, 2 * np.pi)
        results['bbox_center'] = (
            results['bbox_center'] + amount * _longer_side(results['bbox']) *
            np.array([np.cos(angle), np.sin(angle)]))


class _ScaleBox(BoxCorruption):

    def corrupt(self, results, amount, rng):
        results['bbox_scale'] = results['bbox_scale'] * amount


@TRANSFORMS.register_module()
class EnlargeBox(_ScaleBox):
    """A box that is too large, around the same centre."""
    amounts = (1.1, 1.25, 1.5, 1.75, 2.)
    unit = 'box too large (factor on its sides)'


@TRANSFORMS.register_module()
class TightenBox(_ScaleBox):
    """A box that is too small, around the same centre.

    With the usual padding of 1.6 the crop cuts into the face from 0.625 on.
    """
    amounts = (.9, .8, .7, .6, .5)
    unit = 'box too small (factor on its sides)'


@TRANSFORMS.register_module()
class TurnBox(BoxCorruption):
    """Turn the crop about the centre of the box, to a random side.

    The size stays. MMPose's estimators map no rotation back: whoever scores
    the predictions turns them back first, see
    ``turn_back`` in ``tools/analysis_tools/face_set.py``.
    """
    amounts = (10., 20., 30., 45., 60.)
    unit = 'rotation of the box (degrees)'

    def corrupt(self, results, amount, rng):
        rotation = results.get('bbox_rotation', np.zeros(1))
        results['bbox_rotation'] = rotation + amount * rng.choice([-1, 1])


@TRANSFORMS.register_module()
class CropByBox(BaseTransform):
    """Crop by another box than the sample's own, directly before the crop.

    The way to score one set of faces by boxes of several sources. The crop is
    as large around the other box as the pipeline made it around ``bbox``,
    which stays in the truth.

    Required Keys:

        - id (int | str)
        - bbox (1, 4), bbox_scale (1, 2), image px

    Modified Keys:

        - bbox_center, bbox_scale

    Args:
        boxes (Mapping): From the face's ``id`` to (4,) x1, y1, x2, y2, image
            px.
    """
    after_crop = False

    def __init__(self, boxes: Mapping[object, np.ndarray]) -> None:
        self.boxes = boxes

    def transform(self, results: dict) -> dict:
        """Replace ``bbox_center`` and ``bbox_scale``."""
        box = np.asarray(self.boxes[results['id']], np.float64)[None]
        padding = results['bbox_scale'].max() / _longer_side(results['bbox'])
        results['bbox_center'] = (box[:, :2] + box[:, 2:]) / 2
        results['bbox_scale'] = (box[:, 2:] - box[:, :2]) * padding
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({len(self.boxes)} boxes)'


@TRANSFORMS.register_module()
class CoverFace(ImageCorruption):
    """A rectangle of one random colour somewhere on the landmark box.

    Its width over its height is up to twice or half that of the box.
    """
    amounts = (.1, .2, .3, .4, .5)
    unit = 'occlusion (share of the landmark box)'

    def corrupt(self, results, amount, rng):
        low, high = _face_box(results)
        longest = min(2**.5, amount**-.5)  # neither side beyond the box
        stretch = longest**rng.uniform(-1, 1)
        sides = (high - low) * amount**.5 * [stretch, 1 / stretch]
        start = low + rng.uniform(0, 1, 2) * (high - low - sides)
        img = results['img'].copy()
        (x1, y1), (x2, y2) = np.clip(
            np.rint([start, start + sides]).astype(int), 0,
            img.shape[1::-1])
        img[y1:y2, x1:x2] = rng.integers(0, 256, 3)
        results['img'] = img


@TRANSFORMS.register_module()
class BlurFace(ImageCorruption):
    """Gaussian blur; sigma in shares of the landmark box's longer side."""
    amounts = (.02, .03, .05, .08, .12)
    unit = 'blur (sigma, share of the face)'

    def corrupt(self, results, amount, rng):
        sigma = amount * _face_size(results)
        results['img'] = cv2.GaussianBlur(results['img'], (0, 0), sigma)


@TRANSFORMS.register_module()
class AddNoise(ImageCorruption):
    """Gaussian noise, independent in every pixel and channel of the crop."""
    amounts = (8., 16., 32., 48., 64.)
    unit = 'noise (sigma, grey levels of 255)'

    def corrupt(self, results, amount, rng):
        img = results['img'] + rng.normal(0, amount, results['img'].shape)
        results['img'] = np.clip(np.rint(img), 0, 255).astype(np.uint8)


@TRANSFORMS.register_module()
class CompressJPEG(ImageCorruption):
    """The crop through OpenCV's JPEG, of quality 0 to 100, and back."""
    amounts = (50., 30., 20., 10., 5.)
    unit = 'JPEG of the crop (quality)'

    def corrupt(self, results, amount, rng):
        results['img'] = through_jpeg(results['img'], int(amount))


@TRANSFORMS.register_module()
class DimLight(ImageCorruption):
    """Less light, rounded to whole grey levels.

    Each stop halves the light; with the usual gamma of 2.2 between light and
    grey levels a stop multiplies these by 0.73.
    """
    amounts = (1., 2., 3., 5., 7.)
    unit = 'low light (stops below)'

    def corrupt(self, results, amount, rng):
        gain = 2**(-amount / 2.2)
        results['img'] = np.rint(results['img'] * gain).astype(np.uint8)


@TRANSFORMS.register_module()
class ShrinkFace(ImageCorruption):
    """The crop as if the face were small: made small, and enlarged again.

    The amount is the longer side of the landmark box; a face that is as small
    already stays as it is.
    """
    amounts = (32., 24., 16., 12., 8.)
    unit = 'small face (longer side, px)'

    def corrupt(self, results, amount, rng):
        size = np.array(results['img'].shape[1::-1])
        share = amount / _face_size(results)
        if share < 1:
            small = np.maximum(1, np.rint(size * share)).astype(int).tolist()
            img = cv2.resize(
                results['img'], small, interpolation=cv2.INTER_AREA)
            results['img'] = cv2.resize(
                img, size.tolist(), interpolation=cv2.INTER_LINEAR)


# By the names that users type.
CORRUPTIONS: Dict[str, Type[Corruption]] = dict(
    shift=ShiftBox,
    large_box=EnlargeBox,
    small_box=TightenBox,
    rotation=TurnBox,
    occlusion=CoverFace,
    blur=BlurFace,
    noise=AddNoise,
    jpeg=CompressJPEG,
    low_light=DimLight,
    small_face=ShrinkFace)
