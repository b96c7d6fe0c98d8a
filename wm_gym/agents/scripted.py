"""Scripts that act in any world: by chance, along walls, straight to a goal, by tours without end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from wm_gym.agents.agent import Agent
from wm_gym.agents.explorer import Explorer
from wm_gym.agents.spaces import draw_action
from wm_gym.envs.actions import MEANINGS
from wm_gym.envs.vector_env import WorldVectorEnv

FORWARD, LEFT, RIGHT = (MEANINGS.index(word) for word in ("walk forward", "look left", "look right"))

AHEAD_RADIANS = 0.2
"""A goal within this angle is walked to; else the body turns first."""


def steps_towards(turns: np.ndarray) -> np.ndarray:
    """Discrete actions (N,) of bodies that go where a target lies so many radians (N,) to the left of their way."""
    return np.where(np.abs(turns) <= AHEAD_RADIANS, FORWARD, np.where(turns > 0, LEFT, RIGHT))


class RandomAgent(Agent):
    """Draws each action uniformly from the action space."""

    obs_mode: ClassVar[str] = "pose"

    def __init__(self, env: WorldVectorEnv) -> None:
        super().__init__(env)
        self._rngs = [np.random.default_rng(n) for n in range(env.num_envs)]

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Draw anew."""
        for world, seed in zip(worlds, seeds, strict=True):
            self._rngs[world] = np.random.default_rng(seed)

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions by chance."""
        return np.stack([draw_action(self.env.single_action_space, rng) for rng in self._rngs])


class WallTurner(Agent):
    """Walks straight on, and turns to one side, drawn anew each time, while something near is ahead.

    Args:
        env: The worlds it acts in.
        near_metres: Depth in the middle of the frame below which it turns.
    """

    obs_mode: ClassVar[str] = "depth"

    def __init__(self, env: WorldVectorEnv, near_metres: float = 1.2) -> None:
        super().__init__(env)
        self._near_metres = near_metres
        self._rngs = [np.random.default_rng(n) for n in range(env.num_envs)]
        self._turns = np.zeros(env.num_envs, np.int64)  # the turn that is going on; 0 for none

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Walk on."""
        for world, seed in zip(worlds, seeds, strict=True):
            self._rngs[world], self._turns[world] = np.random.default_rng(seed), 0

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions: forward, or the turn that is going on."""
        depth = observation["depth"][..., 0]
        rows, columns = (slice(size * 3 // 8, size * 5 // 8) for size in depth.shape[1:])
        middle = np.where(depth > 0, depth, np.inf)[:, rows, columns].min((1, 2))
        for n, metres in enumerate(middle):
            if metres > self._near_metres:
                self._turns[n] = 0
            elif not self._turns[n]:
                self._turns[n] = self._rngs[n].choice([LEFT, RIGHT])
        return np.where(self._turns > 0, self._turns, FORWARD)


class GoalWalker(Agent):
    """Turns to the goal and walks straight there, without a look at any frame: what a goal vector alone is worth."""

    obs_mode: ClassVar[str] = "pose"

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions from the goals (N, 2), metres ahead and to the left.

        Raises:
            ValueError: If the task has no such goal.
        """
        goals = observation.get("goal")
        if goals is None or goals.shape[1:] != (2,):
            came = "none" if goals is None else f"shape {goals.shape[1:]}"
            raise ValueError(f"agent 'goal_walker' must have a goal of shape (2,) in its task, got {came}")
        return steps_towards(np.arctan2(goals[:, 1], goals[:, 0]))


class ExplorerAgent(Agent):
    """Walks one tour after another: out, with looks aside, and home along its own trail.

    Args:
        env: The worlds it acts in.
        steps_out: Steps of a tour before it turns home.
    """

    obs_mode: ClassVar[str] = "pose"
    action_mode: ClassVar[str] = "twist"

    def __init__(self, env: WorldVectorEnv, steps_out: int = 40) -> None:
        super().__init__(env)
        self._steps_out = steps_out
        self._explorers: dict[int, Explorer] = {}

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Set out from where the bodies stand."""
        for world, seed in zip(worlds, seeds, strict=True):
            waypoints = self.env.sub_envs[world].now.world.openings[0].waypoints.numpy()
            self._explorers[world] = Explorer(waypoints, seed, self._steps_out)

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """(N, 4) twists."""
        poses = [sub_env.now.outcome.body_poses[0, -1] for sub_env in self.env.sub_envs]
        return np.stack([self._explorers[n].act(pose) for n, pose in enumerate(poses)]).astype(np.float32)
