"""The network of a trained policy, and how an action is chosen from what it gives. Plain torch: no learner is needed.

It holds what acts and no more: critics and target networks stay with the learner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.agents.rl.extractor import FeaturesExtractor

_LOG_SPREADS = (-20.0, 2.0)  # Haarnoja et al. 2018, as SAC of Stable-Baselines3 bounds it


@dataclass(frozen=True)
class NetworkSpec:
    """Sizes of a policy's network.

    Attributes:
        head: How its outputs become an action, a key of `HEADS`.
        outputs: Numbers that it gives.
        hidden: Width of each layer between features and outputs.
        recurrent: Width of the LSTM between features and these layers; 0 for none.
    """

    head: str
    outputs: int
    hidden: tuple[int, ...] = (64,)
    recurrent: int = 0

    def __post_init__(self) -> None:
        if self.head not in HEADS:
            raise ValueError(f"head must be one of {sorted(HEADS)}, got {self.head!r}")


State = tuple[Tensor, Tensor]
"""The (1, 1, R) hidden and cell state of an LSTM."""


class PolicyNetwork(nn.Module):
    """Observation to features, through an LSTM where there is one, through layers, to outputs.

    Args:
        space: Of one world's observation.
        spec: Sizes.
    """

    def __init__(self, space: gym.spaces.Dict, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        self.extractor = FeaturesExtractor(space)
        width = spec.recurrent or self.extractor.features
        self.lstm = nn.LSTM(self.extractor.features, spec.recurrent) if spec.recurrent else None
        sizes = (width, *spec.hidden)
        layers = [(nn.Linear(before, after), nn.ReLU()) for before, after in pairwise(sizes)]
        self.hidden = nn.Sequential(*(layer for pair in layers for layer in pair))
        self.head = nn.Linear(sizes[-1], spec.outputs)
        if spec.head == "gaussian":
            self.log_spread = nn.Parameter(torch.zeros(spec.outputs))
        if spec.head == "squashed":
            self.spread = nn.Linear(sizes[-1], spec.outputs)

    @torch.inference_mode()
    def act(
        self, observation: Mapping[str, np.ndarray], state: State | None, rng: np.random.Generator | None
    ) -> tuple[np.ndarray, State | None]:
        """The action in one world, and the state after it.

        Args:
            observation: Of one world, without an axis of worlds.
            state: After the last step; None as an episode begins.
            rng: Draws the action; None for the likeliest or best one.
        """
        batch = {name: torch.as_tensor(values)[None] for name, values in observation.items()}
        features = self.extractor(batch)
        if self.lstm is not None:
            features, state = self.lstm(features[None], state)
            features = features[0]
        latent = self.hidden(features)
        return HEADS[self.spec.head](self, latent, rng), state


def _categorical(network: PolicyNetwork, latent: Tensor, rng: np.random.Generator | None) -> np.ndarray:
    """Outputs are logits of the actions; Gumbel noise draws one from their softmax."""
    logits = network.head(latent)[0].numpy()
    return np.asarray((logits if rng is None else logits + rng.gumbel(size=logits.shape)).argmax())


def _values(network: PolicyNetwork, latent: Tensor, rng: np.random.Generator | None) -> np.ndarray:
    """Outputs are returns that each action leads to, or `NUM_QUANTILES` quantiles of them, (quantiles, actions)."""
    outputs = network.head(latent)[0]
    returns = outputs.reshape(NUM_QUANTILES if network.spec.head == "quantiles" else 1, -1).mean(0)
    if rng is not None and rng.random() < RANDOM_SHARE:
        return np.asarray(rng.integers(len(returns)))
    return returns.argmax().numpy()


def _bernoulli(network: PolicyNetwork, latent: Tensor, rng: np.random.Generator | None) -> np.ndarray:
    """Outputs are logits of keys that are down."""
    down = network.head(latent)[0].sigmoid().numpy()
    return (down > (0.5 if rng is None else rng.random(down.shape))).astype(np.int8)


def _gaussian(network: PolicyNetwork, latent: Tensor, rng: np.random.Generator | None) -> np.ndarray:
    """Outputs are means, with a spread that is the same everywhere; actions are clipped to -1..1."""
    return _noisy(network.head(latent)[0], network.log_spread, rng).clip(-1.0, 1.0)


def _squashed(network: PolicyNetwork, latent: Tensor, rng: np.random.Generator | None) -> np.ndarray:
    """The hyperbolic tangent of means with a spread. Source: Haarnoja et al. 2018, appendix C."""
    log_spread = network.spread(latent)[0].clamp(*_LOG_SPREADS)
    return np.tanh(_noisy(network.head(latent)[0], log_spread, rng))


NUM_QUANTILES = 32
"""Quantiles of a return, of a policy whose head is "quantiles"."""

RANDOM_SHARE = 0.05
"""Share of actions by chance, where a policy of values is to draw its actions."""

Head = Callable[[PolicyNetwork, Tensor, np.random.Generator | None], np.ndarray]
HEADS: dict[str, Head] = {
    "categorical": _categorical,
    "values": _values,
    "quantiles": _values,
    "bernoulli": _bernoulli,
    "gaussian": _gaussian,
    "squashed": _squashed,
}
"""Name to how an action is chosen from the last layer (1, L)."""


def _noisy(mean: Tensor, log_spread: Tensor, rng: np.random.Generator | None) -> np.ndarray:
    noise = np.zeros(mean.shape) if rng is None else rng.standard_normal(mean.shape)
    return (mean + log_spread.exp() * torch.from_numpy(noise).float()).numpy()
