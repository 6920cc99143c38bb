"""The one home of the head-pose angle convention.

Convention:
    Angles are yaw, pitch, roll in **degrees**, as the SPIGA release has them
    (PyPI package ``spiga`` 0.0.6). World axes of the rigid head: x points out
    of the face, y and z span the face plane; the camera looks along +z with
    image x to the right and y down. A face that looks straight into the
    camera, upright, has (yaw, pitch, roll) = (0, 0, 0). The rotation is
    ``R = Ry(90 - yaw) Rp(-pitch) Rr(-90 - roll)``, world to camera, where Ry
    turns about the camera's y, Rp about z and Rr about x.

    * yaw > 0: the face turns towards the right edge of the image.
    * pitch > 0: the face looks up.
    * roll > 0: the head leans clockwise in the image.
    * Range: yaw and roll in [-180, 180), pitch in [-90, 90].
    * Gimbal lock at pitch = +-90: only one of yaw and roll is defined there;
      roll is then reported as -90 - 0, i.e. all of the turn goes to yaw.

All functions take NumPy arrays or torch tensors and return the same kind.
"""
import numpy as np
import torch


def _module(x):
    return torch if isinstance(x, torch.Tensor) else np


def wrap_degrees(angles):
    """Bring angles of any shape, in degrees, into [-180, 180)."""
    return (angles + 180) % 360 - 180


def euler_to_matrix(euler):
    """Rotation matrices (..., 3, 3), world to camera, of (..., 3) yaw, pitch,
    roll in degrees."""
    xp = _module(euler)
    yaw = xp.deg2rad(90 - euler[..., 0])
    pitch = xp.deg2rad(-euler[..., 1])
    roll = xp.deg2rad(-90 - euler[..., 2])
    cy, sy = xp.cos(yaw), xp.sin(yaw)
    cp, sp = xp.cos(pitch), xp.sin(pitch)
    cr, sr = xp.cos(roll), xp.sin(roll)
    rows = (
        (cy * cp, sy * sr - cy * sp * cr, sy * cr + cy * sp * sr),
        (sp, cp * cr, -cp * sr),
        (-sy * cp, cy * sr + sy * sp * cr, cy * cr - sy * sp * sr),
    )
    return xp.stack([xp.stack(row, -1) for row in rows], -2)


def matrix_to_euler(matrix):
    """Euler angles (..., 3) of rotation matrices (..., 3, 3), inverse of
    :func:`euler_to_matrix`; the module says the range, and what becomes of
    gimbal lock."""
    xp = _module(matrix)
    # By both legs of the triangle: the arcsine loses half of the digits near
    # 90 degrees.
    cos_pitch = xp.hypot(matrix[..., 0, 0], matrix[..., 2, 0])
    locked = cos_pitch < xp.finfo(matrix.dtype).eps**0.5
    # At gimbal lock Rr is taken as the identity and Ry Rp is read off the
    # third column, which is (sin, 0, cos) of the y-turn there.
    yaw = xp.where(locked, xp.arctan2(matrix[..., 0, 2], matrix[..., 2, 2]),
                   xp.arctan2(-matrix[..., 2, 0], matrix[..., 0, 0]))
    roll = xp.where(locked, xp.zeros_like(cos_pitch),
                    xp.arctan2(-matrix[..., 1, 2], matrix[..., 1, 1]))
    angles = xp.stack([
        90 - xp.rad2deg(yaw),
        -xp.rad2deg(xp.arctan2(matrix[..., 1, 0], cos_pitch)),
        -90 - xp.rad2deg(roll)
    ], -1)
    return wrap_degrees(angles)
