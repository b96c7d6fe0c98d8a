"""The body's motion: keys and twists to body poses, body poses to camera poses.

A body pose is (..., 5) float64: x, y, z in metres in the world frame, yaw (turning left is positive) and pitch (looking
up is positive) in radians. At yaw = pitch = 0 the camera looks along the world's x axis with y to its left. There is
no roll. A body twist is (..., 4) float: forward, left, yaw and pitch speed as fractions -1..1 of the body's top
speeds.

Arrays are numpy float64: bodies move on the CPU and equal actions must give equal poses everywhere. Knows nothing of
maps or memory: what blocks a body is a function it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wm_gym.geometry.sliding import slide

KEYS = ("W", "A", "S", "D", "I", "J", "K", "L")
"""W forward, S back, A strafe left, D strafe right, I look up, K look down, J look left, L look right."""

START_BODY_POSE = np.zeros(5)
"""Where every world opens."""
START_BODY_POSE.setflags(write=False)

OPENING_EYE_METRES = 1.6
"""Height over the ground of the camera that a world opens with: the ground lies this far below the world's origin."""

# Sine of the largest roll that rounding in a float32 pose can look like.
ROLL_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Body:
    """What carries the camera.

    Attributes:
        walk_metres_per_frame: Top speed in any direction on the ground. At most the radius, so that no wall is
            stepped over.
        turn_degrees_per_frame: Top speed of yaw.
        pitch_degrees_per_frame: Top speed of pitch.
        radius_metres: Distance that the body keeps from what is solid.
        eye_height_metres: Height of the camera above the ground.
        max_pitch_degrees: The camera looks no further up or down than this.
    """

    walk_metres_per_frame: float = 0.125
    turn_degrees_per_frame: float = 4.5
    pitch_degrees_per_frame: float = 2.5
    radius_metres: float = 0.3
    eye_height_metres: float = OPENING_EYE_METRES
    max_pitch_degrees: float = 25.0

    def __post_init__(self) -> None:
        for name in ("walk_metres_per_frame", "turn_degrees_per_frame", "pitch_degrees_per_frame", "max_pitch_degrees"):
            _check_at_least_zero(name, getattr(self, name))
        for name in ("radius_metres", "eye_height_metres"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.walk_metres_per_frame > self.radius_metres:
            raise ValueError(
                f"walk_metres_per_frame must be at most radius_metres ({self.radius_metres}), "
                f"got {self.walk_metres_per_frame}"
            )
        if self.max_pitch_degrees >= 90.0:
            raise ValueError(f"max_pitch_degrees must be below 90, got {self.max_pitch_degrees}")


def velocities_from_keys(keys: ArrayLike) -> np.ndarray:
    """The body twist of pressed keys. Opposite keys cancel; walking aslant is no faster than walking straight.

    Args:
        keys: (..., 8) bool, columns as `KEYS`.

    Returns:
        (..., 4) float64.

    Raises:
        ValueError: If keys are not (..., 8) or not bool.
    """
    keys = np.asarray(keys)
    if keys.shape[-1:] != (len(KEYS),):
        raise ValueError(f"keys must have shape (..., {len(KEYS)}), got {keys.shape}")
    if keys.dtype != np.bool_:
        raise ValueError(f"keys must be bool, got {keys.dtype}")
    w, a, s, d, i, j, k, l = np.moveaxis(keys.astype(np.float64), -1, 0)
    return _limit_walking(np.stack([w - s, a - d, j - l, i - k], axis=-1))


def check_twists(twists: ArrayLike) -> None:
    """Refuse what is not a body twist.

    Args:
        twists: (..., 4) floating point in [-1, 1].

    Raises:
        ValueError: With one sentence that names the rule and what came.
    """
    twists = np.asarray(twists)
    if twists.shape[-1:] != (4,):
        raise ValueError(f"twists must have shape (..., 4), got {twists.shape}")
    if not np.issubdtype(twists.dtype, np.floating):
        raise ValueError(f"twists must be floating point, got {twists.dtype}")
    if not np.isfinite(twists).all():
        raise ValueError(f"twists must be finite, got {twists[~np.isfinite(twists)][0]}")
    if twists.size and np.abs(twists).max() > 1.0:
        raise ValueError(f"twists must lie in [-1, 1], got {twists.flat[np.abs(twists).argmax()]}")


def wrapped(radians: float) -> float:
    """The same angle within half a turn either way, -pi included."""
    return float((radians + np.pi) % (2 * np.pi) - np.pi)


def camera_pose(body_pose: ArrayLike) -> np.ndarray:
    """world_from_camera of a body pose.

    Args:
        body_pose: (..., 5).

    Returns:
        (..., 4, 4) float64; the first three columns are the camera's right, down and forward axes.

    Raises:
        ValueError: If the last axis is not 5.
    """
    body_pose = _as_body_pose(body_pose)
    x, y, z, yaw, pitch = np.moveaxis(body_pose, -1, 0)
    zero, one = np.zeros_like(x), np.ones_like(x)
    cos_yaw, sin_yaw, cos_pitch, sin_pitch = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    right = np.stack([sin_yaw, -cos_yaw, zero, zero], axis=-1)
    down = np.stack([cos_yaw * sin_pitch, sin_yaw * sin_pitch, -cos_pitch, zero], axis=-1)
    forward = np.stack([cos_yaw * cos_pitch, sin_yaw * cos_pitch, sin_pitch, zero], axis=-1)
    return np.stack([right, down, forward, np.stack([x, y, z, one], axis=-1)], axis=-1)


def body_pose_of(pose: ArrayLike) -> np.ndarray:
    """The body pose whose camera pose this is.

    Args:
        pose: (..., 4, 4) world_from_camera.

    Returns:
        (..., 5) float64, yaw within half a turn either way.

    Raises:
        ValueError: If the last axes are not (4, 4) or the camera is rolled.
    """
    pose = np.asarray(pose, dtype=np.float64)
    if pose.shape[-2:] != (4, 4):
        raise ValueError(f"pose must have shape (..., 4, 4), got {pose.shape}")
    right, down, forward, position = np.moveaxis(pose[..., :3, :], -1, 0)
    roll = np.arctan2(-right[..., 2], -down[..., 2])
    if not (np.abs(right[..., 2]) <= ROLL_TOLERANCE).all() or (down[..., 2] > ROLL_TOLERANCE).any():
        raise ValueError(f"pose must have no roll, got {np.degrees(roll.flat[np.abs(roll).argmax()]):.2f} degrees")
    yaw = np.arctan2(right[..., 0], -right[..., 1])
    pitch = np.arctan2(forward[..., 2], -down[..., 2])
    return np.concatenate([position, yaw[..., None], pitch[..., None]], axis=-1)


def walk(
    body_pose: ArrayLike, velocities: ArrayLike, body: Body, blocked: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    """Body poses after each of T frames: turn first, then move along the new heading.

    Pitch stops at the body's limit and walking at its top speed. A blocked body slides along right-angled walls:
    see `sliding.slide`. Height never changes.

    Args:
        body_pose: (5,) or (N, 5), before the first frame.
        velocities: (T, 4) or (N, T, 4) body twists.
        body: The body's speeds and size.
        blocked: For (M, 2) positions in metres, (M,) bool whether the body would overlap something solid; None
            where nothing stands. It must answer alike for every body of the batch.

    Returns:
        (T, 5) or (N, T, 5) float64.

    Raises:
        ValueError: If shapes do not match or velocities are not body twists.
    """
    body_pose = _as_body_pose(body_pose)
    check_twists(velocities)
    velocities = np.asarray(velocities, dtype=np.float64)
    if velocities.ndim < 2 or velocities.shape[:-2] != body_pose.shape[:-1]:
        wanted = ", ".join([*map(str, body_pose.shape[:-1]), "T", "4"])
        raise ValueError(f"velocities must have shape ({wanted}), got {velocities.shape}")
    starts = body_pose.reshape(-1, 5)
    twists = _limit_walking(velocities.reshape(len(starts), -1, 4))
    body_poses = np.empty((*twists.shape[:2], 5))
    body_poses[:, :, 2] = starts[:, 2:3]
    body_poses[:, :, 3], body_poses[:, :, 4] = _headings(starts, twists, body)
    positions, moves = starts[:, :2], _moves(body_poses[:, :, 3], twists, body)
    for t in range(twists.shape[1]):
        body_poses[:, t, :2] = positions = slide(positions, moves[:, t], body.radius_metres, blocked)
    return body_poses.reshape(*velocities.shape[:-1], 5)


def _headings(starts: np.ndarray, twists: np.ndarray, body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Yaw and pitch (N, T) after each frame of twists (N, T, 4) from body poses (N, 5)."""
    turns = np.radians(body.turn_degrees_per_frame) * twists[:, :, 2]
    tilts = np.radians(body.pitch_degrees_per_frame) * twists[:, :, 3]
    yaw, pitch, limit = starts[:, 3], starts[:, 4], np.radians(body.max_pitch_degrees)
    for t in range(twists.shape[1]):
        yaw, pitch = yaw + turns[:, t], pitch + tilts[:, t]
        turns[:, t] = yaw = yaw - 2 * np.pi * np.round(yaw / (2 * np.pi))
        tilts[:, t] = pitch = np.minimum(np.maximum(pitch, -limit), limit)
    return turns, tilts


def _moves(yaw: np.ndarray, twists: np.ndarray, body: Body) -> np.ndarray:
    """Metres along x and y (N, T, 2) that twists (N, T, 4) ask for at yaws (N, T)."""
    forward, left, cos_yaw, sin_yaw = twists[:, :, 0], twists[:, :, 1], np.cos(yaw), np.sin(yaw)
    moves = np.stack([forward * cos_yaw - left * sin_yaw, forward * sin_yaw + left * cos_yaw], axis=-1)
    return moves * body.walk_metres_per_frame


def _limit_walking(twists: np.ndarray) -> np.ndarray:
    """The same twists, walking aslant no faster than top speed."""
    speed = np.hypot(twists[..., 0], twists[..., 1])
    scale = 1.0 / np.maximum(speed, 1.0)
    return np.concatenate([twists[..., :2] * scale[..., None], twists[..., 2:]], axis=-1)


def _as_body_pose(body_pose: ArrayLike) -> np.ndarray:
    body_pose = np.asarray(body_pose, dtype=np.float64)
    if body_pose.shape[-1:] != (5,):
        raise ValueError(f"body_pose must have shape (..., 5), got {body_pose.shape}")
    return body_pose


def _check_at_least_zero(name: str, value: float) -> None:
    if not 0.0 <= value < np.inf:
        raise ValueError(f"{name} must be at least 0, got {value}")
