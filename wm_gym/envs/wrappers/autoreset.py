"""Which worlds of a batch begin an episode with the observation at hand, in each of Gymnasium's autoreset modes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor

from wm_gym.envs.wrappers.tensors import Array, as_tensor


class Beginnings:
    """Follows a vector environment from call to call; tells which worlds have just begun an episode.

    Attributes:
        mode: The environment's autoreset mode.
    """

    def __init__(self, env: VectorEnv) -> None:
        """Begin before the first reset.

        Raises:
            ValueError: If the environment does not say how it resets.
        """
        mode = env.metadata.get("autoreset_mode")
        if not isinstance(mode, AutoresetMode):
            raise ValueError(f"metadata['autoreset_mode'] must be an AutoresetMode, got {mode!r}")
        self.mode = mode
        self._num_envs = env.num_envs
        self._ended = torch.zeros(env.num_envs, dtype=torch.bool)

    def at_reset(self, options: Any) -> Tensor:
        """(N,) bool: the worlds that a reset begins anew, all of them or `options["reset_mask"]`.

        To be asked before the reset: Gymnasium's own environments take the mask out of the options.
        """
        mask = options.get("reset_mask") if isinstance(options, Mapping) else None
        began = torch.ones(self._num_envs, dtype=torch.bool) if mask is None else torch.as_tensor(mask).clone()
        self._ended = self._ended.to(began.device) & ~began
        return began

    def at_step(self, terminations: Array, truncations: Array) -> tuple[Tensor, Tensor]:
        """Two (N,) bool on their device: worlds whose observation begins an episode, and worlds that ended one."""
        ended = as_tensor(terminations) | as_tensor(truncations)
        began = {
            AutoresetMode.NEXT_STEP: self._ended.to(ended.device),
            AutoresetMode.SAME_STEP: ended,
            AutoresetMode.DISABLED: torch.zeros_like(ended),
        }[self.mode]
        self._ended = ended
        return began, ended
