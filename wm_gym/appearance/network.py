"""The appearance network: a clean frame, its geometry and the carriers of its events -> the frame under these events.

A trunk at half resolution with a coarse path that sees the whole frame, conditioned by the strengths of events (FiLM:
Perez et al. 2018); a head for each pixel at full resolution mixes exact inputs, so that what is sharp stays sharp. The
answer is a gain and an offset of the clean colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.appearance import particles
from wm_gym.appearance.carriers import CARRIERS
from wm_gym.appearance.sight import GEOMETRY, FrameEvent

MULTIPLE = 8
"""Height and width are padded to multiples of it."""
_COLOURS, _ONES = 3, 1
_FEATURES = 12
_WAVES = range(1, 11)
"""Harmonics (Tancik et al. 2020), since a network of few layers draws no fine steps of a plain number."""
_LYING_FRAMES = 140.0
_EXTRAS = 4


@dataclass(frozen=True)
class AppearanceConfig:
    """Shape of the network.

    Attributes:
        kinds: Kinds of event that it can show; their strengths are its conditions, in this order.
        carriers: Names of the carriers that it takes.
        geometry: Names of the maps of geometry that it takes.
        width: Channels of the trunk.
        coarse: Channels of the coarse path.
        head: Channels of the head.
        condition: Numbers that the strengths of events are made into.
    """

    kinds: tuple[str, ...]
    carriers: tuple[str, ...] = CARRIERS
    geometry: tuple[str, ...] = GEOMETRY
    width: int = 32
    coarse: int = 48
    head: int = 64
    condition: int = 96

    def __post_init__(self) -> None:
        for name, known in (("carriers", CARRIERS), ("geometry", GEOMETRY)):
            if tuple(getattr(self, name)) != known:
                raise ValueError(f"{name} must be {list(known)}, got {list(getattr(self, name))}")

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return _COLOURS + len(self.geometry) + len(self.carriers) + _ONES


def conditions_of(kinds: Sequence[str], events: Sequence[FrameEvent]) -> Tensor:
    """(2 K + 4,) float32: strengths of K kinds and their squares, lying snow, lightning, soot and the peak."""
    strengths = [max((one.strength for one in events if one.kind == kind), default=0.0) for kind in kinds]
    snows = [one.strength * (0.12 + 0.88 * min(1.0, max(0, one.age_frames) / _LYING_FRAMES))
             for one in events if one.kind == "snowfall"]  # fmt: skip
    flashes = [one.strength * particles.flash(one.seed, one.age_frames) for one in events if one.kind == "storm"]
    soot = [one.strength * particles.explosion_left(one.age_frames) for one in events if one.kind == "explosion"]
    extras = [max(values, default=0.0) for values in (snows, flashes, soot)]
    squares = [strength**2 for strength in strengths]
    return torch.tensor([*strengths, *squares, *extras, max(strengths, default=0.0)], dtype=torch.float32)


class _Block(nn.Module):
    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        self.film = nn.Linear(condition, 2 * width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return x + self.second(_silu(_modulated(self.first(x), self.film(condition))))


class AppearanceNetwork(nn.Module):
    """Frames under events."""

    def __init__(self, config: AppearanceConfig) -> None:
        super().__init__()
        self.config = config
        width, coarse, head, condition = config.width, config.coarse, config.head, config.condition
        told = 2 * len(config.kinds) + _EXTRAS
        self.condition = nn.Sequential(
            nn.Linear(told, condition), nn.SiLU(), nn.Linear(condition, condition), nn.SiLU()
        )
        self.enter = nn.Conv2d(4 * config.channels, width, 1)
        self.fine = _Block(width, condition)
        self.down = nn.Conv2d(width, coarse, 4, 4)
        self.coarse = nn.ModuleList([_Block(coarse, condition), _Block(coarse, condition)])
        self.whole = nn.Linear(coarse, coarse)
        self.up = nn.Conv2d(coarse, width, 1)
        self.last = _Block(width, condition)
        self.features = nn.Conv2d(width, 4 * _FEATURES, 1)
        given = _FEATURES + config.channels
        self.steps = nn.Conv2d(2 * _COLOURS * len(_WAVES), head, 1, bias=False)
        self.head = nn.ModuleList([nn.Conv2d(given, head, 1), nn.Conv2d(head, head, 1), nn.Conv2d(head, head, 1)])
        self.head_films = nn.ModuleList([nn.Linear(condition, 2 * head) for _ in self.head])
        self.head_out = nn.Conv2d(head, 2 * _COLOURS, 1)
        for layer in [*self.head, self.enter, self.down, *self.condition]:
            if isinstance(layer, nn.Conv2d | nn.Linear):  # by default signals fade from layer to layer
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        for parameter in self.head_out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, maps: Tensor, conditions: Tensor) -> Tensor:
        """(N, 3, H, W) colours, about 0..1.

        Args:
            maps: (N, C, H, W) of `input_maps`.
            conditions: (N, 2 K + 4) of `conditions_of`.
        """
        height, width = maps.shape[-2:]
        beyond = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
        padded = functional.pad(maps, beyond, mode="replicate") if any(beyond) else maps
        gain, offset = self._change(padded, self.condition(conditions)).chunk(2, 1)
        clean = maps[:, :_COLOURS]
        return clean + gain[..., :height, :width] * clean + offset[..., :height, :width]

    def _change(self, maps: Tensor, condition: Tensor) -> Tensor:
        """(N, 6, H, W): gain and offset of each colour."""
        x = self.fine(self.enter(functional.pixel_unshuffle(maps, 2)), condition)
        coarse = _silu(self.down(x))
        for block in self.coarse:
            coarse = block(coarse, condition)
        coarse = coarse + self.whole(coarse.mean((2, 3)))[..., None, None]
        raised = functional.interpolate(self.up(coarse), scale_factor=4, mode="bilinear", align_corners=False)
        x = self.last(x + raised, condition)
        given = torch.cat([functional.pixel_shuffle(self.features(x), 2), maps], 1)
        mixed = self.head[0](given) + self._stepped(maps)
        for k, film in enumerate(self.head_films):
            mixed = self.head[k](mixed) if k else mixed
            mixed = _silu(_modulated(mixed, film(condition)))
        return self.head_out(mixed)

    def _stepped(self, maps: Tensor) -> Tensor | float:
        """What harmonics of the mean colours of cells add to the head, so that it can make steps."""
        first = maps.shape[1] - _ONES - _COLOURS
        cells = maps[:, first:-_ONES]
        if not bool(cells.any()):
            return 0.0
        turns = 2.0 * torch.pi * cells
        waves = [f(k * turns) for k in _WAVES for f in (torch.sin, lambda x: 1.0 - torch.cos(x))]
        return self.steps(torch.cat(waves, 1))


def input_maps(frames: Tensor, geometry: Tensor, carriers: Tensor) -> Tensor:
    """(N, C, H, W) input of the network.

    Args:
        frames: (N, H, W, 3) uint8, clean.
        geometry: (N, G, H, W) float32 of `geometry_of`.
        carriers: (N, K, H, W) float32 of `draw_carriers`.
    """
    colours = frames.permute(0, 3, 1, 2).float() / 255.0
    return torch.cat([colours, geometry, carriers, torch.ones_like(colours[:, :1])], 1)


def _modulated(x: Tensor, film: Tensor) -> Tensor:
    scale, shift = film[..., None, None].chunk(2, 1)
    return torch.addcmul(shift, x, 1.0 + scale)


def _silu(x: Tensor) -> Tensor:
    """In place where no gradient will be asked for."""
    return functional.silu(x, inplace=torch.is_inference_mode_enabled())
