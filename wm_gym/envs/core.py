"""`EnvCore`: how episodes open, step and are described, for one world or many at once. Holds no episode."""

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
from wm_gym.envs.body import BodySettings
from wm_gym.envs.checking import read_count
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.event_slots import event_arrays, event_list
from wm_gym.envs.markers import draw_markers
from wm_gym.envs.measures import MEASURES, Measures
from wm_gym.envs.observations import find_observation_mode
from wm_gym.envs.opening import find_opening, open_views, open_worlds
from wm_gym.envs.options import ResetOptions
from wm_gym.envs.rewards import PluggedReward, Seen, Verdict
from wm_gym.envs.state import EnvState, Maker
from wm_gym.envs.steering import check_steered_by_poses, check_steering
from wm_gym.envs.tasks.info import TaskInfo
from wm_gym.envs.tasks.registry import find_task
from wm_gym.envs.tasks.task import TimedEvent
from wm_gym.networks.arithmetic import in_own_arithmetic
from wm_gym.reconstruction.settings import Reconstruction
from wm_gym.world.guiding import completion_for
from wm_gym.world.movement import keys_of
from wm_gym.world.showing import drawing_for
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World, WorldConfig
from wm_gym.world_model import Opening

INFO_NAMES = (
    "is_success", "intrinsics", "world_from_camera", "frame_index", "trust", "action_mask",
    "event_kind", "event_strength", "event_realised", *MEASURES, "verdict",
    "task_description", "prompt", "env_feedback", "frames", "final_obs", "final_info", "other_bodies",
)  # fmt: skip
"""Names in `info` that no task may use."""


class EnvCore:
    """The world model, the task and the spaces of an environment, as functions from `EnvState` to `EnvState`.

    A batch of episodes is one `World.step`.

    Args:
        config: The settings of the environment.
        bodies_collide: Whether bodies that share a world stop one another.

    Raises:
        ValueError: If a setting is unknown, or more than the backend can do.

    Attributes:
        config: The settings.
        task: What is to be done.
        world: The backend and its memory.
        observation_space: A flat Dict.
        action_space: Of `config.action_mode`.
        metadata: "render_fps" (steps per second), "video_fps" (frames per second) and "frames_per_step".
    """

    def __init__(self, config: EpisodeConfig, *, bodies_collide: bool = False) -> None:
        self.config = config
        self.task = find_task(config.task, config.task_settings)
        self._reward = PluggedReward(config.reward, config.reward_settings) if config.reward else None
        self._actions = find_action_mode(config.action_mode)
        self._body = BodySettings.of(config.body)
        model = load_backend(config.backend, *config.resolution, **config.backend_settings)
        loop = WorldConfig(body=self._body.at(model.spec.fps), bodies_collide=bodies_collide)
        completion = completion_for(model.spec, config.completion, config.completion_settings, config.plan_ahead_metres)
        drawing = drawing_for(model.spec, config.draw_events)
        found = Reconstruction.of(config.reconstruction_settings)
        self._estimator, made = found.estimator, {"reconstructor": found.reconstructor, "tracker": found.tracker}
        self.world = World(model, loop, completion=completion, drawing=drawing, **made)
        spec = self.world.spec
        check_steering(spec, config)
        self._maker = Maker.of(self.task, self._body, spec)
        self._task_info = TaskInfo(INFO_NAMES)
        self._observations = find_observation_mode(
            config.obs_mode,
            (spec.height, spec.width),
            spec.far_metres,
            depth_dtype=config.depth_dtype,
            num_points=config.num_points,
        )
        self._goal_space = self.task.goal_box(spec.height, spec.width)
        self.observation_space = self._observations.space(self._goal_space)
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
        """Open N episodes, their worlds in one batch.

        Args:
            asked: Options of each episode; one that asks for a state goes on from it.
            rngs: Random numbers of each episode, which are drawn from.
            seeded: For each episode whether its random numbers were just seeded; None where none were. An episode that
                goes on from a state with seeded numbers gets a new world seed from them, another future; without, it
                takes over the random numbers of the state.

        Raises:
            ValueError: If an option is more than the backend can do, or a state does not fit the environment.
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
        """One step of N episodes in one `World.step`.

        Args:
            states: N episodes.
            actions: N actions.
            paths: (N, T, 5) body poses to follow, whatever stands there; None to walk as the actions say.

        Returns:
            N pairs of the state after the step and its reward.

        Raises:
            ValueError: If an action is not in the action space.
        """
        before = self.world.cat([state.world for state in states])
        return self.step_world(before, states, actions, paths)[1]

    def step_world(
        self, before: WorldState, states: Sequence[EnvState], actions: Sequence[Any], paths: np.ndarray | None = None
    ) -> tuple[WorldState, list[tuple[EnvState, float]]]:
        """As `step`, for N episodes that are the N views of `before`; also gives the views after the step.

        Views may share a world, which the states of single episodes do not tell.
        """
        commands = [self._actions.read(action, self.world.spec.frames_per_step) for action in actions]
        twists = np.concatenate([self._twists(command) for command in commands])
        pressed = [command.keys for command in commands if command.keys is not None]
        keys = np.concatenate(pressed) if pressed else keys_of(twists)
        if paths is None:
            after, outcome = self.world.step(before, twists, keys)
        else:
            after, outcome = self.world.follow(before, paths, keys)
        worlds = [self.world.select(after, [n]) for n in range(len(states))]
        return after, [
            self._updated(state, command, world, outcome.of_world(n))
            for n, (state, command, world) in enumerate(zip(states, commands, worlds, strict=True))
        ]

    def schedule_event(self, state: EnvState, text: str, at: int = 0, steps: int | None = None) -> EnvState:
        """The episode in which an event starts or stops `at` steps from now, or later where its text says so.

        Args:
            state: One episode.
            text: What starts or stops.
            at: Steps until then.
            steps: Steps until an event that starts begins to end by itself, or None.

        Raises:
            ValueError: If the text is empty, or `steps` is not a whole number from 1.
        """
        clock = self.world.spec.clock
        lasts = None if steps is None else read_count("for_steps", steps, 1, "a number of steps from 1")
        return replace(state, world=state.world.schedule_in_steps(0, text, clock, in_steps=at, for_steps=lasts))

    def stop_event(self, state: EnvState, event: str) -> EnvState:
        """The episode in which the running events of a kind, or of a text, end.

        Raises:
            ValueError: If no such event is going on.
        """
        script = state.world.scripts[0].stop(event, state.world.frame_index[0])
        return replace(state, world=state.world.with_script(0, script))

    def read_state(self, state: EnvState | bytes | str | Path) -> EnvState:
        """A snapshot, or the one that bytes or the file at a path hold.

        Raises:
            ValueError: If it is none of these, damaged, or of another version, backend, size, weights, task or body.
        """
        if isinstance(state, bytes):
            state = snapshots.from_bytes(state, self._maker, self.task, self.world)
        if isinstance(state, str | Path):
            state = snapshots.load(state, self._maker, self.task, self.world)
        if not isinstance(state, EnvState):
            raise ValueError(
                f"state must be an EnvState, its bytes or the path of its file, got {type(state).__name__}"
            )
        snapshots.check(state, self._maker, self.world.spec)
        return state

    def write_state(self, state: EnvState) -> bytes:
        """The bytes of a snapshot.

        Raises:
            ValueError: If it is not an `EnvState`, or of another backend, size, weights, task or body.
        """
        if not isinstance(state, EnvState):
            raise ValueError(f"state must be an EnvState, got {type(state).__name__}")
        snapshots.check(state, self._maker, self.world.spec)
        return snapshots.to_bytes(state, self.task, self.world)

    def steps(self, state: EnvState) -> int:
        """Steps of the episode up to this state; a time limit counts them."""
        return (state.world.frame_index[0] - state.opening_frames) // self.world.spec.frames_per_step

    def action_mask(self, state: EnvState) -> np.ndarray:
        """(A,) int8: which actions would do something now."""
        return self._actions.mask(state.outcome.body_poses[0, -1], self.world.config.body)

    def action_masks(self, state: EnvState) -> np.ndarray:
        """The mask for sb3-contrib's `MaskablePPO`, bool; for chords two values for each key: up and down."""
        mask = self.action_mask(state).astype(np.bool_)
        return np.stack([np.ones_like(mask), mask], 1).ravel() if self._actions.is_chord else mask

    def keys_to_action(self) -> dict[tuple[int, ...], Any]:
        """Codes of pressed keys to actions, for `gymnasium.utils.play.play`."""
        return self._actions.keyboard()

    def events(self, state: EnvState) -> list[dict[str, Any]]:
        """The events at work, as `event_slots.event_list`."""
        frame = state.world.frame_index[0] - 1
        return event_list(state.world.scripts[0], frame, self.world.spec.shows_events, state.world.entities[0])

    @in_own_arithmetic
    def observe(self, states: Sequence[EnvState]) -> dict[str, Tensor]:
        """Observations of N episodes: fresh tensors of N rows, on the device of the frames."""
        memories = [state.world.memories[0] for state in states]
        observation = self._observations.observe([state.outcome for state in states], memories)
        goals = [self.task.goal(state.task, state.outcome.body_poses[0, -1]) for state in states]
        if self._goal_space is not None:
            device = states[0].outcome.chunk.frames.device
            observation["goal"] = torch.from_numpy(np.stack([goal for goal in goals if goal is not None])).to(device)
        return observation

    def observe_one(self, state: EnvState) -> dict[str, np.ndarray]:
        """The observation of one episode, as fresh arrays."""
        return {name: value[0].cpu().numpy() for name, value in self.observe([state]).items()}

    def info(self, state: EnvState) -> dict[str, Any]:
        """`info` of one episode but for the frames: the same keys, shapes and types at every step, and no dict within.

        Raises:
            ValueError: If the task's own info has a name that is taken, or changes its shapes or types.
        """
        world, outcome = state.world, state.outcome
        frame = world.frame_index[0] - 1
        assert outcome.chunk.world_from_camera is not None
        info = {
            "is_success": state.is_success,
            "intrinsics": outcome.intrinsics[0].cpu().numpy().copy(),
            "world_from_camera": outcome.chunk.world_from_camera[0, -1].cpu().numpy().copy(),
            "frame_index": frame,
            "trust": outcome.trust[0],
            "action_mask": self.action_mask(state),
            **event_arrays(world.scripts[0], frame, self.world.spec.shows_events),
            **state.measures.to_info(),
            **({} if self._reward is None else {"verdict": bool(state.verdict)}),
            **self._task_info.check(self.task.info(state.task)),
        }
        return info | self._text(state, frame) if self.config.return_text else info

    def _text(self, state: EnvState, frame: int) -> dict[str, str]:
        return {
            "task_description": self.task.describe(state.task),
            "prompt": state.world.scripts[0].describe(state.world.openings[0].prompt, frame),
            "env_feedback": state.feedback,
        }

    def _open_worlds(self, rows: Sequence[tuple[ResetOptions, np.random.Generator]]) -> list[EnvState]:
        if not rows:
            return []
        seeds = [int(rng.integers(2**31)) for _, rng in rows]
        openings = [self.find_opening(asked, seed) for (asked, _), seed in zip(rows, seeds, strict=True)]
        worlds, outcome = open_worlds(
            self.world, openings, seeds, rise_metres=self._body.rise_metres, fov_degrees=self.config.fov_degrees
        )
        return [
            self.begin(asked, rng, opening, self.world.select(worlds, [n]), outcome.of_world(n))
            for n, ((asked, rng), opening) in enumerate(zip(rows, openings, strict=True))
        ]

    def find_opening(self, asked: ResetOptions, world_seed: int) -> Opening:
        """The opening that options of `reset`, or else the settings, ask for.

        Raises:
            ValueError: If the backend cannot open from an option.
        """
        return find_opening(asked, self.config, self.world.spec, world_seed, self._estimator)

    def open_views(self, opening: Opening, world_seed: int, starts: np.ndarray) -> tuple[WorldState, Outcome]:
        """N views of one world, whose bodies stand at `starts` (N, 3) x, y in metres and yaw in radians."""
        poses = np.zeros((len(starts), 5))
        poses[:, [0, 1, 3]], poses[:, 2] = starts, self._body.rise_metres
        return open_views(self.world, opening, world_seed, poses, fov_degrees=self.config.fov_degrees)

    def begin(
        self,
        asked: ResetOptions,
        rng: np.random.Generator,
        opening: Opening,
        world: WorldState,
        outcome: Outcome,
        task: Any = None,
    ) -> EnvState:
        """The episode of one view that has just opened.

        Args:
            asked: Its options, of which the events are scheduled, after those of the task.
            rng: Draws what the task leaves to chance.
            opening: How its world opened.
            world: One view.
            outcome: What it showed.
            task: The state of its task; None for a new one.
        """
        if task is None:
            task = self.task.reset(outcome, opening.waypoints.numpy(), rng)
        task = self._with_picture(task, opening, world.seeds[0])
        state = EnvState(
            world=world,
            task=task,
            outcome=draw_markers(outcome, self.task.markers(task)),
            feedback="The world has just opened.",
            rng_state={},
            is_success=False,
            maker=self._maker,
            opening_frames=world.frame_index[0],
            measures=Measures.at_start(self.task.distance(task, outcome.body_poses[0, -1])),
        )
        return self._schedule(state, (*self.task.events(task), *asked.events))

    def _with_picture(self, task: Any, opening: Opening, world_seed: int) -> Any:
        """The task state with the picture that it wants to see, if any, of the world as it opens."""
        wanted = self.task.wanted_picture(task)
        if wanted is None:
            return task
        check_steered_by_poses(self.world.spec, f"task {self.config.task!r}")
        _, outcome = self.open_views(opening, world_seed, np.asarray(wanted, np.float64)[None])
        return self.task.with_picture(task, outcome.chunk.frames[0, -1].cpu().numpy().copy())

    def _go_on_from(self, saved: EnvState, asked: ResetOptions, rng: np.random.Generator, fresh: bool) -> EnvState:
        if not fresh:
            rng.bit_generator.state = saved.rng_state
            return self._schedule(saved, asked.events)
        seed = int(rng.integers(2**31))
        script = replace(saved.world.scripts[0], world_seed=seed)
        world = replace(saved.world, seeds=(seed,)).with_script(0, script)
        return self._schedule(replace(saved, world=world), asked.events)

    def _schedule(self, state: EnvState, events: Sequence[TimedEvent]) -> EnvState:
        for event in events:
            state = self.schedule_event(state, event.text, event.at, event.steps)
        return state

    def _twists(self, command: Command) -> np.ndarray:
        """(1, T, 4) of a command; where it asks for no movement the body drifts forward."""
        idle = np.array([self.config.idle_drift, 0.0, 0.0, 0.0])
        return command.twists if command.twists.any() else np.broadcast_to(idle, command.twists.shape)

    def _updated(
        self, before: EnvState, command: Command, world: WorldState, outcome: Outcome
    ) -> tuple[EnvState, float]:
        """The episode after a step, and the step's reward."""
        task, result = self.task.update(before.task, outcome)
        here, left = before.outcome.body_poses[0, -1], self.task.distance(task, outcome.body_poses[0, -1])
        after = replace(
            before,
            world=world,
            task=task,
            outcome=draw_markers(outcome, self.task.markers(task)),
            feedback=f"You {command.meaning}." + (" Something is in your way." if outcome.collided[0] else ""),
            is_success=bool(result.is_success),
            is_failure=bool(result.is_failure),
            measures=before.measures.after(here, outcome, left, is_success=bool(result.is_success)),
        )
        return (after, float(result.reward)) if self._reward is None else self._judged(self._reward, before, after)

    def _judged(self, source: PluggedReward, before: EnvState, after: EnvState) -> tuple[EnvState, float]:
        """The episode after a step, and the step's reward, as a source of rewards sees them."""
        goal = self.task.goal(after.task, after.outcome.body_poses[0, -1])
        said = source(Seen.of(before.outcome, after.outcome, goal, self.task.describe(after.task)))
        return (replace(after, verdict=said.is_success), said.reward) if isinstance(said, Verdict) else (after, said)
