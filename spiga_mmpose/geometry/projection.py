"""Projection of the rigid head by the release's camera (paper, 2.1)."""
from .euler import euler_to_matrix

# Focal length over the side of the square crop (release: 1.5).
FOCAL_RATIO = 1.5
# Looks straight into the camera and about fills a crop of CROP_PADDING times
# its box.
FRONTAL_POSE = (0., 0., 0., 0., 0., 3.)


def project_head(head_model, pose):
    """Project a rigid head into the crop.

    The camera sits in the middle of the square crop with a focal length of
    1.5 times its side (PyPI package ``spiga`` 0.0.6).

    Args:
        head_model (np.ndarray | Tensor): (L, 3) world points, head units.
        pose (np.ndarray | Tensor): (..., 6) yaw, pitch, roll in degrees, tx,
            ty, tz in head units.

    Returns:
        np.ndarray | Tensor: (..., L, 2) x, y in [0, 1] of the crop for points
        inside it. Same kind as ``pose``.
    """
    rotation = euler_to_matrix(pose[..., :3])
    points = head_model @ rotation.swapaxes(-1, -2) + pose[..., None, 3:]
    return FOCAL_RATIO * points[..., :2] / points[..., 2:] + 0.5
