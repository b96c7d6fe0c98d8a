"""Steps gathered for reward heads: which episodes, in which worlds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wm_gym.agents.episodes import Start, make_worlds, play
from wm_gym.agents.rewards.samples import ObjectWalker, Steward
from wm_gym.envs.rewards import Seen
from wm_gym.progress import progress_bar

WALKER = "wm_gym.agents.rewards.samples:ObjectWalker"


@dataclass
class StepsConfig:
    """Which steps are gathered.

    Attributes:
        task: Whose rewards are the truth; one with objects, such as "find_object" or "collect".
        task_settings: The task's own.
        backend: Who makes the frames.
        backend_settings: The backend's own.
        world: Names of worlds, of which episodes take one after another.
        height: Rows of a frame.
        width: Columns of a frame.
        episodes: How many.
        steps: At most so many in an episode.
        seed: Of the first episode; each later one has the next.
    """

    task: str = "find_object"
    task_settings: dict[str, Any] = field(default_factory=dict)
    backend: str = "twin"
    backend_settings: dict[str, Any] = field(default_factory=dict)
    world: list[str] = field(default_factory=lambda: ["city/9", "courtyard/9", "park/9", "rooms/9", "warehouse/9"])
    height: int = 36
    width: int = 48
    episodes: int = 200
    steps: int = 40
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("episodes", "steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.world:
            raise ValueError("world must name at least one world, got none")


def gathered(config: StepsConfig) -> list[tuple[Seen, float, bool]]:
    """Steps as a source of rewards is shown them, with the task's reward and success.

    Half of the walks lead to the object that is asked for, the others to one that is not, all with some chance.
    """
    env = make_worlds(
        WALKER, None, 1, task=config.task, task_settings=config.task_settings, backend=config.backend,
        backend_settings=config.backend_settings, resolution=(config.height, config.width), finer=1,
        max_episode_steps=config.steps,
    )  # fmt: skip
    steward, places = Steward(env.core.task), len(config.world)
    # place after place, for going to another one takes a simulator seconds
    order = np.argsort(np.arange(config.episodes) % places, kind="stable").tolist()
    starts = [Start(config.seed + n, config.world[n % places]) for n in order]
    try:
        with progress_bar(desc="gathering", unit="episode", total=config.episodes) as bar:
            play(ObjectWalker(env), starts, ended=lambda number, episode: bar.update(), shown=steward.show)
    finally:
        env.close()
    return steward.rows
