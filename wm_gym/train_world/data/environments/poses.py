"""Poses of an environment's camera as poses of a recording: z up, its origin at the opening camera, x its heading."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.train_world.data.environments.config import SourceConfig

_CV_FROM_GL = np.diag([1.0, -1.0, -1.0, 1.0])
_Z_UP_FROM_Y_UP = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
_LEAST_LEVEL = 0.05
_WANTED = {
    "body": "3, 4 or 5 numbers (x, y, yaw; x, y, z, yaw; x, y, z, yaw, pitch)",
    "quaternion": "7 numbers (x, y, z and a quaternion x, y, z, w of length 1)",
    "camera": "a rigid (4, 4) world_from_camera",
    "camera_opengl": "a rigid (4, 4) world_from_camera",
}


def camera_of(value: Any, config: SourceConfig) -> np.ndarray:
    """world_from_camera (4, 4) float64, z up, in metres, of what lies at the path of poses.

    A quaternion turns x forward, y left and z up of a body into the world, and of a world with y up its x forward,
    y up and z right.

    Raises:
        ValueError: If it is no such pose.
    """
    array = np.asarray(value, np.float64)
    pose = _pose(array, config) if np.isfinite(array).all() else None
    if pose is None:
        raise ValueError(
            f"source.pose must be {_WANTED[config.pose_is]} with source.pose_is={config.pose_is}, got "
            f"{np.array2string(array, precision=3, threshold=16).replace(chr(10), '')}"
        )
    pose[:3, 3] *= config.metres_per_unit
    return pose


def _pose(array: np.ndarray, config: SourceConfig) -> np.ndarray | None:
    """The pose in the environment's unit, z up; None for what is none."""
    turned = _Z_UP_FROM_Y_UP if config.up == "y" else np.eye(4)
    if config.pose_is == "body":
        return camera_pose(_body(array, config.up)) if array.shape in ((3,), (4,), (5,)) else None
    if config.pose_is == "quaternion":
        if array.shape != (7,) or abs(np.linalg.norm(array[3:]) - 1) > 0.01:
            return None
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = Rotation.from_quat(array[3:]).as_matrix(), array[:3]
        # the axes of a body that looks along x, in both worlds, are those of a level camera
        return turned @ pose @ turned.T @ camera_pose(START_BODY_POSE)
    if array.shape != (4, 4) or not _is_rigid(array):
        return None
    return turned @ array @ (_CV_FROM_GL if config.pose_is == "camera_opengl" else np.eye(4))


def in_own_world(poses: np.ndarray) -> np.ndarray:
    """world_from_camera (T, 4, 4) whose origin is the first camera and whose x axis is its heading.

    Args:
        poses: (T, 4, 4), z up.

    Raises:
        ValueError: If the first camera looks straight up or down, or lies on its side.
    """
    right = poses[0, :3, 0]
    if np.hypot(right[0], right[1]) < 1 - _LEAST_LEVEL:
        raise ValueError(
            f"the camera must open without roll, got {np.degrees(np.arcsin(np.clip(right[2], -1, 1))):.0f} degrees; "
            "source.up and source.pose_is say how poses are read"
        )
    start = np.array([*poses[0, :3, 3], np.arctan2(right[0], -right[1]), 0.0])
    return camera_pose(START_BODY_POSE) @ np.linalg.inv(camera_pose(start)) @ poses


def body_poses_of(poses: np.ndarray) -> np.ndarray:
    """(T, 5) float64 x, y, z, yaw, pitch of camera poses (T, 4, 4); roll is left out."""
    right, forward = poses[:, :3, 0], poses[:, :3, 2]
    yaw = np.arctan2(right[:, 0], -right[:, 1])
    pitch = np.arcsin(np.clip(forward[:, 2], -1, 1))
    return np.concatenate([poses[:, :3, 3], yaw[:, None], pitch[:, None]], axis=1)


def _body(array: np.ndarray, up: str) -> np.ndarray:
    """(5,) body pose with z up; with y up, a heading turns left from x towards -z."""
    if len(array) == 3:
        x, y, yaw = array
        return np.array([x, -y if up == "y" else y, 0.0, yaw, 0.0])
    x, y, z, yaw = array[:4]
    position = (x, -z, y) if up == "y" else (x, y, z)
    return np.array([*position, yaw, array[4] if len(array) == 5 else 0.0])


def _is_rigid(pose: np.ndarray) -> bool:
    turn = pose[:3, :3]
    return bool(
        np.abs(pose[3] - [0, 0, 0, 1]).max() < 1e-4
        and np.abs(turn @ turn.T - np.eye(3)).max() < 1e-2
        and np.linalg.det(turn) > 0
    )
