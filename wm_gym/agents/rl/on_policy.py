"""Learners that learn from what the policy just did: PPO, and PPO with a memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium as gym

from wm_gym.agents.rl.learner import LearnerConfig, count_outputs, stable_baselines
from wm_gym.agents.rl.policy_network import NetworkSpec


@dataclass(frozen=True)
class PpoConfig(LearnerConfig):
    """Proximal policy optimisation (Schulman et al. 2017).

    Attributes:
        n_steps: Steps in each world between updates.
        batch_size: Steps in a batch of an update.
        n_epochs: Times that an update goes through the steps.
        gae_lambda: Of the generalised advantage estimate.
        clip_range: Of the ratio of new to old probabilities.
        ent_coef: Weight of the entropy.
        vf_coef: Weight of the value's error.
        max_grad_norm: Largest norm of the gradient.
    """

    n_steps: int = 64
    batch_size: int = 128
    n_epochs: int = 10
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    ent_coef: float = 0.01
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5

    name: ClassVar[str] = "ppo"
    action_modes: ClassVar[tuple[str, ...]] = ("discrete", "keys", "twist")
    least: ClassVar[Mapping[str, int]] = {"n_steps": 2, "batch_size": 2, "n_epochs": 1}

    def algorithm(self) -> type[Any]:
        """PPO of Stable-Baselines3."""
        return stable_baselines("PPO")

    def network(self, action_space: gym.Space[Any]) -> NetworkSpec:
        """Logits of actions or of keys, or means of a twist."""
        heads = {"discrete": "categorical", "keys": "bernoulli", "twist": "gaussian"}
        return NetworkSpec(heads[self.action_mode], count_outputs(action_space), tuple(self.hidden))

    def _names(self) -> dict[str, str]:
        return {
            "features_extractor.inner.": "extractor.", "mlp_extractor.policy_net.": "hidden.", "action_net.": "head.",
            "log_std": "log_spread",
        }  # fmt: skip


@dataclass(frozen=True)
class RecurrentPpoConfig(PpoConfig):
    """PPO whose policy and critic remember what they saw, each by an LSTM.

    Attributes:
        lstm_size: Width of each LSTM.
    """

    lstm_size: int = 128

    name: ClassVar[str] = "recurrent_ppo"
    _policy: ClassVar[str] = "MultiInputLstmPolicy"

    def algorithm(self) -> type[Any]:
        """RecurrentPPO of sb3-contrib."""
        return stable_baselines("RecurrentPPO", contributed=True)

    def network(self, action_space: gym.Space[Any]) -> NetworkSpec:
        """As that of PPO, with an LSTM."""
        plain = super().network(action_space)
        return NetworkSpec(plain.head, plain.outputs, plain.hidden, self.lstm_size)

    def _own(self) -> set[str]:
        return super()._own() | {"lstm_size"}

    def _policy_settings(self) -> dict[str, Any]:
        return super()._policy_settings() | {"lstm_hidden_size": self.lstm_size}

    def _names(self) -> dict[str, str]:
        return super()._names() | {"lstm_actor.": "lstm."}
