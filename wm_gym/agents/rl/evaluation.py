"""How good a policy is on the way: episodes from fixed starts in the generated world and in the twin.

Evaluation draws no random number of the training, so a run is the same with and without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.agents.agent import Agent
from wm_gym.agents.episodes import Episode, Start, make_worlds, play
from wm_gym.agents.registry import make_agent
from wm_gym.agents.rl.train_config import TrainAgentConfig
from wm_gym.agents.summary import summary
from wm_gym.agents.trails import paint_trail
from wm_gym.envs.state import EnvState
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.memory.cloud import point_cloud
from wm_gym.scenes.simulator import simulator_is_installed

FIRST_SEED = 1_000_000
"""Seed of the first start, far from those of training."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came of the episodes of one backend.

    Attributes:
        backend: Its name.
        figures: As `wm_gym.agents.summary.summary`.
        episodes: All of them.
        frames: (S, H, W, 3) uint8, what one of them saw.
        trail: (256, 256, 3) uint8, its way from above.
    """

    backend: str
    figures: Mapping[str, Any]
    episodes: Sequence[Episode]
    frames: np.ndarray
    trail: np.ndarray


class Evaluator:
    """Plays a policy from the same starts again and again; its worlds stay open in between.

    Args:
        config: Of the training.
        stop_if_asked: Called at every step; may raise.
    """

    def __init__(self, config: TrainAgentConfig, stop_if_asked: Callable[[], None]) -> None:
        self._config, self._stop_if_asked, self._worlds = config, stop_if_asked, dict[str, WorldVectorEnv]()
        places = config.evaluation.places
        self._starts = [Start(FIRST_SEED + n, places[n % len(places)]) for n in range(config.evaluation.episodes)]
        self._backends = [config.backend]
        if config.evaluation.twin and config.backend != "twin" and simulator_is_installed():
            self._backends.append("twin")

    def evaluate(self, policy: Path) -> Iterator[Evaluation]:
        """What comes of a policy in each backend."""
        settings = {"path": str(policy), "sampled": self._config.evaluation.sampled}
        for backend in self._backends:
            watch = _Watch(make_agent("policy", self._in(backend, settings), settings), self._stop_if_asked)
            episodes = play(watch, self._starts)
            seen = watch.seen
            yield Evaluation(backend, summary(episodes), episodes, np.stack(seen.frames), _trail(seen, episodes[0]))

    def close(self) -> None:
        """Free the backends."""
        for env in self._worlds.values():
            env.close()

    def _in(self, backend: str, settings: Mapping[str, Any]) -> WorldVectorEnv:
        if backend not in self._worlds:
            config = self._config
            own = config.backend_settings if backend == config.backend else {}
            self._worlds[backend] = make_worlds(
                "policy", settings, config.evaluation.count, task=config.task, task_settings=config.task_settings,
                backend=backend, backend_settings=own, max_episode_steps=config.worlds.steps,
                **config.worlds.settings(),
            )  # fmt: skip
        return self._worlds[backend]


@dataclass
class _Seen:
    """What the first episode showed."""

    frames: list[np.ndarray] = field(default_factory=list)
    last: EnvState | None = None


class _Watch(Agent):
    """Another agent; keeps what the first episode of world 0 shows."""

    def __init__(self, agent: Agent, stop_if_asked: Callable[[], None]) -> None:
        super().__init__(agent.env)
        self._agent, self._stop_if_asked, self._begun, self.seen = agent, stop_if_asked, 0, _Seen()

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        self._begun += 0 in worlds
        self._agent.reset(worlds, seeds)

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        self._stop_if_asked()
        if self._begun == 1:
            self.seen.last = self.env.sub_envs[0].now
            self.seen.frames.append(self.seen.last.outcome.chunk.frames[0, -1].cpu().numpy())
        return self._agent.act(observation, info)


def _trail(seen: _Seen, episode: Episode) -> np.ndarray:
    assert seen.last is not None
    positions, colours, _ = point_cloud(seen.last.world.memories[0])
    return paint_trail(np.asarray(positions), np.asarray(colours), episode.body_poses, episode.is_success)
