"""One step's predictions, and what they leave in the cache."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from wm_gym.backends.video.cache import Block, Blocks, gather, remember
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.rows import Role, Rows
from wm_gym.backends.video.state import VideoState
from wm_gym.backends.video.transformer import NewKV, Past


class Prediction:
    """The network as a function of the noisy latent and its level, for N worlds of which all else is fixed.

    Where the cache keeps clean latent frames, the one before this step's is still pending: the first prediction writes
    it, in the same pass.
    """

    def __init__(self, network: VideoNetwork, given: Conditioning, state: VideoState, times: Tensor) -> None:
        """Predict the latent frames at `times` (N, 1) of the worlds of `state`."""
        self._network, self._given, self._times = network, given, times
        self._blocks: list[Blocks] = [world.blocks for world in state.worlds]
        self._pending = None
        if network.config.cache_update == "clean":
            embedded = torch.stack([w.clean_context for w in state.worlds]), torch.stack([w.temb for w in state.worlds])
            self._pending = network.clean_context(embedded, times - 1)
        self._last: NewKV | None = None

    def __call__(self, noisy: Tensor, sigma: float) -> Tensor:
        """Clean latents of noisy ones, (N, C, h, w)."""
        given = replace(self._given, past=self._past())
        rows = Rows.of(self._times, sigma, Role.TARGET)
        clean, written = self._network(noisy[:, None], rows, given, self._pending)
        if self._pending is not None:
            self._blocks = remember_all(self._network, self._blocks, written, self._times - 1)
            self._pending = None
        self._last = NewKV(written.keys[:, :, -1:], written.values[:, :, -1:])
        return clean[:, 0].clamp(-1, 1)

    def _past(self) -> Past:
        config = self._network.config
        dtype = self._network.transformer.proj_out.weight.dtype
        shape = config.num_layers, math.prod(config.grid), config.inner_dim
        nothing = self._given.hints.new_zeros(shape, dtype=dtype)
        absent = Block(0, Role.ABSENT, nothing, nothing)
        return gather(self._blocks, config.sink_latents + config.window_latents, absent)

    def blocks(self) -> list[Blocks]:
        """The cache of each world after the last prediction."""
        if self._network.config.cache_update == "clean":
            return self._blocks
        assert self._last is not None
        return remember_all(self._network, self._blocks, self._last, self._times)


def remember_all(network: VideoNetwork, worlds: list[Blocks], written: NewKV, times: Tensor) -> list[Blocks]:
    """The cache of N worlds after the first of the latent frames in `written`, at `times` (N, 1)."""
    bounds = {"window": network.config.window_latents, "sinks": network.config.sink_latents}
    return [remember(blocks, written, n, int(times[n]), **bounds) for n, blocks in enumerate(worlds)]
