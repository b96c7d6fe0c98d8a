"""The features extractor as Stable-Baselines3 takes it, for the `policy_kwargs` of any of its learners."""

from __future__ import annotations

import gymnasium as gym
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor

from wm_gym.agents.rl.extractor import FeaturesExtractor


class Sb3Extractor(BaseFeaturesExtractor):
    """`FeaturesExtractor`; a policy that has it must also have `normalize_images=False`."""

    def __init__(self, observation_space: gym.spaces.Dict) -> None:
        inner = FeaturesExtractor(observation_space)
        super().__init__(observation_space, inner.features)
        self.inner = inner

    def forward(self, observations: dict[str, Tensor]) -> Tensor:
        """(N, features) of N observations, images in 0..255."""
        return self.inner(observations)
