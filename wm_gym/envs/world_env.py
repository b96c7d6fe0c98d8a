"""`WorldEnv`: one generated world as a Gymnasium environment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from wm_gym.backends.pictures import open_picture
from wm_gym.backends.registry import load_backend
from wm_gym.backends.seam import Opening
from wm_gym.backends.worlds import find_world, open_named
from wm_gym.envs import state as snapshots
from wm_gym.envs.actions import find_action_mode
from wm_gym.envs.observations import find_observation_mode
from wm_gym.envs.options import ResetOptions, read_options
from wm_gym.envs.state import EnvState
from wm_gym.envs.tasks import find_task
from wm_gym.envs.window import Window, check_display
from wm_gym.world.state import WorldState
from wm_gym.world.world import World


class WorldEnv(gym.Env[Any, Any]):
    """A world that is generated as it is walked through.

    Args:
        task: "explore" or "point_goal"; the registered ids choose it.
        backend: "video", "memory", "twin" or "package.module:Class".
        world: None for one of the shipped places, a family of them, "family/number", "family/*", or a capture's path
            (`wm_gym.backends.worlds`). Where that leaves a choice, the seed of `reset` makes it.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        obs_mode: Parts joined by "+": rgb, depth, points, pose; or the preset "sb3".
        action_mode: "discrete", "keys" or "twist".
        resolution: Height and width of a frame.
        depth_dtype: "float32" metres or a "uint8" image; None for the mode's own.
        num_points: Rows of the `points` observation; None for 1024.
        standby: Share of its top turning speed at which the camera drifts while nothing is asked of it.
        return_frames: Whether `info["frames"]` holds all frames of each step.
        render_mode: "rgb_array", "human" or None.

    Raises:
        ValueError: If a setting is none that exists.
    """

    metadata = {"render_modes": ["rgb_array", "human"], "render_fps": 4}  # noqa: RUF012 (Gymnasium's own type)

    def __init__(
        self,
        *,
        task: str,
        backend: str = "video",
        world: str | None = None,
        difficulty: str = "full",
        obs_mode: str = "rgb+depth+pose",
        action_mode: str = "discrete",
        resolution: tuple[int, int] = (48, 64),
        depth_dtype: str | None = None,
        num_points: int | None = None,
        standby: float = 0.0,
        return_frames: bool = False,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode must be None or one of {self.metadata['render_modes']}, got {render_mode!r}")
        if not 0.0 <= standby <= 1.0:
            raise ValueError(f"standby must be within 0..1, got {standby}")
        if render_mode == "human":
            check_display()
        find_world(world, 0, difficulty)
        self.render_mode = render_mode
        self.task = find_task(task)
        self.task_description = self.task.description
        self._actions = find_action_mode(action_mode)
        self._world_name, self._difficulty = world, difficulty
        self._return_frames, self._standby = return_frames, standby
        self._world = World(load_backend(backend, *_check_resolution(resolution)))
        spec = self._world.model.spec
        self.metadata = {**self.metadata, "video_fps": spec.fps, "frames_per_step": spec.frames_per_step}
        self._observations = find_observation_mode(
            obs_mode, (spec.height, spec.width), spec.far_metres, depth_dtype=depth_dtype, num_points=num_points
        )
        self.observation_space = self._observations.space(self.task.goal_space)
        self.action_space = self._actions.space
        self._window: Window | None = None
        self._now: EnvState | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Open a world.

        Args:
            seed: Of the world and of everything random in it. None goes on with the environment's own numbers.
            options: "prompt", "events" ([{"at", "text", "for"}], counted in steps), "state", "world", "image" (a path
                or (H, W, 3) uint8 that the world begins with) and its "depth" ((H, W) metres).

        Raises:
            ValueError: If an option is unknown, of the wrong kind, or more than the backend can do.
        """
        asked = read_options(options)
        super().reset(seed=seed)
        if asked.state is not None:
            self.set_state(asked.state)
        else:
            self._now = self._open(asked)
        self._show()
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], SupportsFloat, bool, bool, dict[str, Any]]:
        """One step of the world: `ModelSpec.frames_per_step` frames.

        Raises:
            ValueError: If the action is not in the action space.
            RuntimeError: If the environment was not reset.
        """
        now = self._require_now()
        command = self._actions.read(action, self._world.model.spec.frames_per_step)
        idle = np.array([0.0, 0.0, self._standby, 0.0])
        twists = command.twists if command.twists.any() else np.broadcast_to(idle, command.twists.shape)
        world, outcome = self._world.step(now.world, twists, command.keys)
        task, verdict = self.task.advance(now.task, outcome)
        feedback = f"You {command.meaning}." + (" Something is in your way." if outcome.bumped[0] else "")
        self._now = EnvState(world, task, outcome, feedback, now.rng_state, verdict.is_success)
        self._show()
        return self._observation(), verdict.reward, verdict.is_success, False, self._info()

    def render(self) -> np.ndarray | None:
        """The last frame, (H, W, 3) uint8, for "rgb_array"; a window shows it for "human"."""
        if self.render_mode != "rgb_array":
            return None
        return self._require_now().outcome.chunk.frames[0, -1].numpy().copy()

    def close(self) -> None:
        """Free the backend and the window; may be called twice."""
        self._world.close()
        if self._window is not None:
            self._window.close()

    def trigger_event(self, text: str, *, for_steps: int | None = None) -> None:
        """Say what happens from the next step on, such as "it starts to snow".

        Args:
            text: An event that starts, or one that stops.
            for_steps: Steps until it begins to end by itself, or None.

        Raises:
            ValueError: If the text is about no known kind of event.
        """
        self._now = self._say(self._require_now(), text, 0, for_steps)

    def stop_event(self, kind: str) -> None:
        """End the running events of one kind, from the next step on.

        Raises:
            ValueError: If nothing of that kind is going on.
        """
        now = self._require_now()
        script = now.world.scripts[0].stop(kind, now.world.frame_index[0])
        self._now = replace(now, world=now.world.with_script(0, script))

    def get_state(self) -> EnvState:
        """A snapshot. It is a value: later steps do not change it."""
        return replace(self._require_now(), rng_state=self.np_random.bit_generator.state)

    def set_state(self, state: EnvState | bytes) -> None:
        """Go on from a snapshot, or from the bytes of one.

        Raises:
            ValueError: If the bytes are of another version, backend or task.
        """
        if isinstance(state, bytes):
            state = snapshots.from_bytes(state, self.task, self._world.model)
        if not isinstance(state, EnvState):
            raise ValueError(f"state must be an EnvState or its bytes, got {type(state).__name__}")
        self.np_random.bit_generator.state = state.rng_state
        self._now = state

    def state_to_bytes(self, state: EnvState) -> bytes:
        """A snapshot as bytes, for `set_state` or `reset(options={"state": ...})` in any process."""
        return snapshots.to_bytes(state, self.task, self._world.model)

    def point_cloud(self) -> Any:
        """All static points that memory holds, as an `open3d.geometry.PointCloud`, world frame, metres."""
        from wm_gym.memory.cloud import point_cloud
        from wm_gym.reconstruction.open3d_bridge import to_open3d

        positions, colours, _ = point_cloud(self._require_now().world.memories[0])
        return to_open3d(positions, colours)

    def _open(self, asked: ResetOptions) -> EnvState:
        world_seed = int(self.np_random.integers(2**31))
        opening = self._opening(asked, world_seed)
        world, outcome = self._world.start([opening], [world_seed])
        task = self.task.begin(outcome, opening.waypoints.numpy(), self.np_random)
        state = EnvState(world, task, outcome, "The world has just opened.", {}, is_success=False)
        for event in asked.events:
            state = self._say(state, event.text, event.at, event.steps)
        return state

    def _opening(self, asked: ResetOptions, world_seed: int) -> Opening:
        spec = self._world.model.spec
        for name in ("image", "video"):
            if getattr(asked, name) is not None and (name == "video" or not spec.takes_hints):
                raise ValueError(f"backend {spec.name!r} cannot open from option {name!r}")
        if asked.image is None:
            world = self._world_name if asked.world is None else asked.world
            opening = open_named(spec, world, world_seed, self._difficulty)
        else:
            opening = open_picture(asked.image, spec.height, spec.width, depth=asked.depth)
        return opening if asked.prompt is None else replace(opening, prompt=asked.prompt)

    def _say(self, state: EnvState, text: str, at: int, steps: int | None) -> EnvState:
        frames = self._world.model.spec.frames_per_step
        for_frames = None if steps is None else steps * frames
        return replace(state, world=state.world.say(0, text, in_frames=at * frames, for_frames=for_frames))

    def _require_now(self) -> EnvState:
        if self._now is None:
            raise RuntimeError("the environment must be reset before it is used")
        return self._now

    def _observation(self) -> dict[str, np.ndarray]:
        now = self._require_now()
        observation = self._observations.observe(now.outcome, now.world.memories[0])
        goal = self.task.goal(now.task, now.outcome.stances[0, -1])
        return observation if goal is None else observation | {"goal": goal}

    def _info(self) -> dict[str, Any]:
        now = self._require_now()
        world, outcome = now.world, now.outcome
        frame = world.frame_index[0] - 1
        assert outcome.chunk.world_from_camera is not None
        info = {
            "is_success": now.is_success,
            "task_description": self.task.description,
            "prompt": world.scripts[0].describe(world.openings[0].prompt, frame),
            "events": _events_info(world, frame),
            "camera": {
                "intrinsics": outcome.intrinsics[0].numpy().copy(),
                "world_from_camera": outcome.chunk.world_from_camera[0, -1].numpy().copy(),
            },
            "frame_index": frame,
            "trust": outcome.trust[0],
            "action_mask": self._actions.mask(outcome.stances[0, -1], self._world.config.body),
            "env_feedback": now.feedback,
        }
        if self._return_frames:
            info["frames"] = outcome.chunk.frames[0].numpy().copy()
        return info

    def _show(self) -> None:
        if self.render_mode != "human":
            return
        if self._window is None:
            self._window = Window(self.task.description)
        for frame in self._require_now().outcome.chunk.frames[0].numpy():
            self._window.show(frame)


def _events_info(world: WorldState, frame: int) -> list[dict[str, Any]]:
    return [
        {"id": event.event_id, "kind": event.kind, "text": event.text, "strength": event.strength(frame)}
        for event in world.scripts[0].events
        if event.strength(frame) > 0
    ]


def _check_resolution(resolution: tuple[int, int]) -> tuple[int, int]:
    whole = len(resolution) == 2 and all(isinstance(n, int | np.integer) and n >= 16 for n in resolution)
    if not whole:
        raise ValueError(f"resolution must be (height, width) of at least 16 each, got {resolution!r}")
    height, width = resolution
    return int(height), int(width)
