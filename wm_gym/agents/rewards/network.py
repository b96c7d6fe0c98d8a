"""The reward head: two frames, depth and a goal to the reward of a step and whether the aim is reached."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

_CHANNELS = 7  # red, green, blue before and after, and depth
_DEPTH_METRES = 10.0


@dataclass(frozen=True)
class HeadConfig:
    """Shape of a reward head.

    Attributes:
        height: Rows of a frame.
        width: Columns of a frame.
        goal: Numbers of a goal; 0 for none.
        spreads: Channels of the three convolutions.
        hidden: Width of the layer that joins pixels and goal.
    """

    height: int = 36
    width: int = 48
    goal: int = 0
    spreads: tuple[int, int, int] = (16, 24, 32)
    hidden: int = 96


class RewardHead(nn.Module):
    """Steps to rewards and logits of success.

    Source: the reward and termination model of DIAMOND (Alonso et al. 2024), here without memory and over depth.
    """

    def __init__(self, config: HeadConfig) -> None:
        """Random weights."""
        super().__init__()
        self.config = config
        first, second, third = config.spreads
        self.convolutions = nn.Sequential(
            nn.Conv2d(_CHANNELS, first, 5, 2), nn.ReLU(),
            nn.Conv2d(first, second, 3, 2), nn.ReLU(),
            nn.Conv2d(second, third, 3, 2), nn.ReLU(), nn.Flatten(),
        )  # fmt: skip
        with torch.no_grad():
            count = self.convolutions(torch.zeros(1, _CHANNELS, config.height, config.width)).shape[1]
        self.look = nn.Linear(count, config.hidden)
        self.aim = nn.Linear(max(1, config.goal), config.hidden)
        self.leave = nn.Sequential(nn.ReLU(), nn.Linear(config.hidden, config.hidden), nn.ReLU())
        self.reward, self.success = nn.Linear(config.hidden, 1), nn.Linear(config.hidden, 1)

    def forward(self, before: Tensor, frame: Tensor, depth: Tensor, goal: Tensor) -> tuple[Tensor, Tensor]:
        """Rewards (N,) and logits (N,) of success.

        Args:
            before: (N, H, W, 3) uint8.
            frame: (N, H, W, 3) uint8.
            depth: (N, H, W) float metres, 0 where unknown.
            goal: (N, G) float; (N, 0) without one.
        """
        pixels = torch.cat([before, frame], -1).movedim(-1, 1).float() / 255 - 0.5
        near = (depth.float() / _DEPTH_METRES).clamp(max=1.0)[:, None]
        seen = self.look(self.convolutions(torch.cat([pixels, near], 1)))
        aims = goal.float() if self.config.goal else torch.zeros(len(goal), 1, device=seen.device)
        # what is looked for decides what of the picture counts
        x = self.leave(seen * (1 + self.aim(aims)))
        return self.reward(x)[:, 0], self.success(x)[:, 0]
