"""A small analytic world to see with: an open-topped room with a pillar and a crate, cast ray by ray."""

from __future__ import annotations

import math

import numpy as np
import torch

from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write

FAR = 100.0
LOW, HIGH = np.array([-6.0, -5.0, -1.6]), np.array([6.0, 5.0, 1.2])
BOXES = (
    (np.array([1.5, 0.8, -1.6]), np.array([2.3, 1.6, 1.2])),  # pillar
    (np.array([2.0, -2.5, -1.6]), np.array([3.0, -1.5, -0.6])),  # crate
)


def pose_at(x: float, y: float, yaw_degrees: float, pitch_degrees: float = 0.0, z: float = 0.0) -> torch.Tensor:
    """World from camera of a level camera, (4, 4) float32."""
    yaw, pitch = math.radians(yaw_degrees), math.radians(pitch_degrees)
    forward = np.array([math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), math.sin(pitch)])
    right = np.array([math.sin(yaw), -math.cos(yaw), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = x, y, z
    return torch.from_numpy(pose).float()


def lens(height: int, width: int, fov_degrees: float = 65.0) -> torch.Tensor:
    """Intrinsics, (4,)."""
    return intrinsics_from_fov(fov_degrees, height, width)


def see(pose: torch.Tensor, height: int, width: int, samples: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """The truth: a supersampled frame (H, W, 3) uint8 and depth through pixel centres (H, W)."""
    offsets = (np.arange(samples) + 0.5) / samples
    shots = [_cast(pose, height, width, dx, dy) for dy in offsets for dx in offsets]
    colour = np.mean([shot[0] for shot in shots], axis=0)
    depth = _cast(pose, height, width, 0.5, 0.5)[1]
    return torch.from_numpy(colour.round().astype(np.uint8)), torch.from_numpy(depth.astype(np.float32))


def remember(memory: Memory, pose: torch.Tensor, height: int, width: int, *, frame: int = 0) -> Memory:
    """The memory after one true frame."""
    colour, depth = see(pose, height, width)
    hints = look(memory, pose[None], height, width, frame=frame)
    moving = torch.zeros(1, height, width, dtype=torch.bool)
    return write(memory, colour[None], depth[None], moving, pose[None], lens(height, width), hints, frame, 0)


def look(memory: Memory, poses: torch.Tensor, height: int, width: int, *, frame: int = 0, appearance: int = 0) -> Hints:
    """What one memory shows at T poses, without the axis of worlds."""
    hints = render([memory], poses[None], lens(height, width)[None], height, width, [frame], [appearance])
    return Hints(**{name: value[0] for name, value in vars(hints).items()})


def _cast(pose: torch.Tensor, height: int, width: int, dx: float, dy: float) -> tuple[np.ndarray, np.ndarray]:
    fx, fy, cx, cy = lens(height, width).double().numpy()
    matrix = pose.double().numpy()
    x, y = np.meshgrid((np.arange(width) + dx - cx) / fx, (np.arange(height) + dy - cy) / fy)
    rays = np.stack([x, y, np.ones_like(x)], axis=-1) @ matrix[:3, :3].T
    rays = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
    origin = matrix[:3, 3]
    towards = (np.where(rays > 0, HIGH, LOW) - origin) / rays
    axis, depth = towards.argmin(axis=-1), towards.min(axis=-1)
    surface = np.where(
        axis == 2,
        np.where(rays[..., 2] > 0, -1, 4),
        axis * 2 + (np.take_along_axis(rays, axis[..., None], -1)[..., 0] > 0),
    )
    for number, (low, high) in enumerate(BOXES):
        near = np.minimum((low - origin) / rays, (high - origin) / rays)
        far = np.maximum((low - origin) / rays, (high - origin) / rays)
        entry = near.max(axis=-1)
        hit = (entry < far.min(axis=-1)) & (entry > 0) & (entry < depth)
        depth = np.where(hit, entry, depth)
        surface = np.where(hit, 10 + 3 * number + near.argmax(axis=-1), surface)
    points = origin + rays * depth[..., None]
    colour = _paint(points, surface, rays)
    return colour, np.where(surface < 0, FAR, depth)


def _paint(points: np.ndarray, surface: np.ndarray, rays: np.ndarray) -> np.ndarray:
    base = np.random.default_rng(3).uniform(60, 220, (32, 3))
    checker = (np.floor(points / 0.5 + 1e-6).sum(axis=-1) % 2)[..., None]
    colour = base[np.maximum(surface, 0)] * (0.75 + 0.25 * checker)
    stripe = (np.abs(points[..., 2] - 0.4) < 0.1)[..., None]
    colour = np.where(stripe, 255 - colour, colour)
    elevation = rays[..., 2] / np.linalg.norm(rays, axis=-1)
    azimuth = np.arctan2(rays[..., 1], rays[..., 0])
    sky = np.stack([120 + 60 * np.sin(6 * azimuth), 160 + 40 * elevation, 235 + 0 * elevation], axis=-1)
    return np.clip(np.where((surface < 0)[..., None], sky, colour), 0, 255)
