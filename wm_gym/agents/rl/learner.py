"""What all learners have: settings, and how a model of Stable-Baselines3 or sb3-contrib is made of them.

Defaults are for small budgets: 8 worlds, some ten thousand steps. The libraries are imported when a model is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium as gym
import torch
from torch import Tensor, nn

from wm_gym.agents.rl.policy_network import NetworkSpec

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv


@dataclass(frozen=True)
class LearnerConfig:
    """What all learners have.

    Attributes:
        action_mode: "discrete", "keys" or "twist", of those that the learner can do.
        learning_rate: Of Adam.
        gamma: What a reward one step later is worth.
        reward_scale: What rewards are multiplied by while learning, so that returns are about one: a critic learns
            small numbers sooner. Logs tell returns as they are.
        hidden: Width of each layer between features and actions.
    """

    action_mode: str = "discrete"
    learning_rate: float = 5e-4
    gamma: float = 0.98
    reward_scale: float = 0.2
    hidden: list[int] = field(default_factory=lambda: [64])

    name: ClassVar[str]
    action_modes: ClassVar[tuple[str, ...]] = ("discrete",)
    least: ClassVar[Mapping[str, int]] = {}
    _policy: ClassVar[str] = "MultiInputPolicy"

    def __post_init__(self) -> None:
        if self.action_mode not in self.action_modes:
            raise ValueError(
                f"action_mode of learner {self.name!r} must be one of {list(self.action_modes)}, "
                f"got {self.action_mode!r}"
            )
        if not 0.0 < self.gamma <= 1.0:
            raise ValueError(f"gamma must be above 0 and at most 1, got {self.gamma}")
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"hidden must be widths of at least 1, got {self.hidden}")
        for name in ("learning_rate", "reward_scale"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name, least in self.least.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")

    def make(self, worlds: VecEnv, seed: int, device: str = "cpu") -> BaseAlgorithm:
        """A learner that has learnt nothing."""
        settings = {name: value for name, value in asdict(self).items() if name not in self._own()}
        return self.algorithm()(
            self._policy, worlds, policy_kwargs=self._policy_settings(), seed=seed, device=device,
            **settings | self._algorithm_settings(),
        )  # fmt: skip

    def algorithm(self) -> type[Any]:
        """Its class."""
        raise NotImplementedError(f"{type(self).__name__}.algorithm() must give a class of Stable-Baselines3")

    def network(self, action_space: gym.Space[Any]) -> NetworkSpec:
        """Sizes of what acts."""
        raise NotImplementedError(f"{type(self).__name__}.network(action_space) must give the sizes of its network")

    def weights(self, model: BaseAlgorithm) -> dict[str, Tensor]:
        """Weights of what acts, by their names in `PolicyNetwork`."""
        return renamed(model.policy.state_dict(), self._names())

    def _own(self) -> set[str]:
        """Settings that are not the algorithm's."""
        return {"action_mode", "hidden", "reward_scale"}

    def _algorithm_settings(self) -> dict[str, Any]:
        return {}

    def _policy_settings(self) -> dict[str, Any]:
        from wm_gym.agents.rl.sb3_extractor import Sb3Extractor

        return {
            "features_extractor_class": Sb3Extractor, "normalize_images": False, "net_arch": self.hidden,
            "activation_fn": nn.ReLU,
        }  # fmt: skip

    def _names(self) -> dict[str, str]:
        raise NotImplementedError(f"{type(self).__name__}._names() must give prefixes of weights")


def renamed(weights: dict[str, Any], names: dict[str, str]) -> dict[str, Tensor]:
    """Those weights whose names begin with one of the prefixes, with that prefix replaced; earlier ones go first."""
    found: dict[str, Tensor] = {}
    for name, value in weights.items():
        prefix = next((prefix for prefix in names if name.startswith(prefix)), None)
        if prefix is not None and isinstance(value, torch.Tensor):
            found[names[prefix] + name.removeprefix(prefix)] = value
    return found


def stable_baselines(name: str, *, contributed: bool = False) -> type[Any]:
    """A learner of Stable-Baselines3, or a contributed one.

    Raises:
        ImportError: If the package is not installed.
    """
    try:
        if contributed:
            import sb3_contrib as package
        else:
            import stable_baselines3 as package
    except ImportError as error:
        needed = "sb3-contrib" if contributed else "Stable-Baselines3"
        raise ImportError(f"learner {name} needs {needed}: pip install 'wm-gym[rl]'") from error
    return getattr(package, name)


def count_outputs(action_space: gym.Space[Any]) -> int:
    """Numbers that choose an action."""
    return int(action_space.n) if isinstance(action_space, gym.spaces.Discrete) else int(action_space.shape[0])  # type: ignore[index]
