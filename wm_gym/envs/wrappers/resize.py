"""Resized observations: antialiased colour, depth of the nearest pixel, and the intrinsics with them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import torch
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv
from torch import Tensor
from torch.nn.functional import interpolate

from wm_gym.envs.config import read_resolution
from wm_gym.envs.wrappers.change import Change, ChangedObservation, VectorChangedObservation
from wm_gym.envs.wrappers.tensors import as_given, as_tensor


class _Resizing(Change):
    reads = ("rgb", "depth")
    optional = True

    def __init__(self, resolution: tuple[int, int]) -> None:
        self.height, self.width = read_resolution(resolution, least=1)
        self._scale = (1.0, 1.0, 1.0, 1.0)

    def spaces(self, before: dict[str, gym.spaces.Box]) -> dict[str, gym.Space]:
        height, width = next(iter(before.values())).shape[-3:-1]
        x, y = self.width / width, self.height / height
        self._scale = (x, y, x, y)
        return {name: self._resized(box) for name, box in before.items()}

    def parts(self, before: dict[str, Tensor]) -> dict[str, Tensor]:
        resize = {"rgb": self._smooth, "depth": self._nearest}
        return {name: resize[name](part) for name, part in before.items()}

    def info(self, info: dict[str, Any]) -> dict[str, Any]:
        if "intrinsics" not in info:
            return info
        intrinsics = as_tensor(info["intrinsics"])
        return {**info, "intrinsics": as_given(intrinsics * intrinsics.new_tensor(self._scale), info["intrinsics"])}

    def _resized(self, box: gym.spaces.Box) -> gym.spaces.Box:
        shape = (*box.shape[:-3], self.height, self.width, box.shape[-1])
        return gym.spaces.Box(box.low.min(), box.high.max(), shape, box.dtype.type)  # pyright: ignore[reportArgumentType]

    def _smooth(self, rgb: Tensor) -> Tensor:
        flat = rgb.reshape(-1, *rgb.shape[-3:]).movedim(-1, 1).float()  # (..., H, W, 3) -> (B, 3, H, W)
        resized = interpolate(flat, (self.height, self.width), mode="bilinear", antialias=True)
        pixels = resized.round().clamp(0, 255).to(torch.uint8).movedim(1, -1)
        return pixels.reshape(*rgb.shape[:-3], self.height, self.width, 3).contiguous()

    def _nearest(self, depth: Tensor) -> Tensor:
        rows = _nearest_indices(depth.shape[-3], self.height, depth.device)
        columns = _nearest_indices(depth.shape[-2], self.width, depth.device)
        return depth[..., rows[:, None], columns, :]


def _nearest_indices(before: int, after: int, device: torch.device) -> Tensor:
    # pixel centres are at +0.5
    return ((torch.arange(after, device=device) + 0.5) * before / after).long()


class Resize(ChangedObservation, RecordConstructorArgs):
    """`rgb` and `depth` in another resolution, and `info["intrinsics"]` with them.

    Colour is antialiased. Depth takes the nearest pixel, so that no depth lies between two surfaces and unknown stays
    0. `info["frames"]` stay as the world made them.

    Raises:
        ValueError: If the resolution is none, or observations hold neither part.
    """

    def __init__(self, env: gym.Env, resolution: tuple[int, int]) -> None:
        RecordConstructorArgs.__init__(self, resolution=resolution)
        ChangedObservation.__init__(self, env, _Resizing(resolution))


class VectorResize(VectorChangedObservation):
    """`Resize` for many worlds."""

    def __init__(self, env: VectorEnv, resolution: tuple[int, int]) -> None:
        super().__init__(env, _Resizing(resolution))
