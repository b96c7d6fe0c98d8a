"""Grey pictures: the luminance of ITU-R BT.601, as televisions and OpenCV take it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import torch
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv
from torch import Tensor

from wm_gym.envs.wrappers.change import Change, ChangedObservation, VectorChangedObservation

WEIGHTS = (0.299, 0.587, 0.114)


class _Greying(Change):
    reads = ("rgb",)

    def spaces(self, before: dict[str, gym.spaces.Box]) -> dict[str, gym.Space]:
        return {"rgb": gym.spaces.Box(0, 255, (*before["rgb"].shape[:-1], 1), np.uint8)}

    def parts(self, before: dict[str, Tensor]) -> dict[str, Tensor]:
        rgb = before["rgb"].float()
        grey = (rgb * rgb.new_tensor(WEIGHTS)).sum(-1, keepdim=True)
        return {"rgb": grey.round().to(torch.uint8)}


class Grey(ChangedObservation, RecordConstructorArgs):
    """`rgb` as (H, W, 1) uint8.

    Raises:
        ValueError: If observations hold no `rgb`.
    """

    def __init__(self, env: gym.Env) -> None:
        RecordConstructorArgs.__init__(self)
        ChangedObservation.__init__(self, env, _Greying())


class VectorGrey(VectorChangedObservation):
    """`Grey` for many worlds."""

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env, _Greying())
