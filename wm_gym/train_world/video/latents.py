"""Batches as the network meets them: through its codec, from the frame before each sample on.

A sample begins as a world does: the codec takes in the frame before it as a chunk in which nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.backends.video.codecs import Codec, CodecState
from wm_gym.train_world.data.samples import FRAMES_PER_STEP
from wm_gym.train_world.video.batches import Batch


@dataclass(frozen=True)
class Latents:
    """B samples of L latent frames.

    Attributes:
        clean: (B, L, C, h, w) the truth.
        hints: (B, L, hint channels, h, w), spoiled.
        last_state: What the codec remembers before the last latent frame of each sample.
    """

    clean: Tensor
    hints: Tensor
    last_state: CodecState


@torch.no_grad()
def latents_of(codec: Codec, batch: Batch) -> Latents:
    """Encode a batch step by step; hints are told in terms of the true frames before them."""
    state = codec.start(len(batch.clean), *batch.clean.shape[-2:])
    state = codec.encode(batch.before.repeat(1, FRAMES_PER_STEP, 1, 1)[:, None], state)[1]
    clean, hints, last_state = [], [], state
    for planes, hint_planes in zip(batch.clean.split(1, 1), batch.hints.split(1, 1), strict=True):
        last_state = state
        hints.append(codec.encode_hints(hint_planes, state))
        latent, state = codec.encode(planes, state)
        clean.append(latent)
    return Latents(torch.cat(clean, 1), torch.cat(hints, 1), last_state)
