"""`Episodes`: how episodes begin, go on and are told of, for one world or many at once. Holds no episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.finer import FINER
from wm_gym.backends.pictures import open_picture
from wm_gym.backends.registry import load_backend
from wm_gym.backends.seam import Opening
from wm_gym.backends.worlds import find_world, open_named
from wm_gym.envs import state as snapshots
from wm_gym.envs.actions import Command, find_action_mode
from wm_gym.envs.observations import find_observation_mode
from wm_gym.envs.options import ResetOptions
from wm_gym.envs.state import EnvState
from wm_gym.envs.tasks import find_task
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World, keys_of


@dataclass(frozen=True)
class EpisodeConfig:
    """The settings of an environment; keyword arguments of `gymnasium.make` and `gymnasium.make_vec`.

    Attributes:
        task: "explore" or "point_goal"; the registered ids choose it.
        backend: "video", "memory", "twin" or "package.module:Class".
        world: None for one of the shipped places, a family of them, "family/number", "family/*", or a capture's path
            (`wm_gym.backends.worlds`). Where that leaves a choice, the seed of `reset` makes it.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        obs_mode: Parts joined by "+": rgb, depth, points, pose; or the preset "sb3".
        action_mode: "discrete", "keys" or "twist".
        resolution: Height and width of a frame.
        finer: Most times that keyframes which memory takes in are as fine as frames; 1 is faster.
        depth_dtype: "float32" metres or a "uint8" image; None for the mode's own.
        num_points: Rows of the `points` observation; None for 1024.
        standby: Share of its top turning speed at which the camera drifts while nothing is asked of it.
        return_frames: Whether `info["frames"]` holds all frames of each step.
        backend_settings: The backend's own, such as {"weights": path, "num_steps": 2} of "video".
    """

    task: str
    backend: str = "video"
    world: str | None = None
    difficulty: str = "full"
    obs_mode: str = "rgb+depth+pose"
    action_mode: str = "discrete"
    resolution: tuple[int, int] = (48, 64)
    finer: int = FINER
    depth_dtype: str | None = None
    num_points: int | None = None
    standby: float = 0.0
    return_frames: bool = False
    backend_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.standby <= 1.0:
            raise ValueError(f"standby must be within 0..1, got {self.standby}")
        if self.finer < 1:
            raise ValueError(f"finer must be at least 1, got {self.finer}")
        _check_resolution(self.resolution)
        find_world(self.world, 0, self.difficulty)


class Episodes:
    """The world model, the task, the spaces, and how an episode of them goes.

    Every method takes and gives `EnvState` values; a batch of them is one `World.step`.
    """

    def __init__(self, config: EpisodeConfig) -> None:
        """Load what the settings name.

        Raises:
            ValueError: If a setting is none that exists.
        """
        self.config = config
        self.task = find_task(config.task)
        self._actions = find_action_mode(config.action_mode)
        height, width = (int(n) for n in config.resolution)
        self.world = World(load_backend(config.backend, height, width, **config.backend_settings))
        spec = self.world.model.spec
        self._observations = find_observation_mode(
            config.obs_mode,
            (spec.height, spec.width),
            spec.far_metres,
            depth_dtype=config.depth_dtype,
            num_points=config.num_points,
        )
        self.observation_space = self._observations.space(self.task.goal_space)
        self.action_space: gym.Space[Any] = self._actions.space
        self.metadata = {"video_fps": spec.fps, "frames_per_step": spec.frames_per_step}

    def open(self, asked: Sequence[ResetOptions], rngs: Sequence[np.random.Generator]) -> list[EnvState]:
        """Begin episodes, opening their worlds in one batch.

        Args:
            asked: One for each episode. One that asks for a state goes on from it and takes over its numbers.
            rngs: The episodes' own random numbers; they are drawn from.

        Raises:
            ValueError: If an option is more than the backend can do.
        """
        rows = list(zip(asked, rngs, strict=True))
        opened = iter(self._open_worlds([row for row in rows if row[0].state is None]))
        return [next(opened) if one.state is None else self._go_on_from(one.state, rng) for one, rng in rows]

    def step(
        self, states: Sequence[EnvState], actions: Sequence[Any], paths: np.ndarray | None = None
    ) -> list[tuple[EnvState, float]]:
        """One step of each episode, all in one `World.step`: their next states and rewards.

        Args:
            states: N episodes.
            actions: One for each.
            paths: (N, T, 5) stances along which the bodies are led, whatever stands there; None to let them walk.

        Raises:
            ValueError: If an action is not in the action space.
        """
        commands = [self._actions.read(action, self.world.model.spec.frames_per_step) for action in actions]
        twists = np.concatenate([self._twists(command) for command in commands])
        pressed = [command.keys for command in commands if command.keys is not None]
        keys = np.concatenate(pressed) if pressed else keys_of(twists)
        before = self.world.cat([state.world for state in states])
        go_on = self.world.step(before, twists, keys) if paths is None else self.world.follow(before, paths, keys)
        after, outcome = go_on
        worlds = [self.world.select(after, [n]) for n in range(len(states))]
        return [
            self._judge(state, command, world, outcome.of_world(n))
            for n, (state, command, world) in enumerate(zip(states, commands, worlds, strict=True))
        ]

    def say(self, state: EnvState, text: str, at: int, steps: int | None) -> EnvState:
        """The episode in which an event starts or stops `at` steps from now, and lasts for `steps`, or on.

        Raises:
            ValueError: If the text is about no known kind of event.
        """
        frames = self.world.model.spec.frames_per_step
        for_frames = None if steps is None else steps * frames
        return replace(state, world=state.world.say(0, text, in_frames=at * frames, for_frames=for_frames))

    def stop(self, state: EnvState, kind: str) -> EnvState:
        """The episode in which the running events of one kind end.

        Raises:
            ValueError: If nothing of that kind is going on.
        """
        script = state.world.scripts[0].stop(kind, state.world.frame_index[0])
        return replace(state, world=state.world.with_script(0, script))

    def read_state(self, state: EnvState | bytes | str | Path) -> EnvState:
        """A snapshot, or the one that bytes or the file at a path hold.

        Raises:
            ValueError: If it is none of these, damaged, or of another version, backend, weights or task.
        """
        if isinstance(state, bytes):
            state = snapshots.from_bytes(state, self.task, self.world.model)
        if isinstance(state, str | Path):
            state = snapshots.load(state, self.task, self.world.model)
        if not isinstance(state, EnvState):
            raise ValueError(
                f"state must be an EnvState, its bytes or the path of its file, got {type(state).__name__}"
            )
        return state

    def write_state(self, state: EnvState) -> bytes:
        """The bytes of a snapshot."""
        return snapshots.to_bytes(state, self.task, self.world.model)

    def observe(self, states: Sequence[EnvState]) -> dict[str, Tensor]:
        """What the bodies of N episodes see: fresh tensors of N rows on the model's device."""
        memories = [state.world.memories[0] for state in states]
        observation = self._observations.observe([state.outcome for state in states], memories)
        goals = [self.task.goal(state.task, state.outcome.stances[0, -1]) for state in states]
        if self.task.goal_space is not None:
            device = states[0].outcome.chunk.frames.device
            observation["goal"] = torch.from_numpy(np.stack([goal for goal in goals if goal is not None])).to(device)
        return observation

    def observe_one(self, state: EnvState) -> dict[str, np.ndarray]:
        """What the body of one episode sees, as fresh arrays."""
        return {name: value[0].cpu().numpy() for name, value in self.observe([state]).items()}

    def info(self, state: EnvState) -> dict[str, Any]:
        """What is told beside the observation, but for the frames: plain Python and fresh arrays."""
        world, outcome = state.world, state.outcome
        frame = world.frame_index[0] - 1
        assert outcome.chunk.world_from_camera is not None
        return {
            "is_success": state.is_success,
            "task_description": self.task.description,
            "prompt": world.scripts[0].describe(world.openings[0].prompt, frame),
            "events": _events_info(world, frame),
            "camera": {
                "intrinsics": outcome.intrinsics[0].cpu().numpy().copy(),
                "world_from_camera": outcome.chunk.world_from_camera[0, -1].cpu().numpy().copy(),
            },
            "frame_index": frame,
            "trust": outcome.trust[0],
            "action_mask": self._actions.mask(outcome.stances[0, -1], self.world.config.body),
            "env_feedback": state.feedback,
        }

    def _open_worlds(self, rows: Sequence[tuple[ResetOptions, np.random.Generator]]) -> list[EnvState]:
        if not rows:
            return []
        seeds = [int(rng.integers(2**31)) for _, rng in rows]
        openings = [self._opening(asked, seed) for (asked, _), seed in zip(rows, seeds, strict=True)]
        worlds, outcome = self.world.start(openings, seeds)
        return [
            self._begin(asked, rng, opening, self.world.select(worlds, [n]), outcome.of_world(n))
            for n, ((asked, rng), opening) in enumerate(zip(rows, openings, strict=True))
        ]

    def _begin(
        self, asked: ResetOptions, rng: np.random.Generator, opening: Opening, world: WorldState, outcome: Outcome
    ) -> EnvState:
        task = self.task.begin(outcome, opening.waypoints.numpy(), rng)
        state = EnvState(world, task, outcome, "The world has just opened.", {}, is_success=False)
        for event in asked.events:
            state = self.say(state, event.text, event.at, event.steps)
        return state

    def _go_on_from(self, saved: EnvState | bytes | str | Path, rng: np.random.Generator) -> EnvState:
        state = self.read_state(saved)
        rng.bit_generator.state = state.rng_state
        return state

    def _opening(self, asked: ResetOptions, world_seed: int) -> Opening:
        spec, config = self.world.model.spec, self.config
        for name in ("image", "video"):
            if getattr(asked, name) is not None and (name == "video" or not spec.takes_hints):
                raise ValueError(f"backend {spec.name!r} cannot open from option {name!r}")
        if asked.image is None:
            world = config.world if asked.world is None else asked.world
            opening = open_named(spec, world, world_seed, config.difficulty, config.finer)
        else:
            opening = open_picture(asked.image, spec.height, spec.width, depth=asked.depth, finer=config.finer)
        return opening if asked.prompt is None else replace(opening, prompt=asked.prompt)

    def _twists(self, command: Command) -> np.ndarray:
        idle = np.array([0.0, 0.0, self.config.standby, 0.0])
        return command.twists if command.twists.any() else np.broadcast_to(idle, command.twists.shape)

    def _judge(self, before: EnvState, command: Command, world: WorldState, outcome: Outcome) -> tuple[EnvState, float]:
        task, verdict = self.task.advance(before.task, outcome)
        feedback = f"You {command.meaning}." + (" Something is in your way." if outcome.bumped[0] else "")
        return EnvState(world, task, outcome, feedback, before.rng_state, verdict.is_success), verdict.reward


def _events_info(world: WorldState, frame: int) -> list[dict[str, Any]]:
    return [
        {"id": event.event_id, "kind": event.kind, "text": event.text, "strength": event.strength(frame)}
        for event in world.scripts[0].events
        if event.strength(frame) > 0
    ]


def _check_resolution(resolution: tuple[int, int]) -> None:
    whole = len(resolution) == 2 and all(isinstance(n, int | np.integer) and n >= 16 for n in resolution)
    if not whole:
        raise ValueError(f"resolution must be (height, width) of at least 16 each, got {resolution!r}")
