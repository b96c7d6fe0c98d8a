"""Several bodies in one world, as a value, and how it opens, moves and changes. Knows nothing of PettingZoo.

Views and episodes are always in the order of the names that bodies can have, whoever asks in which order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wm_gym.envs.body_starts import draw_start_beside, draw_starts
from wm_gym.envs.core import EnvCore
from wm_gym.envs.options import ResetOptions
from wm_gym.envs.state import EnvState
from wm_gym.envs.tasks.joint import JointTask, Part
from wm_gym.envs.tasks.task import StepResult
from wm_gym.events.scripts import EventScript
from wm_gym.world.state import WorldState
from wm_gym.world_model import Opening

_JOINING_STREAM = 7


@dataclass(frozen=True)
class SharedWorld:
    """One world with N bodies.

    Attributes:
        world: N views of it.
        states: The N episodes by name, in the order of the views.
        opening: How the world opened.
        joint: The state of their joint task, or None where each has a task of its own.
    """

    world: WorldState
    states: dict[str, EnvState]
    opening: Opening
    joint: Any = None

    @property
    def agents(self) -> list[str]:
        """The N names."""
        return list(self.states)

    def with_states(self, states: Mapping[str, EnvState]) -> SharedWorld:
        """The same with other episodes of all agents, whose common script of events the world follows."""
        world = self.world
        for n, state in enumerate(states.values()):
            world = world.with_script(n, state.world.scripts[0])
        return replace(self, world=world, states=dict(states))

    def with_script(self, script: EventScript) -> SharedWorld:
        """The same with one script of events for all."""
        return self.with_states(
            {agent: replace(one, world=one.world.with_script(0, script)) for agent, one in self.states.items()}
        )


@dataclass(frozen=True)
class Move:
    """A step of a shared world before it is made.

    Attributes:
        world: The views of those who are there and of those who join with this step.
        states: Their episodes; of those who join that of another, for want of their own.
        actions: Their actions.
        agents: Their names.
        joining: The names of those who join.
    """

    world: WorldState
    states: list[EnvState]
    actions: list[Any]
    agents: list[str]
    joining: frozenset[str]


class SharedWorlds:
    """How shared worlds of one environment go. Holds no world.

    Args:
        core: How episodes go.
        names: All names that agents can have; the place of a name is the number of its body.
    """

    def __init__(self, core: EnvCore, names: Sequence[str]) -> None:
        self.core, self._names = core, list(names)
        self._joint: JointTask[Any] | None = core.task if isinstance(core.task, JointTask) else None
        self._noop = np.zeros_like(core.action_space.sample())

    def open(self, asked: ResetOptions, agents: Collection[str], rng: np.random.Generator) -> SharedWorld:
        """A world with these agents in it: the first in order where it opens, the others near it.

        Raises:
            ValueError: If an option is more than the backend can do, or the place has too few waypoints for so many.
        """
        seed = int(rng.integers(2**31))
        opening = self.core.find_opening(asked, seed)
        radius, waypoints = self.core.world.config.body.radius_metres, opening.waypoints.numpy()
        there = self._in_order(agents)
        views, outcome = self.core.open_views(opening, seed, draw_starts(waypoints, len(there), radius, rng))
        world = replace(views, bodies=tuple(self._names.index(agent) for agent in there))
        outcomes = {agent: outcome.of_world(n) for n, agent in enumerate(there)}
        rngs = dict(zip(self._names, rng.spawn(len(self._names)), strict=True))
        joint = None if self._joint is None else self._joint.begin(outcomes, waypoints, rng)
        states = {
            agent: self.core.begin(
                asked, rngs[agent], opening, self.core.world.select(world, [n]), outcomes[agent], _part(joint, agent)
            )
            for n, agent in enumerate(there)
        }
        shared = SharedWorld(world, states, opening, joint)
        return shared.with_script(states[there[0]].world.scripts[0])

    def prepare(self, shared: SharedWorld, actions: Mapping[str, Any], joining: Collection[str] = ()) -> Move:
        """The step that these actions ask for; agents without one stand still.

        Raises:
            ValueError: If there is no room for one who joins.
        """
        world, agents = shared.world, shared.agents
        for agent in self._in_order(joining):
            world = self.core.world.joined(world, 0, self._start(world, shared, agent), self._names.index(agent))
            agents.append(agent)
        order = sorted(range(len(agents)), key=lambda n: self._names.index(agents[n]))
        first = next(iter(shared.states.values()))
        return Move(
            world=self.core.world.select(world, order) if joining else world,
            states=[shared.states.get(agents[n], first) for n in order],
            actions=[actions.get(agents[n], self._noop) for n in order],
            agents=[agents[n] for n in order],
            joining=frozenset(joining),
        )

    def settle(
        self, shared: SharedWorld, move: Move, world: WorldState, stepped: Sequence[tuple[EnvState, float]]
    ) -> tuple[SharedWorld, dict[str, float]]:
        """The shared world after a step, and the reward of each agent.

        Args:
            shared: Before it.
            move: The step.
            world: The views after it.
            stepped: Their episodes and rewards, as `EnvCore.step_world` gives them.
        """
        rewards = {agent: reward for agent, (_, reward) in zip(move.agents, stepped, strict=True)}
        states = {agent: state for agent, (state, _) in zip(move.agents, stepped, strict=True)}
        joint = shared.joint
        if self._joint is not None:
            present = {agent: state.outcome for agent, state in states.items() if agent not in move.joining}
            joint, results = self._joint.advance(joint, present)
            states |= {agent: _with_result(states[agent], result) for agent, result in results.items()}
            if not self.core.config.reward:
                rewards |= {agent: float(result.reward) for agent, result in results.items()}
            for agent in self._in_order(move.joining):
                joint = self._joint.joined(joint, agent, states[agent].outcome)
        for agent in move.joining:
            states[agent], rewards[agent] = self._begun(shared, agent, states[agent], joint), 0.0
        if self._joint is not None:
            states = {agent: replace(state, task=Part(joint, agent)) for agent, state in states.items()}
        return SharedWorld(world, states, shared.opening, joint), rewards

    def without(self, shared: SharedWorld, agents: Collection[str]) -> SharedWorld | None:
        """The shared world after some have left it with their bodies; None when nobody is left."""
        staying = [n for n, agent in enumerate(shared.agents) if agent not in agents]
        if not staying:
            return None
        joint = shared.joint
        for agent in self._in_order(agents):
            joint = None if self._joint is None else self._joint.left(joint, agent)
        states = {agent: state for agent, state in shared.states.items() if agent not in agents}
        if self._joint is not None:
            states = {agent: replace(state, task=Part(joint, agent)) for agent, state in states.items()}
        return SharedWorld(self.core.world.select(shared.world, staying), states, shared.opening, joint)

    def _in_order(self, agents: Collection[str]) -> list[str]:
        return [agent for agent in self._names if agent in agents]

    def _start(self, world: WorldState, shared: SharedWorld, agent: str) -> np.ndarray:
        """(5,) where the body of one who joins stands, the same whoever else joins before it asks."""
        rng = self._rng_of(shared, agent)
        radius = self.core.world.config.body.radius_metres
        spot = draw_start_beside(shared.opening.waypoints.numpy(), world.body_poses[:, :2], radius, rng)
        return np.array([spot[0], spot[1], world.body_poses[0, 2], spot[2], 0.0])

    def _begun(self, shared: SharedWorld, agent: str, state: EnvState, joint: Any) -> EnvState:
        """The episode of one who has joined; a time limit counts its steps from when the world opened."""
        rng, part = self._rng_of(shared, agent), _part(joint, agent)
        begun = self.core.begin(ResetOptions(), rng, shared.opening, state.world, state.outcome, part)
        return replace(begun, world=state.world, opening_frames=state.opening_frames)

    def _rng_of(self, shared: SharedWorld, agent: str) -> np.random.Generator:
        """The chance of one who joins now."""
        world = shared.world
        return np.random.default_rng([world.seeds[0], self._names.index(agent), world.frame_index[0], _JOINING_STREAM])


def _part(joint: Any, agent: str) -> Part[Any] | None:
    return None if joint is None else Part(joint, agent)


def _with_result(state: EnvState, result: StepResult) -> EnvState:
    """The episode after a step that came to this in a joint task, which has no way whose length could be measured."""
    return replace(state, is_success=bool(result.is_success), is_failure=bool(result.is_failure))
