"""Batches in latents: encoded by the network's codec, from the frame before each sample on.

A sample starts as a world does: the codec encodes the frame before it as a chunk in which nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS
from wm_gym.backends.video.codecs import Codec, CodecState
from wm_gym.train_world.video.batches import Batch


@dataclass(frozen=True)
class Latents:
    """B samples of L latent frames.

    Attributes:
        clean: (B, L, C, h, w) the truth.
        hints: (B, L, hint channels, h, w), augmented.
        last_state: State of the codec before the last chunk of each sample.
    """

    clean: Tensor
    hints: Tensor
    last_state: CodecState


@torch.no_grad()
def latents_of(codec: Codec, batch: Batch, latents_per_chunk: int = 1) -> Latents:
    """Encode a batch chunk by chunk, the last of which is whole; hints are encoded after true frames."""
    frames_per_step = batch.clean.shape[2] // FRAME_CHANNELS
    state = codec.start(len(batch.clean), *batch.clean.shape[-2:])
    state = codec.encode(batch.before.repeat(1, frames_per_step, 1, 1)[:, None], state)[1]
    clean, hints, last_state = [], [], state
    whole, rest = divmod(batch.clean.shape[1], latents_per_chunk)
    sizes = [rest] * bool(rest) + [latents_per_chunk] * whole
    for planes, hint_planes in zip(batch.clean.split(sizes, 1), batch.hints.split(sizes, 1), strict=True):
        last_state = state
        hints.append(codec.encode_hints(hint_planes, state))
        latent, state = codec.encode(planes, state)
        clean.append(latent)
    return Latents(torch.cat(clean, 1), torch.cat(hints, 1), last_state)
