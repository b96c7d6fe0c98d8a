"""Observation spaces and how an outcome is observed: flat dicts with finite bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor

from wm_gym.choices import did_you_mean
from wm_gym.envs.checking import read_text
from wm_gym.geometry.motion import camera_pose
from wm_gym.geometry.poses import to_vector
from wm_gym.memory.cloud import sample_points
from wm_gym.memory.memory import Memory
from wm_gym.world.state import Outcome
from wm_gym.world_model import Chunk

PARTS = ("rgb", "depth", "points", "pose")
PRESETS: dict[str, tuple[tuple[str, ...], str]] = {"sb3": (("rgb", "depth", "pose"), "uint8")}
"""Preset name to (parts, depth dtype). "sb3": what Stable-Baselines3 accepts without a warning."""

EXTENT_METRES = 2.0**20
"""Positions are clipped to this distance from the start along each axis, two million steps of walking straight on.
Beyond it float32 could not tell one frame of walking from the next."""


@dataclass(frozen=True)
class ObservationMode:
    """What an observation holds.

    Attributes:
        parts: Of `PARTS`.
        height: Rows of a frame.
        width: Columns of a frame.
        far_metres: Largest depth, the sky.
        depth_dtype: "float32" for metres, "uint8" for an image (255 at the far value, square-root scale, 0 unknown).
        num_points: Rows of `points`.
    """

    parts: tuple[str, ...]
    height: int
    width: int
    far_metres: float
    depth_dtype: str = "float32"
    num_points: int = 1024

    def space(self, goal: gym.spaces.Box | None) -> gym.spaces.Dict:
        """The observation space, with the task's goal where it has one."""
        spaces: dict[str, gym.Space] = {name: self._part_space(name) for name in self.parts}
        if "points" in self.parts:
            spaces["points_mask"] = gym.spaces.MultiBinary(self.num_points)
        if goal is not None:
            spaces["goal"] = goal
        return gym.spaces.Dict(spaces)

    def observe(self, outcomes: Sequence[Outcome], memories: Sequence[Memory]) -> dict[str, Tensor]:
        """What N worlds show at the end of a step, each of them with N = 1: fresh tensors on the model's device."""
        observation: dict[str, Tensor] = {}
        chunks, body_poses = [one.chunk for one in outcomes], np.stack([one.body_poses[0, -1] for one in outcomes])
        device = chunks[0].frames.device
        if "rgb" in self.parts:
            observation["rgb"] = torch.stack([chunk.frames[0, -1] for chunk in chunks])
        if "depth" in self.parts:
            observation["depth"] = self._depth(torch.stack([_depth_of(chunk)[0, -1] for chunk in chunks]))
        if "points" in self.parts:
            points, mask = self._points(body_poses, memories)
            observation |= {"points": points.to(device), "points_mask": mask.to(device)}
        if "pose" in self.parts:
            pose = to_vector(torch.from_numpy(camera_pose(body_poses)))
            pose[:, :3].clamp_(-EXTENT_METRES, EXTENT_METRES)
            observation["pose"] = pose.float().to(device)
        return observation

    def _part_space(self, name: str) -> gym.spaces.Box:
        if name == "rgb":
            return gym.spaces.Box(0, 255, (self.height, self.width, 3), np.uint8)
        if name == "depth" and self.depth_dtype == "uint8":
            return gym.spaces.Box(0, 255, (self.height, self.width, 1), np.uint8)
        if name == "depth":
            return gym.spaces.Box(0.0, self.far_metres, (self.height, self.width, 1), np.float32)
        if name == "points":
            return _rows_box([-EXTENT_METRES] * 3 + [0.0] * 3, [EXTENT_METRES] * 3 + [1.0] * 3, self.num_points)
        bound = np.array([EXTENT_METRES] * 3 + [1.0] * 4, np.float32)
        return gym.spaces.Box(-bound, bound, dtype=np.float32)

    def _depth(self, depth: Tensor) -> Tensor:
        metres = depth[..., None].float()
        if self.depth_dtype == "float32":
            return metres.clamp(max=self.far_metres)
        return depth_image(metres, self.far_metres)

    def _points(self, body_poses: np.ndarray, memories: Sequence[Memory]) -> tuple[Tensor, Tensor]:
        points = np.zeros((len(memories), self.num_points, 6), np.float32)
        mask = np.zeros(points.shape[:2], np.int8)
        for n, memory in enumerate(memories):
            positions, colours = sample_points(memory, self.num_points, body_poses[n, :3])
            within = positions.clip(-EXTENT_METRES, EXTENT_METRES)
            points[n, : len(positions)] = np.concatenate([within, colours / np.float32(255)], axis=1)
            mask[n, : len(positions)] = 1
        return torch.from_numpy(points), torch.from_numpy(mask)


def depth_image(metres: Tensor, far_metres: float) -> Tensor:
    """Depth as uint8: 255 at the far value, square-root scale, 0 unknown."""
    return (255 * (metres / far_metres).clamp(max=1.0).sqrt()).round().to(torch.uint8)


def _depth_of(chunk: Chunk) -> Tensor:
    assert chunk.depth is not None
    return chunk.depth


def find_observation_mode(obs_mode: str, resolution: tuple[int, int], far_metres: float, **settings) -> ObservationMode:
    """The mode that a string such as "rgb+depth+points", or a preset such as "sb3", means.

    Raises:
        ValueError: If it names no part, an unknown one or one twice, or if the depth dtype or point count is bad.
    """
    settings = {name: value for name, value in settings.items() if value is not None}
    read_text("obs_mode", obs_mode)
    if obs_mode in PRESETS:
        parts, settings["depth_dtype"] = PRESETS[obs_mode]
    else:
        parts = tuple(obs_mode.split("+"))
    if not set(parts) <= set(PARTS) or len(set(parts)) < len(parts):
        strange = next((part for part in parts if part not in PARTS), "")
        hint = did_you_mean(strange, (*PARTS, *PRESETS))
        raise ValueError(
            f"obs_mode must join some of {list(PARTS)} by '+' or be one of {sorted(PRESETS)}, got {obs_mode!r}{hint}"
        )
    if settings.get("depth_dtype", "float32") not in ("float32", "uint8"):
        raise ValueError(f"depth_dtype must be 'float32' or 'uint8', got {settings['depth_dtype']!r}")
    return ObservationMode(parts, *resolution, far_metres, **settings)


def _rows_box(low: list[float], high: list[float], num_rows: int) -> gym.spaces.Box:
    lowest, highest = (np.tile(np.array(bound, np.float32), (num_rows, 1)) for bound in (low, high))
    return gym.spaces.Box(lowest, highest, dtype=np.float32)
