"""`wm-gym rollout`: let an agent act in worlds, and keep a table, films, replays and its ways from above."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from PIL import Image

from wm_gym.agents.episode_worker import EpisodeWorkers, play_launched
from wm_gym.agents.episodes import Episode, Start
from wm_gym.agents.registry import find_agent
from wm_gym.agents.summary import summary
from wm_gym.agents.trails import paint_trail
from wm_gym.envs.registration import id_for
from wm_gym.envs.replay.recorder import RecordReplay
from wm_gym.envs.replay.video import film
from wm_gym.envs.world_env import WorldEnv
from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.launching.launchers import read_launcher
from wm_gym.memory.cloud import point_cloud
from wm_gym.progress import progress_bar


@dataclass
class RolloutConfig:
    """Who acts, in which worlds, and what is kept of it.

    Attributes:
        agent: A name such as "explorer", or "package.module:Class".
        agent_settings: The agent's own.
        task: A name such as "explore", or "package.module:Class".
        task_settings: The task's own.
        reward: Who says what steps are worth, as `gym.make` takes it; empty for the task.
        reward_settings: Keyword arguments of such a class.
        backend: Who makes the frames.
        backend_settings: The backend's own.
        world: A name as `gym.make` takes it; empty for one of the shipped places, by the seed.
        worlds: Names, of which the episodes take one after another; empty for `world` alone.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        height: Rows of a frame; 0 for what the agent was made for, or else 48.
        width: Columns of a frame; 0 for what the agent was made for, or else 64.
        body: Size and speeds of the body, as `gym.make` takes them.
        episodes: How many.
        steps: At most so many in an episode.
        seed: Of the first episode: of its world, its task and the agent; each later one has the next.
        num_envs: Worlds that are stepped in one batch, by each worker.
        launcher: Where episodes are played: "local", in this process, or "ray", by workers on a cluster.
        launcher_settings: Of "ray": workers, cpus and gpus of each, address of a running cluster, most_losses.
        prompt: Replaces the caption of the place; empty to keep it.
        events: What happens on the way, each {at, text} and, at will, {for}, counted in steps.
        films: Episodes, from the first on, that are kept as film, replay and way from above.
        snapshot_every: Steps between two snapshots in a replay; 0 for none.
        output: Folder of all that is kept.
    """

    agent: str = "explorer"
    agent_settings: dict[str, Any] = field(default_factory=dict)
    task: str = "explore"
    task_settings: dict[str, Any] = field(default_factory=dict)
    reward: str = ""
    reward_settings: dict[str, Any] = field(default_factory=dict)
    backend: str = "video"
    backend_settings: dict[str, Any] = field(default_factory=dict)
    world: str = ""
    worlds: list[str] = field(default_factory=list)
    difficulty: str = "full"
    height: int = 0
    width: int = 0
    body: dict[str, float] = field(default_factory=dict)
    episodes: int = 1
    steps: int = 64
    seed: int = 0
    num_envs: int = 1
    launcher: str = "local"
    launcher_settings: dict[str, Any] = field(default_factory=dict)
    prompt: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    films: int = 1
    snapshot_every: int = 20
    output: str = "outputs/rollout"

    def __post_init__(self) -> None:
        find_agent(self.agent, self.agent_settings)
        read_launcher(self.launcher, self.launcher_settings)
        for name, least in (("episodes", 1), ("steps", 1), ("num_envs", 1), ("films", 0), ("snapshot_every", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.num_envs > self.episodes:
            raise ValueError(f"num_envs must be at most episodes, {self.episodes}, got {self.num_envs}")
        if bool(self.height) != bool(self.width):
            raise ValueError(f"height and width must be given together, got {self.height} and {self.width}")

    def starts(self) -> list[Start]:
        """Where the episodes begin."""
        names = self.worlds or [self.world]
        options = {"events": self.events} | ({"prompt": self.prompt} if self.prompt else {})
        return [Start(self.seed + n, names[n % len(names)] or None, options) for n in range(self.episodes)]

    def settings(self) -> dict[str, Any]:
        """Settings of the worlds beside task and what the agent needs."""
        settings: dict[str, Any] = {
            "task_settings": self.task_settings, "reward": self.reward, "reward_settings": self.reward_settings,
            "backend": self.backend, "backend_settings": self.backend_settings,
            "difficulty": self.difficulty, "body": self.body, "max_episode_steps": self.steps,
        }  # fmt: skip
        return settings | ({"resolution": (self.height, self.width)} if self.height else {})


def rollout(config: RolloutConfig) -> dict[str, Any]:
    """Play all episodes and write what is kept of them; gives the means over them.

    "episodes.csv" has a row for each episode, "episodes.json" the settings, the means and the rows;
    "episode-000.mp4", ".replay" and ".png" show the first ones. A film is made by walking an episode once more, which
    is exact. Files are the same wherever episodes are played.

    Raises:
        ValueError: If a setting is none that exists, or the folder cannot be written to.
        RuntimeError: If the disk cannot take a file.
    """
    output = Path(config.output)
    check_writable(output, is_folder=True)
    episodes = _play(config)
    output.mkdir(parents=True, exist_ok=True)
    figures = summary(episodes)
    _write_tables(output, config, episodes, figures)
    for number, episode in enumerate(progress_bar(episodes[: config.films], desc="filming")):
        _keep(config, episode, output / f"episode-{number:03d}")
    return figures


def _play(config: RolloutConfig) -> list[Episode]:
    """Episodes in the order of their starts."""
    workers = EpisodeWorkers(config.agent, config.agent_settings, config.num_envs, config.task, config.settings())
    launcher = read_launcher(config.launcher, config.launcher_settings)
    with progress_bar(desc="playing", unit="episode", total=config.episodes) as bar:
        if launcher is not None:
            return play_launched(workers, config.starts(), launcher, lambda number, episode: bar.update())
        worker = workers()
        try:
            return worker.do(config.starts(), lambda number, episode: bar.update())
        finally:
            worker.close()


def _write_tables(output: Path, config: RolloutConfig, episodes: Sequence[Episode], figures: dict[str, Any]) -> None:
    rows = [episode.row() for episode in episodes]
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    told = json.dumps({"settings": _told(config), "figures": figures, "episodes": rows}, indent=2) + "\n"
    write_atomically(output / "episodes.csv", lambda file: file.write(table.getvalue().encode()))
    write_atomically(output / "episodes.json", lambda file: file.write(told.encode()))


def _told(config: RolloutConfig) -> dict[str, Any]:
    """The settings that episodes depend on, and others, but where they are played."""
    return {name: value for name, value in asdict(config).items() if not name.startswith("launcher")}


def _keep(config: RolloutConfig, episode: Episode, path: Path) -> None:
    """Walk an episode again by its actions, and keep its replay, film and way."""
    needs = find_agent(config.agent, config.agent_settings).needs(**config.agent_settings)
    settings: dict[str, Any] = needs | config.settings() | {"obs_mode": "rgb", "task": config.task}
    settings["disable_env_checker"] = True
    env = RecordReplay(gym.make(id_for(config.task), **settings), config.snapshot_every)
    try:
        env.reset(seed=episode.start.seed, options=episode.start.reset_options())
        for action in progress_bar(episode.actions, desc="walking again", unit="step"):
            env.step(action)
        env.save_replay(path.with_suffix(".replay"))
        world_env = env.unwrapped
        assert isinstance(world_env, WorldEnv)
        positions, colours, _ = point_cloud(world_env.now.world.memories[0])
    finally:
        env.close()
    film(env.replay(), path.with_suffix(".mp4"))
    picture = Image.fromarray(
        paint_trail(np.asarray(positions), np.asarray(colours), episode.body_poses, episode.is_success)
    )
    write_atomically(path.with_suffix(".png"), lambda file: picture.save(file, "PNG"))
