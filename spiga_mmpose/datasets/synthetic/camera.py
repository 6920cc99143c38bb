"""Head poses of synthetic faces, their place on the canvas, camera effects."""
from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np

from spiga_mmpose.geometry import CROP_PADDING, FOCAL_RATIO, euler_to_matrix
from .drawing import noise, through_jpeg

# Largest |yaw| of each variant; pitch and roll reach 40 degrees in both.
MAX_YAW = dict(default=60., hard=75.)
MAX_PITCH = MAX_ROLL = 40.
# Above one of these a pose counts for the subset 'pose'.
STRONG_POSE = (38., 26., 30.)  # yaw, pitch, roll
# Blur above this share of the canvas side counts for the subset 'blur'.
STRONG_BLUR = .011
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

    def screen(self, view: np.ndarray) -> np.ndarray:
        """(N, 3) camera points to (N, 2) canvas px."""
        return self.size * (FOCAL_RATIO * view[:, :2] / view[:, 2:] + .5)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) head units to (N, 2) canvas px."""
        return self.screen(self.view(points))

    @property
    def unit(self) -> float:
        """Px of one head unit at the nose."""
        return FOCAL_RATIO * self.size / self.pose[5]


def place(rng: np.random.Generator, angles: np.ndarray,
          landmarks: np.ndarray, size: int) -> Camera:
    """The camera with which the padded box about fills the canvas.

    The face is 0.86 to 1.08 times as large as would fill it, and within 5 %
    of the canvas from its middle. ``landmarks`` (L, 3) are in head units.
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
    a, b, c = (view[triangles[:, i]] for i in range(3))
    # x right, y down, z away: a front face's ab x ac points away.
    normals = normal_sum @ np.cross(c - a, b - a)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.maximum(length, 1e-9)


def camera_effects(rng: np.random.Generator,
                   image: np.ndarray) -> Tuple[np.ndarray, bool]:
    """Exposure, blur, noise and JPEG of (H, W, 3) float32, 0 to 255.

    Returns:
        tuple: (H, W, 3) uint8; bool, whether the blur is strong.
    """
    size = len(image)
    sigma = .0037 + abs(rng.normal()) * .002
    motion = rng.random() < .06
    if rng.random() < .10:
        sigma = rng.uniform(.010, .025)
    contrast = rng.uniform(.82, 1.15)
    bright = 110 * (1 - contrast) + rng.normal() * 10
    image = cv2.convertScaleAbs(
        np.maximum(image, -bright / contrast, out=image), None, contrast,
        bright)
    image = _motion_blur(rng, image) if motion else cv2.GaussianBlur(
        image, (0, 0), sigma * size)
    if rng.random() < .10:  # grey photograph
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        image = cv2.merge([grey, grey, grey])
    amount = abs(rng.normal()) * 2.5
    if rng.random() < .06:
        amount += rng.uniform(4, 12)
    grain = noise(rng, 'grain', size) * np.float32(amount)
    image = cv2.add(image, cv2.merge([grain, grain, grain]),
                    dtype=cv2.CV_8U)
    if rng.random() < .25:
        image = through_jpeg(image, int(rng.integers(18, 75)))
    return image, bool(sigma > STRONG_BLUR or motion)


def _motion_blur(rng, image):
    length = max(3, int(len(image) * rng.uniform(.035, .09)))
    angle = rng.uniform(0, np.pi)
    middle = (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    ends = np.round([middle - reach, middle + reach]).astype(int).tolist()
    kernel = cv2.line(np.zeros((length, length), np.float32), *ends, 1.)
    return cv2.filter2D(image, -1, kernel / kernel.sum(),
                        borderType=cv2.BORDER_REPLICATE)
