"""One step's predictions, and what they leave in the cache."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from wm_gym.backends.video.cache import Block, Blocks, append, gather
from wm_gym.backends.video.compiled import CompiledNetwork
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.state import VideoWorld
from wm_gym.backends.video.transformer import CachedKV, NewKV


class Prediction:
    """The network as a function of a chunk's noisy latents and their sigma, for N worlds of which all else is fixed.

    Where the cache keeps clean latent frames, those of the chunk before are still to be appended: the first prediction
    makes their keys and values, in the same pass.
    """

    def __init__(
        self,
        network: VideoNetwork,
        conditioning: Conditioning,
        worlds: Sequence[VideoWorld],
        times: Tensor,
        compiled: CompiledNetwork | None = None,
    ) -> None:
        """Predict the latent frames at `times` (N, L); `compiled` computes what the network does, if it is given."""
        self._network, self._conditioning, self._times = network, conditioning, times
        self._compiled = compiled
        self._bounds = {"window": network.config.window_latents, "sinks": network.config.sink_latents}
        self._blocks: list[Blocks] = [world.blocks for world in worlds]
        self._clean_context = None
        if network.config.cache_update == "clean":
            embedded = torch.stack([w.clean_context for w in worlds]), torch.stack([w.temb for w in worlds])
            self._clean_context = network.clean_context(embedded, times - times.shape[1])
        self._last: NewKV | None = None

    def __call__(self, noisy: Tensor, sigma: float) -> Tensor:
        """Clean latents of noisy ones, (N, L, C, h, w) in -1..1."""
        conditioning = replace(self._conditioning, past=self._past())
        metadata, length = FrameMetadata.of_chunk(self._times, sigma, Role.TARGET), self._times.shape[1]
        if self._compiled is not None:
            latents, self._last = self._compiled(noisy, metadata, conditioning)
            return latents
        latents, new_kv = self._network(noisy, metadata, conditioning, self._clean_context)
        if self._clean_context is not None:
            clean = NewKV(new_kv.keys[:, :, :length], new_kv.values[:, :, :length])
            self._blocks = append(self._blocks, clean, self._times - length, **self._bounds)
            self._clean_context = None
        self._last = NewKV(new_kv.keys[:, :, -length:], new_kv.values[:, :, -length:])
        return latents.clamp(-1, 1)

    def finish(self) -> list[Blocks]:
        """The cache of each world after the last prediction."""
        if self._network.config.cache_update == "last":
            assert self._last is not None
            self._blocks = append(self._blocks, self._last, self._times, **self._bounds)
        return self._blocks

    def _past(self) -> CachedKV:
        config, transformer = self._network.config, self._network.transformer
        nothing = transformer.proj_out.weight.new_zeros(
            config.num_layers, math.prod(config.grid), transformer.cached_dim
        )
        absent = Block(0, Role.ABSENT, nothing, nothing)
        return gather(self._blocks, config.sink_latents + config.window_latents, absent)
