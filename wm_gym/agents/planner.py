"""`PlannerAgent`: imagines futures in forks of its own worlds, and sets out on the best of them.

A state of an environment is a value, so a fork costs nothing and an imagined step is `EnvCore.step`: what is imagined
is what the world model makes of the actions, scored by the task's own rewards. Nothing in the environment changes.

The planner reads rewards and ends of imagined steps, no truth. Its futures have chance of their own: it does not know
what noise the world itself will draw. Events that are scheduled are part of a state, so it foresees them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.agents.agent import Agent
from wm_gym.agents.cross_entropy import draw_plans, moved_on, refined, uniform
from wm_gym.choices import check_known
from wm_gym.envs.checking import read_count, read_number
from wm_gym.envs.options import ResetOptions
from wm_gym.envs.state import EnvState
from wm_gym.envs.vector_env import WorldVectorEnv


@dataclass(frozen=True)
class PlannerConfig:
    """How far and how widely a planner looks. A decision costs horizon x hold x samples x iterations imagined steps.

    Attributes:
        horizon: Choices in a plan.
        samples: Plans that are imagined at once.
        iterations: Times that plans are drawn, each time from the best of the last.
        hold: Steps for which a choice is held, imagined and taken; the next plan is made after them.
        elites: Plans that the next ones are drawn from.
        success_bonus: Added to the return of a plan that reaches the aim, beside the task's own reward.
        failure_cost: Taken from the return of a plan that fails.
    """

    horizon: int = 4
    samples: int = 16
    iterations: int = 2
    hold: int = 2
    elites: int = 4
    success_bonus: float = 1.0
    failure_cost: float = 1.0

    def __post_init__(self) -> None:
        for name in ("horizon", "samples", "iterations", "hold", "elites"):
            read_count(name, getattr(self, name))
        for name in ("success_bonus", "failure_cost"):
            read_number(name, getattr(self, name))
        if self.elites > self.samples:
            raise ValueError(f"elites must be at most samples, {self.samples}, got {self.elites}")


class PlannerAgent(Agent):
    """Plans by the cross-entropy method in forks of its worlds, all worlds that need a plan in one batch.

    Args:
        env: The worlds it acts in, with discrete actions.
        settings: Fields of `PlannerConfig`.

    Raises:
        ValueError: If a setting is unknown or out of range, or actions are not discrete.

    Attributes:
        config: The settings.
        num_decisions: Plans made so far, over all worlds.
        seconds: That they took.
    """

    obs_mode: ClassVar[str] = "pose"

    def __init__(self, env: WorldVectorEnv, **settings: Any) -> None:
        if not isinstance(env.single_action_space, gym.spaces.Discrete):
            raise ValueError(f"agent 'planner' must have action_mode 'discrete', got {env.single_action_space}")
        super().__init__(env)
        self.config, self._num_choices = _config_of(settings), int(env.single_action_space.n)
        self.num_decisions, self.seconds = 0, 0.0
        count = env.num_envs
        self._rngs = [np.random.default_rng(n) for n in range(count)]
        self._shares = [self._uniform() for _ in range(count)]
        self._chosen, self._left = np.zeros((2, count), np.int64)

    @classmethod
    def needs(cls, **settings: Any) -> dict[str, Any]:
        """As every agent; settings are checked before worlds are made."""
        _config_of(settings)
        return super().needs()

    @property
    def milliseconds_per_decision(self) -> float:
        """Mean cost of a plan; 0 before the first."""
        return 1000.0 * self.seconds / max(1, self.num_decisions)

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Forget the plans of these worlds."""
        for world, seed in zip(worlds, seeds, strict=True):
            self._rngs[world] = np.random.default_rng((seed, 2))
            self._shares[world], self._left[world] = self._uniform(), 0

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions: the choices that are being held, and the first ones of new plans."""
        ended = np.array([sub_env.has_ended for sub_env in self.env.sub_envs])
        due = np.flatnonzero((self._left == 0) & ~ended).tolist()
        if due:
            began = time.perf_counter()
            self._plan(due)
            self.seconds += time.perf_counter() - began
            self.num_decisions += len(due)
        self._left = np.maximum(self._left - 1, 0)
        return self._chosen.copy()

    def _plan(self, worlds: Sequence[int]) -> None:
        config = self.config
        futures = [self._future(world) for world in worlds]
        shares = [moved_on(self._shares[world]) for world in worlds]
        best = [(-np.inf, 0)] * len(worlds)
        for _ in range(config.iterations):
            plans = np.stack(
                [draw_plans(one, config.samples, self._rngs[n]) for one, n in zip(shares, worlds, strict=True)]
            )
            returns = self._returns(futures, plans)
            for k in range(len(worlds)):
                shares[k] = refined(shares[k], plans[k], returns[k], config.elites)
                first = int(returns[k].argmax())
                best[k] = max(best[k], (float(returns[k, first]), int(plans[k, first, 0])), key=lambda one: one[0])
        for world, one, (_, choice) in zip(worlds, shares, best, strict=True):
            self._shares[world], self._chosen[world], self._left[world] = one, choice, config.hold

    def _future(self, world: int) -> EnvState:
        """A fork of one world, with chance of its own from here on."""
        now = replace(self.env.sub_envs[world].now, rng_state={})
        return self.env.core.open([ResetOptions(state=now)], [self._rngs[world]], [True])[0]

    def _returns(self, futures: Sequence[EnvState], plans: np.ndarray) -> np.ndarray:
        """Returns (K, S) of plans (K, S, H), each imagined from the future of its world."""
        states = [future for future in futures for _ in range(plans.shape[1])]
        choices, returns = plans.reshape(len(states), -1).repeat(self.config.hold, axis=1), np.zeros(len(states))
        going = list(range(len(states)))
        for step in range(choices.shape[1]):
            moved = self.env.core.step([states[i] for i in going], list(choices[going, step]))
            for i, (state, reward) in zip(going, moved, strict=True):
                bonus = self.config.success_bonus * state.is_success - self.config.failure_cost * state.is_failure
                states[i], returns[i] = state, returns[i] + reward + bonus
            going = [i for i in going if not states[i].is_over]
            if not going:
                break
        return returns.reshape(plans.shape[:2])

    def _uniform(self) -> np.ndarray:
        return uniform(self.config.horizon, self._num_choices)


def _config_of(settings: Mapping[str, Any]) -> PlannerConfig:
    check_known("settings of agent 'planner'", settings, [field.name for field in fields(PlannerConfig)])
    return PlannerConfig(**settings)
