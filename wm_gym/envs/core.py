"""`EnvCore`: how episodes begin, go on and are told of, for one world or many at once. Holds no episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.registry import load_backend
from wm_gym.envs import state as snapshots
from wm_gym.envs.actions import Command, find_action_mode
from wm_gym.envs.checking import read_count
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.event_slots import event_arrays, event_list
from wm_gym.envs.observations import find_observation_mode
from wm_gym.envs.options import ResetOptions
from wm_gym.envs.state import EnvState, Maker
from wm_gym.envs.tasks.registry import find_task
from wm_gym.networks.arithmetic import in_own_arithmetic
from wm_gym.scenes.images import open_picture
from wm_gym.scenes.named import open_named
from wm_gym.scenes.openings import opening_for
from wm_gym.world.movement import keys_of
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World, completion_for
from wm_gym.world_model import Opening


class EnvCore:
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
        model = load_backend(config.backend, *config.resolution, **config.backend_settings)
        completion = completion_for(model.spec, config.completion, config.completion_settings)
        self.world = World(model, completion=completion)
        spec = self.world.spec
        if spec.steered_by == "keys" and config.action_mode == "twist":
            raise ValueError(
                f"action_mode must be 'discrete' or 'keys' for backend {spec.name!r}, which goes by keys, got 'twist'"
            )
        self._maker = Maker.of(self.task, spec)
        self._observations = find_observation_mode(
            config.obs_mode,
            (spec.height, spec.width),
            spec.far_metres,
            depth_dtype=config.depth_dtype,
            num_points=config.num_points,
        )
        self.observation_space = self._observations.space(self.task.goal_space)
        self.action_space: gym.Space[Any] = self._actions.space
        self.metadata = {
            "render_fps": spec.fps / spec.frames_per_step,
            "video_fps": spec.fps,
            "frames_per_step": spec.frames_per_step,
            "licence": spec.licence,
        }

    def open(
        self, asked: Sequence[ResetOptions], rngs: Sequence[np.random.Generator], seeded: Sequence[bool] | None = None
    ) -> list[EnvState]:
        """Begin episodes, opening their worlds in one batch.

        Args:
            asked: One for each episode. One that asks for a state goes on from it.
            rngs: The episodes' own random numbers; they are drawn from.
            seeded: Whether these numbers begin anew with this episode; None if they never do. An episode that goes on
                from a state then draws all further randomness of its world from them; else it takes over the numbers of
                the state.

        Raises:
            ValueError: If an option is more than the backend can do, or a state is none to go on from.
        """
        saved = [None if one.state is None else self.read_state(one.state) for one in asked]
        rows = list(zip(asked, rngs, strict=True))
        opened = iter(self._open_worlds([row for row, state in zip(rows, saved, strict=True) if state is None]))
        return [
            next(opened) if state is None else self._go_on_from(state, one, rng, fresh)
            for (one, rng), state, fresh in zip(rows, saved, seeded or [False] * len(rows), strict=True)
        ]

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
        commands = [self._actions.read(action, self.world.spec.frames_per_step) for action in actions]
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
            ValueError: If the text is about no known kind of event, or `steps` is no number of steps from 1.
        """
        frames = self.world.spec.frames_per_step
        for_frames = None if steps is None else frames * read_count("for_steps", steps, 1, "a number of steps from 1")
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
            ValueError: If it is none of these, damaged, or of another version, backend, size, weights or task.
        """
        if isinstance(state, bytes):
            state = snapshots.from_bytes(state, self.task, self.world)
        if isinstance(state, str | Path):
            state = snapshots.load(state, self.task, self.world)
        if not isinstance(state, EnvState):
            raise ValueError(
                f"state must be an EnvState, its bytes or the path of its file, got {type(state).__name__}"
            )
        snapshots.check(state, self.task, self.world.spec)
        return state

    def write_state(self, state: EnvState) -> bytes:
        """The bytes of a snapshot.

        Raises:
            ValueError: If it is none, or of another backend, size, weights or task.
        """
        if not isinstance(state, EnvState):
            raise ValueError(f"state must be an EnvState, got {type(state).__name__}")
        return snapshots.to_bytes(state, self.task, self.world)

    def steps(self, state: EnvState) -> int:
        """Steps from the opening of the world to this state; a time limit counts them."""
        spec = self.world.spec
        return (state.world.frame_index[0] - spec.first_frames) // spec.frames_per_step

    def action_mask(self, state: EnvState) -> np.ndarray:
        """Which actions would do something now, int8."""
        return self._actions.mask(state.outcome.body_poses[0, -1], self.world.config.body)

    def action_masks(self, state: EnvState) -> np.ndarray:
        """The same as sb3-contrib's `MaskablePPO` takes it: bool, for each button of a chord whether up and down do."""
        mask = self.action_mask(state).astype(np.bool_)
        return np.stack([np.ones_like(mask), mask], 1).ravel() if self._actions.is_chord else mask

    def keys_to_action(self) -> dict[tuple[int, ...], Any]:
        """Codes of pressed keys to the action that they mean, as `gymnasium.utils.play.play` takes them."""
        return self._actions.keyboard()

    def events(self, state: EnvState) -> list[dict[str, Any]]:
        """The events at work, in order of onset: {"id", "kind", "text", "strength", "realised"} for each."""
        frame = state.world.frame_index[0] - 1
        return event_list(state.world.scripts[0], frame, self.world.spec.shows_events)

    @in_own_arithmetic
    def observe(self, states: Sequence[EnvState]) -> dict[str, Tensor]:
        """What the bodies of N episodes see: fresh tensors of N rows on the model's device."""
        memories = [state.world.memories[0] for state in states]
        observation = self._observations.observe([state.outcome for state in states], memories)
        goals = [self.task.goal(state.task, state.outcome.body_poses[0, -1]) for state in states]
        if self.task.goal_space is not None:
            device = states[0].outcome.chunk.frames.device
            observation["goal"] = torch.from_numpy(np.stack([goal for goal in goals if goal is not None])).to(device)
        return observation

    def observe_one(self, state: EnvState) -> dict[str, np.ndarray]:
        """What the body of one episode sees, as fresh arrays."""
        return {name: value[0].cpu().numpy() for name, value in self.observe([state]).items()}

    def info(self, state: EnvState) -> dict[str, Any]:
        """What is told beside the observation, but for the frames: the same keys, shapes and types at every step.

        No dict is within it: TorchRL batches take none.
        """
        world, outcome = state.world, state.outcome
        frame = world.frame_index[0] - 1
        assert outcome.chunk.world_from_camera is not None
        told = {
            "is_success": state.is_success,
            "intrinsics": outcome.intrinsics[0].cpu().numpy().copy(),
            "world_from_camera": outcome.chunk.world_from_camera[0, -1].cpu().numpy().copy(),
            "frame_index": frame,
            "trust": outcome.trust[0],
            "action_mask": self.action_mask(state),
            **event_arrays(world.scripts[0], frame, self.world.spec.shows_events),
        }
        return told | self._text(state, frame) if self.config.return_text else told

    def _text(self, state: EnvState, frame: int) -> dict[str, str]:
        return {
            "task_description": self.task.description,
            "prompt": state.world.scripts[0].describe(state.world.openings[0].prompt, frame),
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
        task = self.task.reset(outcome, opening.waypoints.numpy(), rng)
        feedback = "The world has just opened."
        return self._schedule(EnvState(world, task, outcome, feedback, {}, is_success=False, maker=self._maker), asked)

    def _go_on_from(self, saved: EnvState, asked: ResetOptions, rng: np.random.Generator, fresh: bool) -> EnvState:
        if not fresh:
            rng.bit_generator.state = saved.rng_state
            return self._schedule(saved, asked)
        seed = int(rng.integers(2**31))
        script = replace(saved.world.scripts[0], world_seed=seed)
        return self._schedule(replace(saved, world=replace(saved.world, seeds=(seed,)).with_script(0, script)), asked)

    def _schedule(self, state: EnvState, asked: ResetOptions) -> EnvState:
        for event in asked.events:
            state = self.say(state, event.text, event.at, event.steps)
        return state

    def _opening(self, asked: ResetOptions, world_seed: int) -> Opening:
        spec, config = self.world.spec, self.config
        for name in ("image", "video"):
            if getattr(asked, name) is not None and (name == "video" or not {"capture", "image"} & {*spec.opens_from}):
                raise ValueError(f"backend {spec.name!r} cannot open from option {name!r}")
        if asked.image is None:
            world = config.world if asked.world is None else asked.world
            opening = open_named(spec, world, world_seed, config.difficulty, config.finer)
        else:
            picture = open_picture(asked.image, spec.height, spec.width, depth=asked.depth, finer=config.finer)
            opening = opening_for(spec, picture)
        return opening if asked.prompt is None else replace(opening, prompt=asked.prompt)

    def _twists(self, command: Command) -> np.ndarray:
        idle = np.array([0.0, 0.0, self.config.idle_drift, 0.0])
        return command.twists if command.twists.any() else np.broadcast_to(idle, command.twists.shape)

    def _judge(self, before: EnvState, command: Command, world: WorldState, outcome: Outcome) -> tuple[EnvState, float]:
        task, verdict = self.task.update(before.task, outcome)
        feedback = f"You {command.meaning}." + (" Something is in your way." if outcome.collided[0] else "")
        after = EnvState(world, task, outcome, feedback, before.rng_state, bool(verdict.is_success), self._maker)
        return after, float(verdict.reward)
