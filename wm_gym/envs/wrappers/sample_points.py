"""Fewer points, evenly taken from those that are there."""

from __future__ import annotations

import gymnasium as gym
import torch
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv
from torch import Tensor

from wm_gym.envs.checking import read_count
from wm_gym.envs.wrappers.change import Change, ChangedObservation, VectorChangedObservation


class _Sampling(Change):
    reads = ("points", "points_mask")

    def __init__(self, num_points: int) -> None:
        self._num_points = read_count("num_points", num_points)

    def spaces(self, before: dict[str, gym.spaces.Box]) -> dict[str, gym.Space]:
        box, count = before["points"], self._num_points
        if box.shape[-2] < count:
            raise ValueError(f"num_points must be at most the {box.shape[-2]} there are, got {count}")
        low, high = box.low[..., :count, :], box.high[..., :count, :]
        return {
            "points": gym.spaces.Box(low, high, dtype=box.dtype.type),  # pyright: ignore[reportArgumentType]
            "points_mask": gym.spaces.MultiBinary((*box.shape[:-2], count) if len(box.shape) > 2 else count),
        }

    def parts(self, before: dict[str, Tensor]) -> dict[str, Tensor]:
        points, mask = before["points"], before["points_mask"]
        # rows that hold a point come first, in their order
        order = mask.argsort(dim=-1, descending=True, stable=True)
        held = mask.sum(-1, keepdim=True).clamp(min=self._num_points)
        steps = torch.arange(self._num_points, device=mask.device)
        rows = order.gather(-1, (steps * held).div(self._num_points, rounding_mode="floor"))
        chosen = points.gather(-2, rows[..., None].expand(*rows.shape, points.shape[-1]))
        return {"points": chosen, "points_mask": mask.gather(-1, rows)}


class SamplePoints(ChangedObservation, RecordConstructorArgs):
    """`points` and `points_mask` of fewer rows: every k-th of the points that are there, the same ones every time.

    Raises:
        ValueError: If num_points is more than there are, or observations hold no `points`.
    """

    def __init__(self, env: gym.Env, num_points: int) -> None:
        RecordConstructorArgs.__init__(self, num_points=num_points)
        ChangedObservation.__init__(self, env, _Sampling(num_points))


class VectorSamplePoints(VectorChangedObservation):
    """`SamplePoints` for many worlds."""

    def __init__(self, env: VectorEnv, num_points: int) -> None:
        super().__init__(env, _Sampling(num_points))
