"""`ParallelVectorEnv`: many shared worlds at once, the bodies of all of them in one `World.step`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wm_gym.envs.checking import read_count
from wm_gym.envs.parallel_env import Observation, Steps, WorldParallelEnv


class ParallelVectorEnv:
    """M worlds of several bodies on one backend. World m equals a `WorldParallelEnv` alone, to the byte.

    Args:
        num_worlds: M.
        num_agents: Most agents of each world.
        settings: Further arguments of `WorldParallelEnv`.

    Raises:
        ValueError: If a setting is unknown, or more than the backend can do.

    Attributes:
        worlds: The M environments; agents come and go by their `add_agent` and `remove_agent`.
    """

    def __init__(self, num_worlds: int, num_agents: int = 2, **settings: Any) -> None:
        count, first = read_count("num_worlds", num_worlds), WorldParallelEnv(num_agents, **settings)
        self.core = first.core
        others = [WorldParallelEnv(num_agents, core=self.core, **settings) for _ in range(count - 1)]
        self.worlds = [first, *others]

    def reset(
        self, seeds: Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> list[tuple[dict[str, Observation], dict[str, dict[str, Any]]]]:
        """Open all worlds.

        Args:
            seeds: M seeds, None for those that go on with their own numbers; None for all.
            options: As of `WorldParallelEnv.reset`, for all.

        Raises:
            ValueError: If seeds are not M, or as `WorldParallelEnv.reset`.
        """
        seeds = [None] * len(self.worlds) if seeds is None else seeds
        if len(seeds) != len(self.worlds):
            raise ValueError(f"seeds must be {len(self.worlds)}, got {len(seeds)}")
        return [env.reset(seed, options) for env, seed in zip(self.worlds, seeds, strict=True)]

    def step(self, actions: Sequence[Mapping[str, Any]]) -> list[Steps]:
        """One step of all worlds, in one batch.

        Args:
            actions: For each world one for each of its agents.

        Raises:
            ValueError: If actions are not for M worlds, or as `WorldParallelEnv.step`; no world has moved then.
            RuntimeError: If the agents of a world have all left: it must be reset.
        """
        if len(actions) != len(self.worlds):
            raise ValueError(f"actions must be for {len(self.worlds)} worlds, got {len(actions)}")
        moves = [env.prepare(one) for env, one in zip(self.worlds, actions, strict=True)]
        before = self.core.world.cat([move.world for move in moves])
        states = [state for move in moves for state in move.states]
        after, stepped = self.core.step_world(before, states, [action for move in moves for action in move.actions])
        results, done = [], 0
        for env, move in zip(self.worlds, moves, strict=True):
            rows = range(done, done := done + len(move.agents))
            results.append(env.settle(move, self.core.world.select(after, rows), [stepped[n] for n in rows]))
        return results

    def close(self) -> None:
        """Free the backend."""
        for env in self.worlds:
            env.close()
