"""`WorldParallelEnv`: several bodies in one generated world, as a PettingZoo `ParallelEnv`."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding

from wm_gym.envs.body_starts import draw_starts
from wm_gym.envs.checking import read_count, read_seed
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.core import EnvCore
from wm_gym.envs.options import ResetOptions, read_options
from wm_gym.envs.state import EnvState
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world_model import Opening

try:
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise ImportError("an environment of several bodies needs PettingZoo: pip install 'wm-gym[multi]'") from error

Observation = dict[str, np.ndarray]


class WorldParallelEnv(ParallelEnv[str, Observation, Any]):
    """N bodies in one world: one memory, one script of events, and for each body a camera and a task of its own.

    "agent_0" starts where the world opens, the others at waypoints near it, looking there. Bodies stop one another like
    walls; frames do not show them. An agent whose episode has ended leaves the world.

    Args:
        num_agents: N.
        max_episode_steps: Steps after which every episode is truncated; None for no limit.
        render_mode: "rgb_array" or None.
        settings: Fields of `wm_gym.envs.config.EpisodeConfig`: task, backend, world, obs_mode, action_mode, ...

    Raises:
        ValueError: If a setting is unknown, or more than the backend can do.

    Attributes:
        possible_agents: Names of all N agents.
        agents: Names of those whose episodes are going on.
        np_random: Random numbers of the world and of the tasks.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (PettingZoo's own type)
        "name": "wm_gym_world_v0", "render_modes": ["rgb_array"], "is_parallelizable": True,
    }  # fmt: skip

    def __init__(
        self,
        num_agents: int = 2,
        *,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        count = read_count("num_agents", num_agents)
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode of several bodies must be None or 'rgb_array', got {render_mode!r}")
        self._limit = None if max_episode_steps is None else read_count("max_episode_steps", max_episode_steps)
        self.core = EnvCore(EpisodeConfig.of(settings), bodies_collide=True)
        spec = self.core.world.spec
        if spec.steered_by != "pose":
            raise ValueError(f"several bodies need a backend that is steered by poses, got {spec.name!r}")
        self.render_mode = render_mode
        self.metadata = {**self.metadata, **self.core.metadata}
        self.possible_agents = [f"agent_{n}" for n in range(count)]
        self.agents: list[str] = []
        self.observation_spaces: dict[str, gym.Space[Any]] = {
            agent: deepcopy(self.core.observation_space) for agent in self.possible_agents
        }
        self.action_spaces: dict[str, gym.Space[Any]] = {
            agent: deepcopy(self.core.action_space) for agent in self.possible_agents
        }
        self.np_random, _ = seeding.np_random()
        self._world: WorldState | None = None
        self._states: dict[str, EnvState] = {}

    def observation_space(self, agent: str) -> gym.Space[Any]:
        """The space of one agent's observations, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gym.Space[Any]:
        """The space of one agent's actions, always the same object."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Open a world and place all bodies in it.

        Args:
            seed: Of the world and of everything random in it; None goes on with the environment's own numbers.
            options: As for `WorldEnv.reset`, without "state".

        Raises:
            ValueError: If an option is unknown, of the wrong kind, or more than the backend can do, or the place has
                too few waypoints for so many bodies.
        """
        asked, seed = read_options(options), read_seed(seed)
        if asked.state is not None:
            raise ValueError("option 'state' must be left out of an environment of several bodies, got one")
        if seed is not None:
            self.np_random, _ = seeding.np_random(seed)
        world, outcome, opening = self._opened(asked)
        self.agents = list(self.possible_agents)
        rngs = self.np_random.spawn(len(self.agents))
        self._states = {
            agent: self.core.begin(asked, rngs[n], opening, self.core.world.select(world, [n]), outcome.of_world(n))
            for n, agent in enumerate(self.agents)
        }
        self._world = world
        self._share_events()
        return self._observations(), self._infos()

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """One step of the world with all its bodies, which move one after another in the order of `agents`.

        Args:
            actions: One for each of `agents`.

        Raises:
            ValueError: If an agent has no action, a name is none of theirs, or an action is not in the action space.
            RuntimeError: If there are no agents: the environment must be reset.
        """
        world, acting = self._running(), list(self.agents)
        if set(actions) != set(acting):
            raise ValueError(f"actions must be for {acting}, got {list(actions)}")
        states = [self._states[agent] for agent in acting]
        self._world, stepped = self.core.step_world(world, states, [actions[agent] for agent in acting])
        self._states = {agent: state for agent, (state, _) in zip(acting, stepped, strict=True)}
        rewards = {agent: reward for agent, (_, reward) in zip(acting, stepped, strict=True)}
        terminations = {agent: state.is_over for agent, state in self._states.items()}
        truncations = {agent: self._time_is_up(state) for agent, state in self._states.items()}
        result = self._observations(), rewards, terminations, truncations, self._infos()
        self._leave([agent for agent in acting if terminations[agent] or truncations[agent]])
        return result

    def trigger_event(self, text: str, *, for_steps: int | None = None) -> None:
        """Start or stop an event of the world from the next step on, as `WorldEnv.trigger_event`.

        Raises:
            ValueError: If the text is empty, or `for_steps` is not a whole number from 1.
            RuntimeError: If there are no agents.
        """
        self._running()
        self._states = {
            agent: self.core.schedule_event(state, text, steps=for_steps) for agent, state in self._states.items()
        }
        self._keep_scripts()

    def stop_event(self, event: str) -> None:
        """End running events of the world, by kind or text, from the next step on.

        Raises:
            ValueError: If no such event is going on.
            RuntimeError: If there are no agents.
        """
        self._running()
        self._states = {agent: self.core.stop_event(state, event) for agent, state in self._states.items()}
        self._keep_scripts()

    def events(self) -> list[dict[str, Any]]:
        """The events at work in the world, as `WorldEnv.events`.

        Raises:
            RuntimeError: If there are no agents.
        """
        self._running()
        return self.core.events(self._states[self.agents[0]])

    def render(self) -> np.ndarray | None:
        """The last frames of all agents side by side, (H, n W, 3) uint8, or None without a render mode."""
        if self.render_mode is None:
            return None
        self._running()
        frames = [self._states[agent].outcome.chunk.frames[0, -1].cpu().numpy() for agent in self.agents]
        return np.concatenate(frames, axis=1)

    def close(self) -> None:
        """Free the backend; may be called twice."""
        self.core.world.close()

    def _opened(self, asked: ResetOptions) -> tuple[WorldState, Outcome, Opening]:
        """N views of one world, each at its start."""
        seed = int(self.np_random.integers(2**31))
        opening = self.core.find_opening(asked, seed)
        radius = self.core.world.config.body.radius_metres
        starts = draw_starts(opening.waypoints.numpy(), len(self.possible_agents), radius, self.np_random)
        return *self.core.open_views(opening, seed, starts), opening

    def _running(self) -> WorldState:
        if self._world is None:
            raise RuntimeError("the environment must be reset before it is used")
        return self._world

    def _keep_scripts(self) -> None:
        """The world follows the script of its agents, who all have the same."""
        world = self._running()
        for n, agent in enumerate(self.agents):
            world = world.with_script(n, self._states[agent].world.scripts[0])
        self._world = world

    def _share_events(self) -> None:
        """One script for all: what the first agent's task asked for happens to everybody."""
        script = self._states[self.agents[0]].world.scripts[0]
        self._states = {
            agent: replace(state, world=state.world.with_script(0, script)) for agent, state in self._states.items()
        }
        self._keep_scripts()

    def _leave(self, ended: list[str]) -> None:
        """Take the bodies of ended episodes out of the world."""
        if not ended:
            return
        staying = [n for n, agent in enumerate(self.agents) if agent not in ended]
        self.agents = [self.agents[n] for n in staying]
        self._world = self.core.world.select(self._running(), staying) if staying else None
        self._states = {agent: self._states[agent] for agent in self.agents}

    def _time_is_up(self, state: EnvState) -> bool:
        return self._limit is not None and self.core.steps(state) >= self._limit

    def _observations(self) -> dict[str, Observation]:
        batch = self.core.observe([self._states[agent] for agent in self.agents])
        arrays = {name: value.cpu().numpy() for name, value in batch.items()}
        return {agent: {name: value[n].copy() for name, value in arrays.items()} for n, agent in enumerate(self.agents)}

    def _infos(self) -> dict[str, dict[str, Any]]:
        return {agent: self._info(agent) for agent in self.agents}

    def _info(self, agent: str) -> dict[str, Any]:
        info = self.core.info(self._states[agent]) | {"other_bodies": self._other_bodies(agent)}
        if self.core.config.return_frames:
            info["frames"] = self._states[agent].outcome.chunk.frames[0].cpu().numpy().copy()
        return info

    def _other_bodies(self, agent: str) -> np.ndarray:
        """(N - 1, 2) float32 metres ahead and to the left of the others, in order; NaN for those who have left."""
        x, y, _, yaw, _ = self._states[agent].world.body_poses[0]
        places = np.full((len(self.possible_agents), 2), np.nan)
        for n, other in enumerate(self.possible_agents):
            if other in self._states:
                places[n] = self._states[other].world.body_poses[0, :2] - (x, y)
        turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
        return np.delete(places @ turn, self.possible_agents.index(agent), axis=0).astype(np.float32)
