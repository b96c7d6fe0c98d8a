"""Choosing codes: a few rounds, in each of which the surest tokens are settled.

Source: Chang et al. 2022, "MaskGIT", section 3.2. One frame at a time, so that a world does not depend on others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.network import HIDDEN, KEPT, REVEALED


@dataclass(frozen=True)
class SamplingConfig:
    """How codes are chosen.

    Attributes:
        num_steps: Passes of the network.
        temperature: Of every choice; lower is surer and plainer.
        nucleus: Share of likelihood, from the likeliest code down, that is chosen from. A limit by likelihood alone
            would leave little but plain patches: those are few and likely, textured ones many and each unlikely.
        order_noise: How far the order in which tokens are settled is left to chance.
    """

    num_steps: int = 6
    temperature: float = 1.0
    nucleus: float = 0.9
    order_noise: float = 2.0

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ValueError(f"num_steps must be at least 1, got {self.num_steps}")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be positive, got {self.temperature}")
        if not 0 < self.nucleus <= 1:
            raise ValueError(f"nucleus must be over 0 and at most 1, got {self.nucleus}")


def sample_codes(
    inpainter: Inpainter, known: Tensor, painted: Tensor, config: SamplingConfig, seed: list[int]
) -> Tensor:
    """Codes (1, tokens, slots) of one frame; those of tokens that are not painted mean nothing.

    Args:
        inpainter: In evaluation mode.
        known: (1, CONDITIONING_CHANNELS, H, W).
        painted: (1, tokens) bool.
        config: How.
        seed: All chance follows from these numbers.
    """
    rng = np.random.default_rng(seed)
    shape = inpainter.config.num_tokens, inpainter.config.codes_per_token
    codes = torch.zeros(1, *shape, dtype=torch.long, device=known.device)
    roles = torch.where(painted, HIDDEN, KEPT)
    total = int(painted.sum())
    detail = inpainter.network.detail(known)
    context = inpainter.network.detail.of_codes(detail)
    for number in range(config.num_steps):
        chance = torch.from_numpy(rng.random(shape, np.float32)).to(known.device)
        jitter = torch.from_numpy(rng.gumbel(size=shape[0]).astype(np.float32)).to(known.device)
        is_open = roles == HIDDEN
        states = inpainter.network(known, detail, codes, roles)[is_open]
        queries = inpainter.network.head.queries(states, context[is_open])
        codes[is_open], confidence = choose(inpainter, queries, chance[is_open[0]], config)
        left = math.floor(total * math.cos(math.pi / 2 * (number + 1) / config.num_steps))
        if left == 0:
            break
        heat = config.order_noise * (1 - (number + 1) / config.num_steps)
        rank = (confidence + heat * jitter[is_open[0]]).argsort().argsort()
        roles[is_open] = torch.where(rank < left, HIDDEN, REVEALED)
    return codes


def choose(inpainter: Inpainter, queries: Tensor, chance: Tensor, config: SamplingConfig) -> tuple[Tensor, Tensor]:
    """Codes (M, slots) by wishes (M, slots, code_dim), slot after slot, and their mean log-likelihoods (M,)."""
    head, tables = inpainter.network.head, inpainter.network.codes
    codes = []
    context, confidence = (
        torch.zeros_like(queries[..., 0, :]),
        torch.zeros_like(queries[..., 0, 0], dtype=torch.float32),
    )
    for code_index in range(inpainter.config.codes_per_token):
        table = tables.of_code(code_index)
        scores = head.scores(queries[..., code_index, :] + context, table).float() / config.temperature
        likely, order = scores.softmax(-1).sort(-1, descending=True)
        place = torch.searchsorted(likely.cumsum(-1), (config.nucleus * chance[..., code_index])[..., None])
        place = place.clamp(max=len(table) - 1)
        code = order.gather(-1, place)
        confidence = (
            confidence + likely.gather(-1, place)[..., 0].clamp(min=1e-9).log() / inpainter.config.codes_per_token
        )
        context = context + head.context_of(torch.nn.functional.embedding(code[..., 0], table), code_index)
        codes.append(code)
    return torch.cat(codes, -1), confidence
