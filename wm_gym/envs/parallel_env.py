"""`WorldParallelEnv`: several bodies in one generated world, as a PettingZoo `ParallelEnv`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding

from wm_gym.choices import check_choice, check_known
from wm_gym.envs.checking import read_count, read_seed
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.core import EnvCore
from wm_gym.envs.options import ResetOptions, read_options
from wm_gym.envs.shared_world import Move, SharedWorld, SharedWorlds
from wm_gym.envs.window import Window, check_display
from wm_gym.world.state import WorldState

try:
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise ImportError("an environment of several bodies needs PettingZoo: pip install 'wm-gym[multi]'") from error

Observation = dict[str, np.ndarray] | np.ndarray
Steps = tuple[
    dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]
]  # fmt: skip
"""Observations, rewards, terminations, truncations and infos by name."""


class WorldParallelEnv(ParallelEnv[str, Observation, Any]):
    """N bodies in one world: one memory, one script of events, and for each body a camera and a task of its own.

    The first starts where the world opens, the others at waypoints near it, looking there. Bodies stop one another like
    walls, and see one another. An agent whose episode has ended leaves the world. What happens does not depend on the
    order in which agents are named.

    Args:
        num_agents: Most agents that can be in the world at any time of an episode.
        max_episode_steps: Steps after which every episode is truncated; None for no limit.
        render_mode: "rgb_array", "human" or None.
        bare: The one part of observations that agents are given, as a bare array, such as "rgb"; None for dicts of all.
        core: The core of another such environment, with the same settings, to share its backend; None for its own.
        settings: Fields of `wm_gym.envs.config.EpisodeConfig`: task, backend, world, obs_mode, action_mode, ...

    Raises:
        ValueError: If a setting is unknown, or more than the backend can do.

    Attributes:
        possible_agents: Names of all agents that can ever be in the world.
        agents: Names of those whose episodes are going on.
        core: How episodes go.
        np_random: Random numbers of the world and of the tasks.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (PettingZoo's own type)
        "name": "wm_gym_world_v0", "render_modes": ["rgb_array", "human"], "is_parallelizable": True,
    }  # fmt: skip

    def __init__(
        self,
        num_agents: int = 2,
        *,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        bare: str | None = None,
        core: EnvCore | None = None,
        **settings: Any,
    ) -> None:
        count = read_count("num_agents", num_agents)
        if render_mode not in (None, *self.metadata["render_modes"]):
            known = self.metadata["render_modes"]
            raise ValueError(f"render_mode of several bodies must be None or one of {known}, got {render_mode!r}")
        if render_mode == "human":
            check_display()
        self._limit = None if max_episode_steps is None else read_count("max_episode_steps", max_episode_steps)
        self.core = EnvCore(EpisodeConfig.of(settings), bodies_collide=True) if core is None else core
        spec = self.core.world.spec
        if spec.steered_by != "pose":
            raise ValueError(f"several bodies need a backend that is steered by poses, got {spec.name!r}")
        self.render_mode, self._window = render_mode, None
        self.metadata = {**self.metadata, **self.core.metadata}
        self.possible_agents = [f"agent_{n}" for n in range(count)]
        self.agents: list[str] = []
        self._bare = bare
        space = self._bare_space(self.core.observation_space)
        self.observation_spaces: dict[str, gym.Space[Any]] = {agent: deepcopy(space) for agent in self.possible_agents}
        self.action_spaces: dict[str, gym.Space[Any]] = {
            agent: deepcopy(self.core.action_space) for agent in self.possible_agents
        }
        self.np_random, _ = seeding.np_random()
        self._worlds = SharedWorlds(self.core, self.possible_agents)
        self._shared: SharedWorld | None = None
        self._coming: set[str] = set()
        self._going: set[str] = set()
        self._gone: set[str] = set()

    @property
    def shared(self) -> SharedWorld:
        """The world and its bodies as they stand.

        Raises:
            RuntimeError: If there are no agents.
        """
        if self._shared is None:
            raise RuntimeError("the environment must be reset before it is used")
        return self._shared

    def observation_space(self, agent: str) -> gym.Space[Any]:
        """The space of one agent's observations, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gym.Space[Any]:
        """The space of one agent's actions, always the same object."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Open a world and place bodies in it.

        Args:
            seed: Of the world and of everything random in it; None goes on with the environment's own numbers.
            options: As for `WorldEnv.reset`, without "state"; and "agents", the names of those who are there from the
                start, all without it.

        Raises:
            ValueError: If an option is unknown, of the wrong kind, or more than the backend can do, or the place has
                too few waypoints for so many bodies.
        """
        asked, there, seed = *self._read_options(options), read_seed(seed)
        if seed is not None:
            self.np_random, _ = seeding.np_random(seed)
        self._shared = self._worlds.open(asked, there, self.np_random)
        self.agents = self._shared.agents
        self._coming, self._going, self._gone = set(), set(), set()
        self._show()
        return self._observations(), self._infos()

    def step(self, actions: dict[str, Any]) -> Steps:
        """One step of the world with all its bodies, which move at once.

        Args:
            actions: One for each of `agents`; those who leave with this step need none.

        Raises:
            ValueError: If an agent has no action, a name is none of theirs, or an action is not in the action space.
            RuntimeError: If there are no agents: the environment must be reset.
        """
        move = self.prepare(actions)
        return self.settle(move, *self.core.step_world(move.world, move.states, move.actions))

    def prepare(self, actions: Mapping[str, Any]) -> Move:
        """The first half of `step`, for those who step many environments of one core in one batch.

        Raises:
            ValueError: As `step`.
            RuntimeError: As `step`.
        """
        shared = self.shared
        needed = [agent for agent in self.agents if agent not in self._going]
        if not set(needed) <= set(actions) <= set(self.agents):
            raise ValueError(f"actions must be for {needed}, got {list(actions)}")
        return self._worlds.prepare(shared, {agent: actions[agent] for agent in needed}, self._coming)

    def settle(self, move: Move, world: WorldState, stepped: list[Any]) -> Steps:
        """The second half of `step`.

        Args:
            move: Of `prepare`.
            world: The views after it.
            stepped: Their episodes and rewards, as `EnvCore.step_world` gives them.
        """
        self._shared, rewards = self._worlds.settle(self.shared, move, world, stepped)
        states, self.agents = self._shared.states, self._shared.agents
        terminations = {agent: state.is_over for agent, state in states.items()}
        time_is_up = self._limit is not None and self.steps >= self._limit
        truncations = {agent: time_is_up or agent in self._going for agent in states}
        result = self._observations(), rewards, terminations, truncations, self._infos()
        self._show()
        ended = {agent for agent in states if terminations[agent] or truncations[agent]}
        self._coming, self._going, self._gone = set(), set(), self._gone | ended
        self._shared = self._worlds.without(self._shared, ended) if ended else self._shared
        self.agents = [] if self._shared is None else self._shared.agents
        return result

    @property
    def steps(self) -> int:
        """Steps that the world has made.

        Raises:
            RuntimeError: If there are no agents.
        """
        return self.core.steps(next(iter(self.shared.states.values())))

    def add_agent(self, agent: str) -> None:
        """Let an agent come with the next step, at a waypoint near the others; `step` gives its first observation.

        Raises:
            ValueError: If it is none of `possible_agents`, is there already, or has been there in this episode.
            RuntimeError: If there are no agents.
        """
        _ = self.shared
        check_choice("agent", agent, self.possible_agents)
        if agent in self.agents or agent in self._gone:
            came = "is there already" if agent in self.agents else "has left"
            raise ValueError(f"agent must be one who was not there in this episode, got {agent!r}, who {came}")
        self._coming.add(agent)

    def remove_agent(self, agent: str) -> None:
        """Let an agent leave with the next step, which truncates its episode; until then its body stands still.

        Raises:
            ValueError: If it is none of `agents`.
            RuntimeError: If there are no agents.
        """
        _ = self.shared
        check_choice("agent", agent, self.agents)
        self._going.add(agent)

    def trigger_event(self, text: str, *, for_steps: int | None = None) -> None:
        """Start or stop an event of the world from the next step on, as `WorldEnv.trigger_event`.

        Raises:
            ValueError: If the text is empty, or `for_steps` is not a whole number from 1.
            RuntimeError: If there are no agents.
        """
        states = self.shared.states
        self._shared = self.shared.with_states(
            {agent: self.core.schedule_event(state, text, steps=for_steps) for agent, state in states.items()}
        )

    def stop_event(self, event: str) -> None:
        """End running events of the world, by kind or text, from the next step on.

        Raises:
            ValueError: If no such event is going on.
            RuntimeError: If there are no agents.
        """
        states = self.shared.states
        self._shared = self.shared.with_states(
            {agent: self.core.stop_event(state, event) for agent, state in states.items()}
        )

    def events(self) -> list[dict[str, Any]]:
        """The events at work in the world, as `WorldEnv.events`.

        Raises:
            RuntimeError: If there are no agents.
        """
        return self.core.events(next(iter(self.shared.states.values())))

    def render(self) -> np.ndarray | None:
        """The last frames of all agents side by side, (H, n W, 3) uint8, for "rgb_array"; "human" has a window."""
        return self._side_by_side()[-1] if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Free the backend and the window; may be called twice."""
        self.core.world.close()
        if self._window is not None:
            self._window.close()

    def _read_options(self, options: dict[str, Any] | None) -> tuple[ResetOptions, list[str]]:
        """The options of `read_options`, and the names of those who are there from the start."""
        own = {"agents"} if isinstance(options, dict) else set()
        asked = read_options(
            {name: value for name, value in options.items() if name not in own} if options else options
        )
        if asked.state is not None:
            raise ValueError("option 'state' must be left out of an environment of several bodies, got one")
        there = None if options is None else options.get("agents")
        if there is None:
            return asked, list(self.possible_agents)
        if not isinstance(there, list | tuple) or not there:
            raise ValueError(f"option 'agents' must be a list of at least one name, got {there!r}")
        check_known("option 'agents'", there, self.possible_agents)
        return asked, list(there)

    def _bare_space(self, space: gym.Space[Any]) -> gym.Space[Any]:
        assert isinstance(space, gym.spaces.Dict)
        if self._bare is None:
            return space
        check_choice("bare", self._bare, space)
        return space[self._bare]

    def _observations(self) -> dict[str, Observation]:
        states = self.shared.states
        batch = self.core.observe(list(states.values()))
        arrays = {name: value.cpu().numpy() for name, value in batch.items()}
        if self._bare is not None:
            return {agent: arrays[self._bare][n].copy() for n, agent in enumerate(states)}
        return {agent: {name: value[n].copy() for name, value in arrays.items()} for n, agent in enumerate(states)}

    def _infos(self) -> dict[str, dict[str, Any]]:
        return {agent: self._info(agent) for agent in self.shared.states}

    def _info(self, agent: str) -> dict[str, Any]:
        state = self.shared.states[agent]
        info = self.core.info(state) | {"other_bodies": self._other_bodies(agent)}
        if self.core.config.return_frames:
            info["frames"] = state.outcome.chunk.frames[0].cpu().numpy().copy()
        return info

    def _other_bodies(self, agent: str) -> np.ndarray:
        """(N - 1, 2) float32 metres ahead and to the left of the others, in order; NaN for those who are not there."""
        states = self.shared.states
        x, y, _, yaw, _ = states[agent].world.body_poses[0]
        places = np.full((len(self.possible_agents), 2), np.nan)
        for n, other in enumerate(self.possible_agents):
            if other in states:
                places[n] = states[other].world.body_poses[0, :2] - (x, y)
        turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
        return np.delete(places @ turn, self.possible_agents.index(agent), axis=0).astype(np.float32)

    def _side_by_side(self) -> np.ndarray:
        """(T, H, n W, 3) uint8, the frames of all agents."""
        states = self.shared.states.values()
        return np.concatenate([state.outcome.chunk.frames[0].cpu().numpy() for state in states], axis=2)

    def _show(self) -> None:
        if self.render_mode != "human":
            return
        if self._window is None:
            self._window = Window(self.core.task.description, self.metadata["video_fps"])
        for frame in self._side_by_side():
            self._window.show(frame)
