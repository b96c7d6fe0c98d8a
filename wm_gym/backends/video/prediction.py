"""One step's predictions: the first writes the latent frame that the cache still lacks, in the same pass."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from wm_gym.backends.video.cache import Blocks, gather, remember
from wm_gym.backends.video.network import Given, VideoNetwork
from wm_gym.backends.video.rows import Role, Rows
from wm_gym.backends.video.state import VideoState
from wm_gym.backends.video.transformer import Written


class Prediction:
    """The network as a function of the noisy latent and its level, for N worlds of which all else is fixed.

    Attributes:
        blocks: Of each world; after the first prediction they hold all of the past.
    """

    def __init__(self, network: VideoNetwork, given: Given, state: VideoState, times: Tensor) -> None:
        """Predict the latent frames at `times` (N, 1), whose predecessors are pending in `state`."""
        self.blocks: list[Blocks] = [world.blocks for world in state.worlds]
        self._network, self._given, self._times = network, given, times
        embedded = torch.stack([w.pending for w in state.worlds]), torch.stack([w.level for w in state.worlds])
        self._pending = network.pending(embedded, times - 1)
        self._is_written = False

    def __call__(self, noisy: Tensor, level: float) -> Tensor:
        """Clean latents of noisy ones, (N, C, h, w)."""
        given = replace(self._given, past=gather(self.blocks))
        pending = None if self._is_written else self._pending
        rows = Rows.of(self._times, level, Role.TARGET)
        clean, written = self._network(noisy[:, None], rows, given, pending)
        if not self._is_written:
            self._remember(written)
        return clean[:, 0].clamp(-1, 1)

    def _remember(self, written: Written) -> None:
        config = self._network.config
        for n, blocks in enumerate(self.blocks):
            time = int(self._times[n]) - 1
            self.blocks[n] = remember(blocks, written, n, time, window=config.window_latents, sinks=config.sink_latents)
        self._is_written = True
