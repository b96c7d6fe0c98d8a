"""The depth network: colours, flat ground and what is known -> log-depth in metres.

A U-Net of a few layers answers with a change of the depth that it is given: flat ground up to a wall where nothing is
known, so that camera height and pitch set the scale. Knows nothing of training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.reconstruction.one_picture import WALL_METRES

MULTIPLE = 16
"""Height and width are padded to multiples of it."""
_CHANNELS = 6
_LOW, _HIGH = math.log(NEAR_METRES), math.log(FAR_METRES)


@dataclass(frozen=True)
class DepthConfig:
    """Shape of the network.

    Attributes:
        width: Channels at half resolution; twice as many at a quarter, three times at an eighth and a sixteenth.
        head: Channels of the head at full resolution.
    """

    width: int = 32
    head: int = 16

    def __post_init__(self) -> None:
        for name in ("width", "head"):
            if getattr(self, name) < 4 or getattr(self, name) % 4:
                raise ValueError(f"{name} must be a multiple of 4, got {getattr(self, name)}")


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(4, width)
        self.first, self.second = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(functional.silu(self.first(self.norm(x))))


class DepthNetwork(nn.Module):
    """Log-depth of frames."""

    def __init__(self, config: DepthConfig | None = None) -> None:
        super().__init__()
        self.config = config or DepthConfig()
        width, head = self.config.width, self.config.head
        widths = (width, 2 * width, 3 * width, 3 * width)
        self.enter = nn.Conv2d(4 * _CHANNELS, width, 3, 1, 1)
        self.down = nn.ModuleList([nn.Conv2d(a, b, 2, 2) for a, b in pairwise(widths)])
        self.fine = nn.ModuleList([_Block(one) for one in widths])
        self.whole = nn.Linear(widths[-1], widths[-1])
        self.up = nn.ModuleList([nn.Conv2d(b, a, 1) for a, b in pairwise(widths)])
        self.mix = nn.ModuleList([_Block(one) for one in widths[:-1]])
        self.norm = nn.GroupNorm(4, width)  # without it the head can fall silent for good
        self.leave = nn.Conv2d(width, 4 * head, 1)
        self.head = nn.Conv2d(head + _CHANNELS, head, 3, 1, 1)
        self.out = nn.Conv2d(head, 1, 3, 1, 1)
        for parameter in self.out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, frames: Tensor, ground: Tensor, known_depth: Tensor) -> Tensor:
        """(N, H, W) log-depth in metres.

        Args:
            frames: (N, 3, H, W) colours, 0..1.
            ground: (N, H, W) metres at which flat ground lies, the far value where there is none.
            known_depth: (N, H, W) metres, 0 where nothing is known.
        """
        known = known_depth > 0
        log_ground = ground.clamp(NEAR_METRES, FAR_METRES).log()
        prior = torch.where(known, known_depth, ground.clamp(max=WALL_METRES)).clamp(NEAR_METRES, FAR_METRES).log()
        maps = [self._scaled(log_ground), self._scaled(prior), known.to(prior.dtype)]
        given = torch.cat([2 * frames - 1, torch.stack(maps, 1)], 1)
        height, width = prior.shape[-2:]
        beyond = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
        given = functional.pad(given, beyond, mode="replicate") if any(beyond) else given
        change = self._change(given)[..., :height, :width]
        return (prior + change[:, 0]).clamp(_LOW, _HIGH)

    def _change(self, given: Tensor) -> Tensor:
        x = self.enter(functional.pixel_unshuffle(given, 2))
        skips = []
        for level, block in enumerate(self.fine):
            x = block(x if level == 0 else self.down[level - 1](x))
            skips.append(x)
        x = x + self.whole(x.mean((2, 3)))[..., None, None]
        for level in reversed(range(len(self.up))):
            raised = functional.interpolate(self.up[level](x), scale_factor=2.0, mode="bilinear", align_corners=False)
            x = self.mix[level](skips[level] + raised)
        fine = functional.pixel_shuffle(self.leave(self.norm(x)), 2)
        return self.out(functional.silu(self.head(torch.cat([fine, given], 1))))

    @staticmethod
    def _scaled(log_depth: Tensor) -> Tensor:
        return (log_depth - _LOW) / (_HIGH - _LOW) * 2 - 1
