"""The one home of the coordinate systems and of the ways between them.

Convention:
    * **image px**: of the photograph; pixel centres at integers.
    * **crop px**: of the network's input, side ``size``. With a box of centre
      c and side s (square): ``crop = (image - c) * size / s + size / 2``, as
      MMPose's ``TopdownAffine`` and the SPIGA release.
    * **normalised**: crop px / size; [0, 1] inside the crop.
    * **cells**: of a feature map of side ``cells``; ``cell = normalised *
      cells``. Cell centres at integers, so 0 is the centre of cell 0.
    * **grid**: of ``torch.nn.functional.grid_sample`` with
      ``align_corners=False``, where -1 and 1 are the outer borders of the
      first and last cell:
      ``grid = 2 * (normalised + 0.5 / cells) - 1``.
"""
import numpy as np

# Side of the square crop over the longer side of the face box (release: 1.6).
CROP_PADDING = 1.6


def image_to_crop(points, center, scale, size):
    """Image px (..., 2) to crop px.

    Args:
        points (np.ndarray): (..., 2) image px.
        center (np.ndarray): (2,) centre of the cropped box, image px.
        scale (np.ndarray): (2,) width and height of the cropped box, px.
        size (np.ndarray): (2,) width and height of the crop, px.
    """
    center, scale, size = map(np.asarray, (center, scale, size))
    return (points - center) * (size / scale) + 0.5 * size


def crop_to_image(points, center, scale, size):
    """Crop px (..., 2) to image px, inverse of :func:`image_to_crop`."""
    center, scale, size = map(np.asarray, (center, scale, size))
    return (points - 0.5 * size) * (scale / size) + center


def normalised_to_cells(points, cells):
    """Normalised coordinates (..., 2) to cells (..., 2) of a map; arrays or
    tensors, as the two functions below."""
    return points * cells


def cells_to_normalised(points, cells):
    """Cells (..., 2) of a map of side ``cells`` to normalised coordinates."""
    return points / cells


def normalised_to_grid(points, cells):
    """Normalised coordinates (..., 2) to those of ``grid_sample``, see the
    module, on a map of side ``cells``."""
    return 2 * (points + 0.5 / cells) - 1


def boxes_to_center_scale(boxes, padding=CROP_PADDING):
    """Square crop boxes: ``padding`` times the longer side of each box.

    Args:
        boxes (np.ndarray): (N, 4) x1, y1, x2, y2, image px.
        padding (float): Factor on the longer side.

    Returns:
        tuple: centres (N, 2) and scales (N, 2), image px.
    """
    boxes = np.asarray(boxes, np.float64)
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    side = (boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True) * padding
    return center, np.repeat(side, 2, axis=1)
