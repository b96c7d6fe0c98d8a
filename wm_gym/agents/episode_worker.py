"""Worlds and an agent in a worker, which plays the episodes that it is given (`wm_gym.launching`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wm_gym.agents.episodes import Episode, Start, make_worlds, play
from wm_gym.agents.registry import make_agent
from wm_gym.launching.launchers import opened_pool
from wm_gym.launching.pool import arrivals
from wm_gym.launching.ray_cluster import RayConfig
from wm_gym.launching.schedule import split_evenly

Ended = Callable[[int, Episode], object]


@dataclass(frozen=True)
class EpisodeWorkers:
    """Makes a worker.

    Attributes:
        agent: Its name.
        agent_settings: Its own settings.
        num_envs: Worlds that it acts in at once.
        task: As `gymnasium.make` takes it.
        settings: Further keyword arguments of `make_worlds`.
    """

    agent: str
    agent_settings: Mapping[str, Any] = field(default_factory=dict)
    num_envs: int = 1
    task: str = "explore"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> EpisodeWorker:
        """The worker, in this process."""
        return EpisodeWorker(self)


class EpisodeWorker:
    """N worlds, and an agent in them."""

    def __init__(self, made: EpisodeWorkers) -> None:
        """Open the worlds."""
        self._env = make_worlds(made.agent, made.agent_settings, made.num_envs, task=made.task, **made.settings)
        self._agent = make_agent(made.agent, self._env, made.agent_settings)

    def do(self, job: Sequence[Start], ended: Ended = lambda number, episode: None) -> list[Episode]:
        """An episode from each start, at least N of them, in their order; `ended` as of `play`."""
        return play(self._agent, job, ended)

    def close(self) -> None:
        """Close the worlds."""
        self._env.close()


def play_launched(
    workers: EpisodeWorkers, starts: Sequence[Start], config: RayConfig, ended: Ended = lambda number, episode: None
) -> list[Episode]:
    """Play an episode from each start by workers on a cluster; those of a worker that is lost are played again.

    Args:
        workers: Who plays.
        starts: Of the episodes; at least as many as one worker's worlds.
        config: How many workers, and where.
        ended: As of `play`, a worker's episodes together.

    Returns:
        Episodes in the order of the starts, as one process plays them.

    Raises:
        ImportError: If Ray is not installed.
        ValueError: As of `play` and `RayPool`.
        RuntimeError: If more workers are lost at one job than the config allows.
    """
    episodes: dict[int, Episode] = {}
    with opened_pool(workers, config, starts, at_most=len(starts) // workers.num_envs) as pool:
        numbers = split_evenly(len(starts), workers.num_envs, pool.workers)
        jobs = [[starts[number] for number in one] for one in numbers]
        for job, played in arrivals(pool, jobs, config.most_losses):
            for number, episode in zip(numbers[job], played, strict=True):
                # its start as it is named here, not on the machine where it was played
                episodes[number] = replace(episode, start=starts[number])
                ended(number, episodes[number])
    return [episodes[number] for number in range(len(starts))]
