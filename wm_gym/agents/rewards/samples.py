"""Steps with what the task said of them, gathered by bodies that walk to the objects of a task, or by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from wm_gym.agents.agent import Agent
from wm_gym.agents.scripted import steps_towards
from wm_gym.agents.spaces import draw_action
from wm_gym.envs.rewards import Seen
from wm_gym.envs.state import EnvState
from wm_gym.envs.tasks.task import Task
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.geometry.motion import wrapped


@dataclass(frozen=True, eq=False)
class Steps:
    """K steps of one task.

    Attributes:
        before: (K, H, W, 3) uint8, frames before the steps.
        frame: (K, H, W, 3) uint8, frames after them.
        depth: (K, H, W) float16 metres.
        goal: (K, G) float32.
        reward: (K,) float32, of the task.
        success: (K,) bool, of the task.
    """

    before: np.ndarray
    frame: np.ndarray
    depth: np.ndarray
    goal: np.ndarray
    reward: np.ndarray
    success: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[tuple[Seen, float, bool]]) -> Steps:
        """From steps as a source of rewards is shown them, with the task's reward and success."""
        goals = [np.zeros(0, np.float32) if seen.goal is None else seen.goal.ravel() for seen, _, _ in rows]
        return cls(
            np.stack([seen.before for seen, _, _ in rows]),
            np.stack([seen.frame for seen, _, _ in rows]),
            np.stack([seen.depth for seen, _, _ in rows]).astype(np.float16),
            np.stack(goals).astype(np.float32),
            np.array([reward for _, reward, _ in rows], np.float32),
            np.array([success for _, _, success in rows], np.bool_),
        )

    def __len__(self) -> int:
        return len(self.reward)

    def at(self, rows: np.ndarray) -> Steps:
        """Some of them."""
        return Steps(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


class Steward:
    """Keeps the steps of episodes that are being played; hand its `show` to `episodes.play`."""

    def __init__(self, task: Task[Any]) -> None:
        self._task, self._last = task, dict[int, EnvState]()
        self.rows: list[tuple[Seen, float, bool]] = []

    def show(self, number: int, state: EnvState) -> None:
        """The state of an episode at its opening or after a step."""
        before = self._last.get(number)
        if before is not None:
            _, said = self._task.update(before.task, state.outcome)
            goal = self._task.goal(state.task, state.outcome.body_poses[0, -1])
            seen = Seen.of(before.outcome, state.outcome, goal, self._task.describe(state.task))
            self.rows.append((seen, said.reward, said.is_success))
        self._last[number] = state
        if state.is_over:
            del self._last[number]


class ObjectWalker(Agent):
    """Walks straight to one object of the task after another, and by chance in a share of its steps.

    It reads from the task where the objects lie, so it is no agent to compare with: it makes steps to learn from.

    Args:
        env: The worlds it acts in.
        chance: Share of steps by chance.
    """

    obs_mode: ClassVar[str] = "pose"

    def __init__(self, env: WorldVectorEnv, chance: float = 0.15) -> None:
        super().__init__(env)
        self._chance = chance
        self._rngs = [np.random.default_rng(n) for n in range(env.num_envs)]
        self._order = np.zeros(env.num_envs, np.int64)

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Choose which object is walked to."""
        for world, seed in zip(worlds, seeds, strict=True):
            self._rngs[world] = np.random.default_rng((seed, 2))
            # the first is the one that is asked for, where one is
            self._order[world] = max(0, int(self._rngs[world].integers(-2, 3)))

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions."""
        return np.array([self._act(n) for n in range(self.env.num_envs)])

    def _act(self, world: int) -> int:
        rng, state = self._rngs[world], self.env.sub_envs[world].now
        objects = self.env.core.task.markers(state.task)
        if not objects or rng.random() < self._chance:
            return int(draw_action(self.env.single_action_space, rng))
        x, y, _ = objects[self._order[world] % len(objects)].position
        pose = state.outcome.body_poses[0, -1]
        return int(steps_towards(np.array(wrapped(np.arctan2(y - pose[1], x - pose[0]) - pose[3]))))
