"""The depth network: colours, flat ground, parallax and what is known -> log-depth, its error, and what moves.

A U-Net of a few layers answers with a change of the depth that it is given: flat ground up to a wall where nothing is
known, so that camera height and pitch set the scale. What is known may be exact, as memory is, or the estimate of an
earlier frame; its colours come along, so that what has moved can be told. Knows nothing of training.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.geometry.cameras import rays
from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.reconstruction.one_picture import WALL_METRES
from wm_gym.reconstruction.plane_sweep import OUTSIDE, PLANES, SWEEP_MAPS
from wm_gym.reconstruction.surfaces import MOST_CARRIED, Surfaces, laid_together

MULTIPLE = 16
"""Height and width are padded to multiples of it."""

EXACT = 0.02
"""Expected error of what is known for certain, as a share of depth."""

_CHANNELS = 11
_ANSWERS = 3
_GROUPS = 4
_LOW, _HIGH = math.log(NEAR_METRES), math.log(FAR_METRES)
_LEAST_LOG_ERROR, _MOST_LOG_ERROR = -6.0, 2.0
_DOUBT = 10.0


@dataclass(frozen=True)
class DepthConfig:
    """Shape of the network.

    Attributes:
        width: Channels at half resolution; twice as many at a quarter, three times at an eighth and a sixteenth.
        head: Channels of the head at full resolution.
        blocks: Blocks at each resolution below half on the way down.
    """

    width: int = 28
    head: int = 16
    blocks: int = 2

    def __post_init__(self) -> None:
        for name in ("width", "head"):
            if getattr(self, name) < 4 or getattr(self, name) % 4:
                raise ValueError(f"{name} must be a multiple of 4, got {getattr(self, name)}")
        if self.blocks < 1:
            raise ValueError(f"blocks must be at least 1, got {self.blocks}")


@dataclass(frozen=True)
class DepthInput:
    """What the network is given of N frames.

    Attributes:
        frames: (N, 3, H, W) colours, 0..1.
        ground: (N, H, W) metres at which flat ground lies, the far value where there is none.
        slopes: (N, 2, H, W) of each ray at a depth of one metre, how far it goes to the right and how far up.
        known_depth: (N, H, W) metres, 0 where nothing is known.
        known_error: (N, H, W) expected error of what is known, as a share of depth.
        known_colours: (N, 3, H, W) of what is known, 0..1.
        sweeps: (N, SWEEP_MAPS, H/2, W/2) of `plane_sweep`.
    """

    frames: Tensor
    ground: Tensor
    slopes: Tensor
    known_depth: Tensor
    known_error: Tensor
    known_colours: Tensor
    sweeps: Tensor

    def to(self, device: torch.device | str) -> DepthInput:
        """The same on a device."""
        return DepthInput(*(one.to(device) for one in self.tensors()))

    def tensors(self) -> tuple[Tensor, ...]:
        """All of it, in order."""
        return tuple(getattr(self, one.name) for one in fields(self))

    def after(self, known: Surfaces, estimates: Sequence[Surfaces]) -> DepthInput:
        """The same with what was estimated of earlier frames, last first, where nothing is known for certain.

        Args:
            known: What is, at the poses of these frames.
            estimates: As `estimated_surfaces`; those beyond `MOST_CARRIED` are forgotten.
        """
        if not estimates:
            return self
        known = known.over(laid_together(estimates[:MOST_CARRIED], known.world_from_camera))
        return replace(self, known_depth=known.depth, known_error=known.error, known_colours=known.colours)


class DepthAnswer(NamedTuple):
    """What the network answers for N frames.

    Attributes:
        log_depth: (N, H, W) of metres.
        log_error: (N, H, W) of the error of log-depth that is to be expected.
        moving: (N, H, W) logits: above 0 is something that moves.
    """

    log_depth: Tensor
    log_error: Tensor
    moving: Tensor


def estimated_surfaces(answer: DepthAnswer, frames: Tensor, known: Surfaces) -> Surfaces:
    """What an answer says that frames (N, 3, H, W) show, without what moves, to be seen by later ones.

    Args:
        answer: Of the network.
        frames: Their colours, 0..1.
        known: Whose poses and lens are theirs.
    """
    log_depth, log_error, moving = (one.detach().float().cpu() for one in answer)
    depth = torch.where(moving > 0, 0.0, log_depth.exp())
    return Surfaces(depth, log_error.exp(), frames, known.world_from_camera, known.intrinsics)


def slopes_of(intrinsics: Tensor, world_from_camera: Tensor, height: int, width: int) -> Tensor:
    """`DepthInput.slopes` of N cameras, (N, 2, H, W) float32.

    Args:
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        world_from_camera: (N, 4, 4), z up.
        height: Rows.
        width: Columns.
    """
    directions = rays(intrinsics, height, width)
    up = torch.einsum("nk,nhwk->nhw", world_from_camera[:, 2, :3].to(directions), directions)
    return torch.stack([directions[..., 0], up], 1).float()


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, width)
        self.first, self.second = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(functional.silu(self.first(self.norm(x))))


class DepthNetwork(nn.Module):
    """Depth and moving things of frames."""

    def __init__(self, config: DepthConfig | None = None) -> None:
        super().__init__()
        self.config = config or DepthConfig()
        width, head = self.config.width, self.config.head
        widths = (width, 2 * width, 3 * width, 3 * width)
        self.enter = nn.Conv2d(4 * _CHANNELS + SWEEP_MAPS, width, 3, 1, 1)
        self.down = nn.ModuleList([nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths)])
        counts = [1] + [self.config.blocks] * (len(widths) - 1)
        self.fine = nn.ModuleList(
            [nn.Sequential(*(_Block(one) for _ in range(count))) for one, count in zip(widths, counts, strict=True)]
        )
        self.whole = nn.Linear(widths[-1], widths[-1])
        self.up = nn.ModuleList([nn.Conv2d(b, a, 1) for a, b in pairwise(widths)])
        self.mix = nn.ModuleList([_Block(one) for one in widths[:-1]])
        self.norm = nn.GroupNorm(_GROUPS, width)  # without it the head can fall silent for good
        self.leave = nn.Conv2d(width, 4 * head, 1)
        self.head = nn.Conv2d(head + _CHANNELS, head, 3, 1, 1)
        self.sharpen = _Block(head)
        self.out = nn.Conv2d(head, _ANSWERS, 3, 1, 1)
        for parameter in self.out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, given: DepthInput) -> DepthAnswer:
        """Depth in metres, its error and what moves."""
        known = given.known_depth > 0
        log_ground = given.ground.clamp(NEAR_METRES, FAR_METRES).log()
        wall = given.ground.clamp(max=WALL_METRES)
        prior = torch.where(known, given.known_depth, wall).clamp(NEAR_METRES, FAR_METRES).log()
        trust = torch.where(known, 1 / (1 + _DOUBT * given.known_error), 0.0)
        maps = torch.stack([_scaled(log_ground), _scaled(prior), trust], 1)
        colours = torch.where(known[:, None], 2 * given.known_colours - 1, 0.0)
        planes = torch.cat([2 * given.frames - 1, maps, given.slopes, colours], 1)
        height, width = prior.shape[-2:]
        down, right = -height % MULTIPLE, -width % MULTIPLE
        sweeps = given.sweeps
        if down or right:
            planes = functional.pad(planes, (0, right, 0, down), mode="replicate")
            beyond = down // 2 + down % 2, right // 2 + right % 2
            costs, best = sweeps.split([PLANES, SWEEP_MAPS - PLANES], 1)
            around = (0, beyond[1], 0, beyond[0])
            sweeps = torch.cat([functional.pad(costs, around, value=OUTSIDE), functional.pad(best, around)], 1)
        change, log_error, moving = self._answers(planes, sweeps)[..., :height, :width].unbind(1)
        return DepthAnswer(
            (prior + change).clamp(_LOW, _HIGH), log_error.clamp(_LEAST_LOG_ERROR, _MOST_LOG_ERROR), moving
        )

    def _answers(self, planes: Tensor, sweeps: Tensor) -> Tensor:
        x = self.enter(torch.cat([functional.pixel_unshuffle(planes, 2), sweeps], 1))
        skips = []
        for level, block in enumerate(self.fine):
            x = block(x if level == 0 else self.down[level - 1](x))
            skips.append(x)
        x = x + self.whole(x.mean((2, 3)))[..., None, None]
        for level in reversed(range(len(self.up))):
            raised = functional.interpolate(self.up[level](x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = self.mix[level](skips[level] + raised)
        fine = functional.pixel_shuffle(self.leave(self.norm(x)), 2)
        return self.out(functional.silu(self.sharpen(self.head(torch.cat([fine, planes], 1)))))


def _scaled(log_depth: Tensor) -> Tensor:
    return (log_depth - _LOW) / (_HIGH - _LOW) * 2 - 1
