"""Learners that learn from a buffer of past steps: DQN, QR-DQN and SAC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium as gym

from wm_gym.agents.rl.learner import LearnerConfig, count_outputs, stable_baselines
from wm_gym.agents.rl.policy_network import NUM_QUANTILES, NetworkSpec


@dataclass(frozen=True)
class OffPolicyConfig(LearnerConfig):
    """What learners have that learn from a buffer of past steps.

    Attributes:
        buffer_size: Steps that are remembered, over all worlds; 14 kB each with frames of 36 x 48.
        learning_starts: Steps by chance before the first update.
        batch_size: Steps in a batch of an update.
        train_freq: Steps in each world between updates.
        gradient_steps: Batches of an update.
    """

    buffer_size: int = 30_000
    learning_starts: int = 1_000
    batch_size: int = 128
    train_freq: int = 1
    gradient_steps: int = 1

    least: ClassVar[Mapping[str, int]] = {
        "buffer_size": 1, "learning_starts": 0, "batch_size": 1, "train_freq": 1, "gradient_steps": 1,
    }  # fmt: skip


@dataclass(frozen=True)
class DqnConfig(OffPolicyConfig):
    """Deep Q-network (Mnih et al. 2015).

    Attributes:
        target_update_interval: Steps between copies of the network into its target.
        exploration_fraction: Share of the steps over which actions by chance become fewer.
        exploration_final_eps: Share of actions by chance after that.
        max_grad_norm: Largest norm of the gradient.
    """

    learning_rate: float = 3e-4
    target_update_interval: int = 2_000
    exploration_fraction: float = 0.3
    exploration_final_eps: float = 0.05
    max_grad_norm: float = 10.0

    name: ClassVar[str] = "dqn"
    _net: ClassVar[str] = "q_net"

    def algorithm(self) -> type[Any]:
        """DQN of Stable-Baselines3."""
        return stable_baselines("DQN")

    def network(self, action_space: gym.Space[Any]) -> NetworkSpec:
        """Values of actions."""
        return NetworkSpec("values", count_outputs(action_space), tuple(self.hidden))

    def _names(self) -> dict[str, str]:
        inner = f"{self._net}.{self._net}."
        return {
            f"{self._net}.features_extractor.inner.": "extractor.", f"{inner}{2 * len(self.hidden)}.": "head.",
            inner: "hidden.",
        }  # fmt: skip


@dataclass(frozen=True)
class QrDqnConfig(DqnConfig):
    """DQN that learns quantiles of the return (Dabney et al. 2018)."""

    name: ClassVar[str] = "qr_dqn"
    _net: ClassVar[str] = "quantile_net"

    def algorithm(self) -> type[Any]:
        """QRDQN of sb3-contrib."""
        return stable_baselines("QRDQN", contributed=True)

    def network(self, action_space: gym.Space[Any]) -> NetworkSpec:
        """Quantiles of the values of actions."""
        return NetworkSpec("quantiles", NUM_QUANTILES * count_outputs(action_space), tuple(self.hidden))

    def _policy_settings(self) -> dict[str, Any]:
        return super()._policy_settings() | {"n_quantiles": NUM_QUANTILES}


@dataclass(frozen=True)
class SacConfig(OffPolicyConfig):
    """Soft actor-critic (Haarnoja et al. 2018), with twists for actions.

    Attributes:
        tau: Share by which the target moves towards the critic at an update.
        ent_coef: Weight of the entropy; "auto" learns it.
    """

    action_mode: str = "twist"
    learning_rate: float = 3e-4
    tau: float = 0.01
    ent_coef: str = "auto_0.1"

    name: ClassVar[str] = "sac"
    action_modes: ClassVar[tuple[str, ...]] = ("twist",)

    def algorithm(self) -> type[Any]:
        """SAC of Stable-Baselines3."""
        return stable_baselines("SAC")

    def network(self, action_space: gym.Space[Any]) -> NetworkSpec:
        """Means and spreads of twists before they are squashed."""
        return NetworkSpec("squashed", count_outputs(action_space), tuple(self.hidden))

    def _names(self) -> dict[str, str]:
        return {
            "actor.features_extractor.inner.": "extractor.", "actor.latent_pi.": "hidden.", "actor.mu.": "head.",
            "actor.log_std.": "spread.",
        }  # fmt: skip
