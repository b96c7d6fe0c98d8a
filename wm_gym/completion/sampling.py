"""MaskGIT sampling of codes: in each of a few steps the most confident tokens are unmasked.

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
    """Settings of the sampler.

    Attributes:
        num_steps: Passes of the network.
        temperature: Divides the logits of every code; lower gives likelier and plainer patches.
        nucleus: Cumulative probability, from the likeliest code down, that codes are sampled from (top-p). Top-k would
            leave little but plain patches: those are few and likely, textured ones many and each unlikely.
        order_noise: Scale of the Gumbel noise added to confidences in the first step; it falls linearly to 0.
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
    inpainter: Inpainter, conditioning: Tensor, inpainted: Tensor, config: SamplingConfig, seed: list[int]
) -> Tensor:
    """Codes (1, tokens, codes) int64 of one frame; those of tokens that are not inpainted are 0.

    Args:
        inpainter: In evaluation mode.
        conditioning: (1, CONDITIONING_CHANNELS, H, W).
        inpainted: (1, tokens) bool, the tokens to inpaint.
        config: Settings of the sampler.
        seed: Numbers that seed every draw.
    """
    rng = np.random.default_rng(seed)
    shape = inpainter.config.num_tokens, inpainter.config.codes_per_token
    codes = torch.zeros(1, *shape, dtype=torch.long, device=conditioning.device)
    roles = torch.where(inpainted, HIDDEN, KEPT)
    total = int(inpainted.sum())
    detail = inpainter.network.detail(conditioning)
    context = inpainter.network.detail.of_codes(detail)
    for number in range(config.num_steps):
        chance = torch.from_numpy(rng.random(shape, np.float32)).to(conditioning.device)
        jitter = torch.from_numpy(rng.gumbel(size=shape[0]).astype(np.float32)).to(conditioning.device)
        is_open = roles == HIDDEN
        states = inpainter.network(conditioning, detail, codes, roles)[is_open]
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
    """The codes (M, codes) int64 of M tokens, sampled one after another, and their mean log-likelihoods (M,).

    Args:
        inpainter: In evaluation mode.
        queries: (M, codes, code_dim) of `CodeHead.queries`.
        chance: (M, codes) float32, uniform in 0..1.
        config: Settings of the sampler.
    """
    head, tables = inpainter.network.head, inpainter.network.codes
    codes = []
    context = torch.zeros_like(queries[..., 0, :])
    confidence = torch.zeros_like(queries[..., 0, 0], dtype=torch.float32)
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
