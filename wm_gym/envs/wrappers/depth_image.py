"""Depth as a picture that convolutional policies take: uint8, 255 at the far value, square-root scale, 0 unknown."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv
from torch import Tensor

from wm_gym.envs.observations import depth_image
from wm_gym.envs.wrappers.change import Change, ChangedObservation, VectorChangedObservation


class _Painting(Change):
    reads = ("depth",)

    def spaces(self, before: dict[str, gym.spaces.Box]) -> dict[str, gym.Space]:
        box = before["depth"]
        if box.dtype != np.float32:
            raise ValueError(f"depth must be float32 metres, got {box.dtype}")
        self._far_metres = float(box.high.max())
        return {"depth": gym.spaces.Box(0, 255, box.shape, np.uint8)}

    def parts(self, before: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"depth": depth_image(before["depth"], self._far_metres)}


class DepthImage(ChangedObservation, RecordConstructorArgs):
    """`depth` in metres as uint8; the same picture as `gym.make(..., depth_dtype="uint8")`.

    Raises:
        ValueError: If observations hold no `depth` in metres.
    """

    def __init__(self, env: gym.Env) -> None:
        RecordConstructorArgs.__init__(self)
        ChangedObservation.__init__(self, env, _Painting())


class VectorDepthImage(VectorChangedObservation):
    """`DepthImage` for many worlds."""

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env, _Painting())
