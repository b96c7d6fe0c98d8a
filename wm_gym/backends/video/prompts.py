"""Keys and values of prompts, kept from step to step, since prompts seldom change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch

from wm_gym.backends.video.network import Prompt, VideoNetwork
from wm_gym.last_used import LastUsed

KEPT_PROMPTS = 256


class PromptCache:
    """Keys and values of the prompts that were asked for last. Each is encoded alone, so it depends on no other."""

    def __init__(self, network: VideoNetwork) -> None:
        """Encode by the text encoder of a network, whose weights stay as they are."""
        self._network = network
        self._kept: LastUsed[str, Prompt] = LastUsed(KEPT_PROMPTS)

    def encode(self, prompts: Sequence[str]) -> Prompt:
        """Keys and values of the prompts for every layer, as `VideoNetwork.encode_prompts` gives them."""
        each = [self._kept.get(prompt, partial(self._network.encode_prompts, [prompt])) for prompt in prompts]
        layers = range(len(each[0]))
        return [(torch.cat([p[k][0] for p in each]), torch.cat([p[k][1] for p in each])) for k in layers]

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
