"""Episodes of an agent in N worlds at once: what each came to, and the way that the body went.

An episode depends on its start alone: neither on the number of worlds nor on what is played beside it, for worlds and
agents draw all chance from the start's seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

from wm_gym.agents.agent import Agent
from wm_gym.agents.registry import find_agent
from wm_gym.envs.measures import MEASURES
from wm_gym.envs.registration import id_for
from wm_gym.envs.state import EnvState
from wm_gym.envs.vector_env import WorldVectorEnv


@dataclass(frozen=True)
class Start:
    """Where an episode begins.

    Attributes:
        seed: Of the world, of the task's chance and of the agent's.
        world: A name as `gymnasium.make` takes it, or None for that of the environment.
        options: Further options of `reset`, such as "events".
    """

    seed: int
    world: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def reset_options(self) -> dict[str, Any]:
        """Options of `reset`."""
        return dict(self.options) | ({} if self.world is None else {"world": self.world})


@dataclass(frozen=True, eq=False)
class Episode:
    """One episode that is over.

    Attributes:
        start: Where it began.
        total_reward: Sum of its rewards.
        is_success: Whether the aim was reached.
        is_failure: Whether the task ended it without success; False where time ran out.
        measures: Of `envs.measures.MEASURES`, at the end.
        body_poses: (S + 1, 5) x, y, z, yaw, pitch at the opening and after each of S steps.
        actions: (S, ...) actions.
        rewards: (S,).
    """

    start: Start
    total_reward: float
    is_success: bool
    is_failure: bool
    measures: Mapping[str, float]
    body_poses: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray

    @property
    def num_steps(self) -> int:
        """S."""
        return len(self.rewards)

    def row(self) -> dict[str, Any]:
        """What a table says of it: names to numbers and strings."""
        ended = "success" if self.is_success else "failure" if self.is_failure else "time"
        return {
            "seed": self.start.seed,
            "world": self.start.world or "",
            "ended": ended,
            "is_success": self.is_success,
            "return": self.total_reward,
            "steps": self.num_steps,
            **self.measures,
        }


def make_worlds(
    agent: str, agent_settings: Mapping[str, Any] | None = None, num_envs: int = 1, *, task: str = "explore", **settings
) -> WorldVectorEnv:
    """Worlds in which an agent plays episodes.

    Args:
        agent: Its name; what it needs its worlds show.
        agent_settings: Its own settings.
        num_envs: How many worlds.
        task: As `gymnasium.make` takes it.
        settings: Further keyword arguments of `gymnasium.make_vec`, which go before what the agent needs.
    """
    needs = find_agent(agent, agent_settings).needs(**agent_settings or {})
    venv = gym.make_vec(
        id_for(task),
        num_envs,
        task=task,
        autoreset_mode=AutoresetMode.DISABLED.value,
        return_text=True,
        **needs | settings,
    )
    assert isinstance(venv, WorldVectorEnv)
    return venv


def play(
    agent: Agent,
    starts: Sequence[Start],
    ended: Callable[[int, Episode], object] = lambda number, episode: None,
    shown: Callable[[int, EnvState], object] = lambda number, state: None,
) -> list[Episode]:
    """Play an episode from each start, as many at once as the agent has worlds.

    Args:
        agent: In worlds that are reset by a mask, with a limit of steps or a task that ends.
        starts: Of the episodes; at least as many as worlds are played at once.
        ended: Called with the number of a start and its episode as soon as that is over.
        shown: Called with the number of a start and the state of its world at its opening and after each step.

    Returns:
        Episodes in the order of the starts.

    Raises:
        ValueError: If the worlds reset themselves, an action is illegal, or starts are fewer than worlds.
    """
    env = agent.env
    if env.autoreset_mode is not AutoresetMode.DISABLED:
        raise ValueError(f"worlds must have autoreset_mode 'Disabled' for episodes, got {env.autoreset_mode.value!r}")
    if len(starts) < env.num_envs:
        raise ValueError(f"starts must be at least {env.num_envs}, one for each world, got {len(starts)}")
    table = _Table(agent, starts, shown)
    episodes: dict[int, Episode] = {}
    while len(episodes) < len(starts):
        for number, episode in table.step():
            episodes[number] = episode
            ended(number, episode)
    return [episodes[number] for number in range(len(starts))]


class _Table:
    """N seats, each with the episode that is played there."""

    def __init__(self, agent: Agent, starts: Sequence[Start], shown: Callable[[int, EnvState], object]) -> None:
        self._agent, self._env, self._starts, self._shown = agent, agent.env, starts, shown
        count = self._env.num_envs
        self._seated, self._next = list(range(count)), count
        self._observation, self._info = self._env.reset(
            seed=[one.seed for one in starts[:count]], options=[one.reset_options() for one in starts[:count]]
        )
        self._agent.reset(range(count), [one.seed for one in starts[:count]])
        self._ways: list[_Way] = [_Way([self._pose(n)], [], []) for n in range(count)]
        for seat in range(count):
            self._show(seat)

    def step(self) -> list[tuple[int, Episode]]:
        """One step of all worlds; the numbers and episodes of those that it ended."""
        actions = np.asarray(self._agent.act(self._seen(), self._info))
        self._observation, rewards, terminated, truncated, self._info = self._env.step(actions)
        over = np.asarray(terminated) | np.asarray(truncated)
        finished = []
        for seat in range(self._env.num_envs):
            self._ways[seat].add(self._pose(seat), actions[seat], float(rewards[seat]))
            self._show(seat)
            if over[seat] and self._seated[seat] >= 0:
                finished.append((self._seated[seat], self._episode(seat, bool(terminated[seat]))))
        for seat in np.flatnonzero(over).tolist():
            self._seat_next(seat)
        return finished

    def _episode(self, seat: int, terminated: bool) -> Episode:
        way, is_success = self._ways[seat], bool(self._info["is_success"][seat])
        measures = {name: float(self._info[name][seat]) for name in MEASURES}
        return Episode(
            self._starts[self._seated[seat]], float(np.sum(way.rewards)), is_success, terminated and not is_success,
            measures, np.stack(way.poses), np.stack(way.actions), np.array(way.rewards),
        )  # fmt: skip

    def _seat_next(self, seat: int) -> None:
        """Open the next start; without one the last is opened again, so that the other worlds can go on."""
        is_left = self._next < len(self._starts)
        number = self._next if is_left else self._seated[seat] if self._seated[seat] >= 0 else 0
        start, mask = self._starts[number], np.arange(self._env.num_envs) == seat
        seeds = [start.seed if n == seat else None for n in range(self._env.num_envs)]
        self._observation, info = self._env.reset(seed=seeds, options=start.reset_options() | {"reset_mask": mask})
        self._info = _merged(self._info, info, seat)
        self._agent.reset([seat], [start.seed])
        self._ways[seat] = _Way([self._pose(seat)], [], [])
        self._seated[seat], self._next = (number, self._next + 1) if is_left else (-1, self._next)
        self._show(seat)

    def _show(self, seat: int) -> None:
        if self._seated[seat] >= 0:
            self._shown(self._seated[seat], self._env.sub_envs[seat].now)

    def _seen(self) -> Mapping[str, np.ndarray]:
        assert self._env.output == "numpy"
        return cast(Mapping[str, np.ndarray], self._observation)

    def _pose(self, seat: int) -> np.ndarray:
        return self._env.sub_envs[seat].now.outcome.body_poses[0, -1].copy()


@dataclass
class _Way:
    """What an episode was so far: S + 1 poses, S actions, S rewards."""

    poses: list[np.ndarray]
    actions: list[np.ndarray]
    rewards: list[float]

    def add(self, pose: np.ndarray, action: np.ndarray, reward: float) -> None:
        """One more step."""
        self.poses.append(pose)
        self.actions.append(np.array(action))
        self.rewards.append(reward)


def _merged(info: Mapping[str, Any], fresh: Mapping[str, Any], seat: int) -> dict[str, Any]:
    """The batched info in which one world's values are fresh."""
    merged = {name: np.array(values) for name, values in info.items()}
    for name, values in fresh.items():
        if name in merged:
            merged[name][seat] = values[seat]
    return merged
