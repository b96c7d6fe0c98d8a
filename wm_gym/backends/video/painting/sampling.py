"""Choosing codes: a few rounds, in each of which the surest tokens are settled.

Source: Chang et al. 2022, "MaskGIT", section 3.2. One frame at a time, so that a world does not depend on others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.painting.network import HIDDEN, KEPT, REVEALED
from wm_gym.backends.video.painting.painter import Painter


@dataclass(frozen=True)
class SamplingConfig:
    """How codes are chosen.

    Attributes:
        rounds: Passes of the network.
        temperature: Of every choice; lower is surer and plainer.
        nucleus: Share of likelihood, from the likeliest code down, that is chosen from. A limit by likelihood alone
            would leave little but plain patches: those are few and likely, textured ones many and each unlikely.
        order_noise: How far the order in which tokens are settled is left to chance.
    """

    rounds: int = 6
    temperature: float = 1.0
    nucleus: float = 0.9
    order_noise: float = 2.0

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds must be at least 1, got {self.rounds}")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be positive, got {self.temperature}")
        if not 0 < self.nucleus <= 1:
            raise ValueError(f"nucleus must be over 0 and at most 1, got {self.nucleus}")


def sample_codes(painter: Painter, known: Tensor, painted: Tensor, config: SamplingConfig, seed: list[int]) -> Tensor:
    """Codes (1, tokens, slots) of one frame; those of tokens that are not painted mean nothing.

    Args:
        painter: In evaluation mode.
        known: (1, KNOWN_CHANNELS, H, W).
        painted: (1, tokens) bool.
        config: How.
        seed: All chance follows from these numbers.
    """
    rng = np.random.default_rng(seed)
    shape = painter.config.num_tokens, painter.config.slots
    codes = torch.zeros(1, *shape, dtype=torch.long, device=known.device)
    roles = torch.where(painted, HIDDEN, KEPT)
    total = int(painted.sum())
    detail = painter.network.detail(known)
    told = painter.network.detail.of_slots(detail)
    for number in range(config.rounds):
        chance = torch.from_numpy(rng.random(shape, np.float32)).to(known.device)
        jitter = torch.from_numpy(rng.gumbel(size=shape[0]).astype(np.float32)).to(known.device)
        is_open = roles == HIDDEN
        states = painter.network(known, detail, codes, roles)[is_open]
        wishes = painter.network.head.wishes(states, told[is_open])
        codes[is_open], sureness = choose(painter, wishes, chance[is_open[0]], config)
        left = math.floor(total * math.cos(math.pi / 2 * (number + 1) / config.rounds))
        if left == 0:
            break
        heat = config.order_noise * (1 - (number + 1) / config.rounds)
        worth = (sureness + heat * jitter[is_open[0]]).argsort().argsort()
        roles[is_open] = torch.where(worth < left, HIDDEN, REVEALED)
    return codes


def choose(painter: Painter, wishes: Tensor, chance: Tensor, config: SamplingConfig) -> tuple[Tensor, Tensor]:
    """Codes (M, slots) by wishes (M, slots, code_dim), slot after slot, and their mean log-likelihoods (M,)."""
    head, tables = painter.network.head, painter.network.codes
    codes = []
    told, sureness = torch.zeros_like(wishes[..., 0, :]), torch.zeros_like(wishes[..., 0, 0], dtype=torch.float32)
    for slot in range(painter.config.slots):
        table = tables.of_slot(slot)
        scores = head.scores(wishes[..., slot, :] + told, table).float() / config.temperature
        likely, order = scores.softmax(-1).sort(-1, descending=True)
        place = torch.searchsorted(likely.cumsum(-1), (config.nucleus * chance[..., slot])[..., None])
        place = place.clamp(max=len(table) - 1)
        code = order.gather(-1, place)
        sureness = sureness + likely.gather(-1, place)[..., 0].clamp(min=1e-9).log() / painter.config.slots
        told = told + head.passed(torch.nn.functional.embedding(code[..., 0], table), slot)
        codes.append(code)
    return torch.cat(codes, -1), sureness
