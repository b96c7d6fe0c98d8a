"""`wm-gym rollout`: walk through a world by a scripted policy and keep the walk as a replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from wm_gym.agents.tour import Tour, TourConfig
from wm_gym.envs.registration import IDS
from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.recorder import RecordReplay
from wm_gym.envs.world_env import WorldEnv
from wm_gym.files.atomic import check_writable
from wm_gym.progress import progress_bar

POLICIES = ("random", "tour")
Policy = Callable[[], Any]


@dataclass
class RolloutConfig:
    """What to walk through, and how.

    Attributes:
        env_id: A registered id.
        task: "explore", "point_goal" or "package.module:Class"; empty for that of the id.
        task_settings: The task's own.
        body: Size and speeds of the body, as `gym.make` takes them.
        backend: Who makes the frames.
        world: A name as `gym.make` takes it; empty for one of the shipped places, by the seed.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        height: Rows of a frame.
        width: Columns of a frame.
        seed: Of the world and of the policy.
        steps: At most so many; an episode that ends is not gone on with.
        policy: "tour" walks out, looks around and comes home; "random" draws from the action space.
        action_mode: "twist" (which the tour needs), "keys" or "discrete".
        prompt: Replaces the caption of the place; empty to keep it.
        events: What happens on the way, each {at, text} and, at will, {for}, counted in steps.
        snapshot_every: Steps between two snapshots in the replay; 0 for none.
        output: The replay's file.
    """

    env_id: str = "wm_gym/Explore-v0"
    task: str = ""
    task_settings: dict[str, Any] = field(default_factory=dict)
    body: dict[str, float] = field(default_factory=dict)
    backend: str = "video"
    world: str = ""
    difficulty: str = "full"
    height: int = 48
    width: int = 64
    seed: int = 0
    steps: int = 64
    policy: str = "tour"
    action_mode: str = "twist"
    prompt: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    snapshot_every: int = 20
    output: str = "outputs/run.replay"

    def __post_init__(self) -> None:
        if self.env_id not in IDS:
            raise ValueError(f"env_id must be one of {sorted(IDS)}, got {self.env_id!r}")
        if self.policy not in POLICIES:
            raise ValueError(f"policy must be one of {list(POLICIES)}, got {self.policy!r}")
        if self.policy == "tour" and self.action_mode != "twist":
            raise ValueError(f"action_mode must be 'twist' for policy 'tour', got {self.action_mode!r}")
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")


def rollout(config: RolloutConfig) -> Replay:
    """Walk, and write the replay.

    Raises:
        ValueError: If a setting is none that exists, or the file could not be written.
        RuntimeError: If the disk cannot take the file.
    """
    output = Path(config.output)
    check_writable(output)
    env = gym.make(
        config.env_id, max_episode_steps=config.steps, disable_env_checker=True, backend=config.backend,
        world=config.world or None, difficulty=config.difficulty, resolution=(config.height, config.width),
        action_mode=config.action_mode, obs_mode="rgb", task=config.task or IDS[config.env_id],
        task_settings=config.task_settings, body=config.body,
    )  # fmt: skip
    recorder = RecordReplay(env, config.snapshot_every)
    try:
        _walk(recorder, config)
    finally:
        recorder.close()
    output.parent.mkdir(parents=True, exist_ok=True)
    recorder.save_replay(output)
    return recorder.replay()


def _walk(env: RecordReplay, config: RolloutConfig) -> None:
    options: dict[str, Any] = {"events": config.events}
    if config.prompt:
        options["prompt"] = config.prompt
    env.reset(seed=config.seed, options=options)
    policy, done = _policy(env, config), False
    with progress_bar(desc="walking", unit="step", total=config.steps) as bar:
        while not done and (action := policy()) is not None:
            _, _, terminated, truncated, _ = env.step(action)
            done = terminated or truncated
            bar.update()


def _policy(env: RecordReplay, config: RolloutConfig) -> Policy:
    """Gives the next action, or None at the end of the way."""
    if config.policy == "random":
        env.action_space.seed(config.seed)
        return env.action_space.sample
    world_env = env.unwrapped
    assert isinstance(world_env, WorldEnv)
    world = world_env.core.world
    tour_config = TourConfig(
        steps_out=max(1, config.steps // 2), frames_per_step=world.model.spec.frames_per_step
    )  # home by the end
    waypoints = world_env.now.world.openings[0].waypoints.numpy()
    tour = Tour(waypoints, config.seed, world.config.body, tour_config)

    def act() -> np.ndarray | None:
        twist = tour.act(world_env.now.outcome.body_poses[0, -1])
        return None if twist is None else twist.astype(np.float32)

    return act
