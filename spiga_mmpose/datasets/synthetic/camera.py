"""Head poses of synthetic faces and their place on the canvas."""
from dataclasses import dataclass

import numpy as np

from spiga_mmpose.geometry import CROP_PADDING, FOCAL_RATIO, euler_to_matrix

# Largest |yaw| of each variant; pitch and roll reach 40 degrees in both.
MAX_YAW = dict(default=60., hard=75.)
MAX_PITCH = MAX_ROLL = 40.
# Above one of these a pose counts for the subset 'pose'.
STRONG_YAW, STRONG_PITCH, STRONG_ROLL = 38., 26., 30.
NEAREST = 2.2  # head units; nearer cameras would distort too much


def sample_angles(rng: np.random.Generator, variant: str) -> np.ndarray:
    """(3,) yaw, pitch, roll in degrees."""
    limit = MAX_YAW[variant]
    if rng.random() < (.35 if variant == 'default' else .5):
        yaw = rng.uniform(-limit, limit)
    else:
        yaw = np.clip(rng.normal() * 22, -limit, limit)
    pitch = np.clip(rng.normal() * 13, -MAX_PITCH, MAX_PITCH)
    roll = np.clip(rng.normal() * 14, -MAX_ROLL, MAX_ROLL)
    return np.array([yaw, pitch, roll])


def is_strong_pose(angles: np.ndarray) -> bool:
    """Return whether a pose counts for the subset 'pose'."""
    yaw, pitch, roll = np.abs(angles[:3])
    return bool(yaw > STRONG_YAW or pitch > STRONG_PITCH
                or roll > STRONG_ROLL)


@dataclass(frozen=True)
class Camera:
    """The camera of :func:`spiga_mmpose.geometry.project_head`, set up once.

    Attributes:
        pose (np.ndarray): (6,) yaw, pitch, roll in degrees, tx, ty, tz.
        rotation (np.ndarray): (3, 3) head to camera.
        size (int): Side of the canvas, px.
    """
    pose: np.ndarray
    rotation: np.ndarray
    size: int

    def view(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) head units to camera: x right, y down, z away."""
        return points @ self.rotation.T + self.pose[3:]

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) head units to (N, 2) canvas px."""
        return self.screen(self.view(points))

    def screen(self, view: np.ndarray) -> np.ndarray:
        """(N, 3) camera points to (N, 2) canvas px."""
        return self.size * (FOCAL_RATIO * view[:, :2] / view[:, 2:] + .5)

    @property
    def unit(self) -> float:
        """Px of one head unit at the nose."""
        return FOCAL_RATIO * self.size / self.pose[5]


def place(rng: np.random.Generator, angles: np.ndarray,
          landmarks: np.ndarray, size: int) -> Camera:
    """Distance and offset such that the padded box about fills the canvas.

    Args:
        rng (np.random.Generator): Draws size (0.86 to 1.08 of the ideal) and
            position (within 5 % of the canvas).
        angles (np.ndarray): (3,) yaw, pitch, roll, degrees.
        landmarks (np.ndarray): (L, 3) head units.
        size (int): Side of the canvas, px.

    Returns:
        Camera: With the whole pose.
    """
    side = rng.uniform(.86, 1.08) / CROP_PADDING
    centre = .5 + rng.uniform(-.05, .05, 2)
    pose = np.concatenate([angles, [0., 0., 3.4]])
    camera = Camera(pose, euler_to_matrix(angles), 1)
    for _ in range(2):  # each turn brings the box nearer to what is wanted
        points = camera.pixels(landmarks)
        low, high = points.min(0), points.max(0)
        pose[5] = max(pose[5] * (high - low).max() / side, NEAREST)
        pose[3:5] += (centre - (low + high) / 2) * (pose[5] +
                                                    .4) / FOCAL_RATIO
    return Camera(pose, camera.rotation, size)


def vertex_normals(view: np.ndarray, triangles: np.ndarray,
                   normal_sum) -> np.ndarray:
    """Outward unit normals (N, 3) of camera points."""
    corner = view[triangles]
    ab = (corner[:, 1] - corner[:, 0]).T
    ac = (corner[:, 2] - corner[:, 0]).T
    # x right, y down, z away: a front face's ab x ac points away.
    flat = np.stack([ac[1] * ab[2] - ac[2] * ab[1],
                     ac[2] * ab[0] - ac[0] * ab[2],
                     ac[0] * ab[1] - ac[1] * ab[0]], -1)
    normals = (normal_sum @ flat).T
    length = np.sqrt(normals[0]**2 + normals[1]**2 + normals[2]**2)
    return (normals / np.maximum(length, 1e-9)).T
