"""`EventJudge`: which events a frame shows beside the same frame without them, and where.

A small network trained on pairs of the twin. It looks at nothing but colours of both frames, and never trains or
selects another network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.events.kinds import KINDS
from wm_gym.networks.weights_file import load_module, save_module

FORMAT = "wm_gym.event_judge"
SHIPPED = Path(__file__).parent / "shipped" / "event_judge.safetensors"
HEIGHT, WIDTH = 48, 64
"""Frames are judged at this size."""
SEEN = 0.5
"""Probability from which a kind counts as seen; fixed before any world was judged."""


_GRID = (6, 8)
_STATISTICS = 15 * _GRID[0] * _GRID[1]


@dataclass(frozen=True)
class JudgeConfig:
    """Shape of the judge.

    Attributes:
        kinds: Kinds that it tells.
        width: Channels of its first layers.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    width: int = 24

    @property
    def local(self) -> tuple[str, ...]:
        """Kinds that it says the place of."""
        return tuple(kind for kind in self.kinds if not KINDS[kind].is_global)


class JudgeNetwork(nn.Module):
    """Logits of kinds and of the masks of local kinds."""

    def __init__(self, config: JudgeConfig) -> None:
        super().__init__()
        self.config, w = config, config.width
        self.first = nn.Sequential(_layer(9, w, 3, 1), _layer(w, 2 * w, 4, 2))
        self.middle = nn.Sequential(_layer(2 * w, 2 * w, 3, 1), _layer(2 * w, 3 * w, 4, 2))
        self.last = nn.Sequential(_layer(3 * w, 3 * w, 3, 1), _layer(3 * w, 3 * w, 3, 1))
        self.masks = nn.Conv2d(3 * w + 2 * w, len(config.local), 3, 1, 1)
        told = 6 * w + _STATISTICS
        self.kinds = nn.Sequential(nn.Linear(told, 6 * w), nn.SiLU(), nn.Linear(6 * w, len(config.kinds)))

    def forward(self, frames: Tensor, without: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, K) of kinds, and (N, L, H / 2, W / 2) of the masks of local kinds.

        Args:
            frames: (N, 3, H, W) in 0..1.
            without: (N, 3, H, W), the same views without the events.
        """
        fine = self.first(torch.cat([frames, without, 4.0 * (frames - without)], 1))
        deep = self.last(self.middle(fine))
        raised = functional.interpolate(deep, size=fine.shape[-2:], mode="bilinear", align_corners=False)
        pooled = torch.cat([deep.mean((2, 3)), deep.amax((2, 3)), _statistics(frames, without)], 1)
        return self.kinds(pooled), self.masks(torch.cat([raised, fine], 1))


def _layer(before: int, after: int, size: int, stride: int) -> nn.Module:
    convolution = nn.Conv2d(before, after, size, stride, 1)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")  # by default signals fade from layer to layer
    return nn.Sequential(convolution, nn.SiLU())


def _statistics(frames: Tensor, without: Tensor) -> Tensor:
    """(N, S): means over a grid of both frames, of their difference, its size and what of it is fine."""
    change = frames - without
    fine = (change - functional.avg_pool2d(change, 3, 1, 1)).abs()
    maps = torch.cat([frames, without, 4.0 * change, 4.0 * change.abs(), 8.0 * fine], 1)
    return functional.adaptive_avg_pool2d(maps, _GRID).flatten(1)


@dataclass(frozen=True)
class Verdict:
    """What a judge says of T frames.

    Attributes:
        kinds: K kinds.
        seen: (T, K) probabilities.
        local: L kinds with a place.
        masks: (T, L, 24, 32) probabilities.
    """

    kinds: tuple[str, ...]
    seen: Tensor
    local: tuple[str, ...]
    masks: Tensor

    def sees(self, kind: str) -> Tensor:
        """(T,) bool."""
        return self.seen[:, self.kinds.index(kind)] > SEEN

    def mask(self, kind: str) -> Tensor:
        """(T, 24, 32) bool."""
        return self.masks[:, self.local.index(kind)] > SEEN


class EventJudge:
    """The judge of a file."""

    def __init__(self, network: JudgeNetwork) -> None:
        self._network = network.eval()

    @classmethod
    def create(cls, path: Path = SHIPPED) -> EventJudge:
        """The judge that is shipped, or another.

        Raises:
            ValueError: If the file is missing, damaged or of another kind.
        """
        return cls(load_judge(path))

    @torch.inference_mode()
    def judge(self, frames: Tensor, without: Tensor) -> Verdict:
        """What frames (T, H, W, 3) uint8 show beside the same frames without events."""
        logits, masks = self._network(pictures(frames), pictures(without))
        config = self._network.config
        return Verdict(config.kinds, logits.sigmoid(), config.local, masks.sigmoid())


def pictures(frames: Tensor) -> Tensor:
    """(N, 3, 48, 64) in 0..1 of frames (N, H, W, 3) uint8 of any size."""
    colours = frames.permute(0, 3, 1, 2).float() / 255.0
    return (
        colours
        if colours.shape[-2:] == (HEIGHT, WIDTH)
        else functional.interpolate(colours, (HEIGHT, WIDTH), mode="area")
    )


def save_judge(path: Path, network: JudgeNetwork) -> str:
    """Write a judge in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, {"config": asdict(network.config)}, network)


def load_judge(path: Path) -> JudgeNetwork:
    """The network of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """

    def make(header: dict[str, Any]) -> JudgeNetwork:
        return JudgeNetwork(JudgeConfig(**header["config"] | {"kinds": tuple(header["config"]["kinds"])}))

    return load_module(path, FORMAT, make).eval()


def balanced_accuracy(predicted: Sequence[bool], true: Sequence[bool]) -> float:
    """Mean of the shares of right answers among what is and what is not."""
    pairs = list(zip(predicted, true, strict=True))
    shares = [
        sum(p == t for p, t in pairs if t is side) / max(1, sum(t is side for _, t in pairs)) for side in (True, False)
    ]
    return sum(shares) / 2
