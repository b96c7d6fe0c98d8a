"""What a user does with a running episode between its steps: events, snapshots, rendering."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from wm_gym.envs import state as snapshots
from wm_gym.envs.checking import read_path
from wm_gym.envs.core import EnvCore
from wm_gym.envs.state import EnvState


class Controls:
    """One running episode. `WorldEnv` is one; a vector environment holds one for each world.

    Attributes:
        core: How its episodes go.
        np_random: Its own random numbers.
        render_mode: "rgb_array", "human" or None.
    """

    np_random: np.random.Generator

    def __init__(self, core: EnvCore, render_mode: str | None) -> None:
        self.core = core
        self.render_mode = render_mode
        self.task = core.task
        self.observation_space: gym.Space[Any] = core.observation_space
        self.action_space: gym.Space[Any] = core.action_space
        self._now: EnvState | None = None

    @property
    def task_description(self) -> str:
        """What is to be done, in this episode once there is one."""
        return self.task.description if self._now is None else self.task.describe(self._now.task)

    @property
    def now(self) -> EnvState:
        """The episode as it stands, without its random numbers.

        Raises:
            RuntimeError: If the environment was not reset.
        """
        if self._now is None:
            raise RuntimeError("the environment must be reset before it is used")
        return self._now

    def trigger_event(self, text: str, *, for_steps: int | None = None) -> None:
        """Start or stop an event from the next step on.

        Args:
            text: Anything that happens or ends, such as "it starts to snow" or "a dragon flies over the square".
            for_steps: Steps until it begins to end by itself, or None.

        Raises:
            ValueError: If the text is empty, or `for_steps` is not a whole number from 1.
        """
        self._now = self.core.schedule_event(self.now, text, steps=for_steps)

    def stop_event(self, event: str) -> None:
        """End running events from the next step on: those of a kind such as "fog", or the one of that text.

        Raises:
            ValueError: If no such event is going on.
        """
        self._now = self.core.stop_event(self.now, event)

    def events(self) -> list[dict[str, Any]]:
        """The events at work, in order of onset, each a dict.

        "id" and "text"; "kind", None for text of no known kind; "start", the frame of its onset; "active", False while
        it fades; "strength", how far it has come, 0..1; "realised", 1 where such events can be shown at all, else 0;
        "place", x, y, z in metres of the thing that it added to the world, or None.
        """
        return self.core.events(self.now)

    def action_masks(self) -> np.ndarray:
        """Which actions would do something now, bool, as sb3-contrib's `MaskablePPO` asks for them."""
        return self.core.action_masks(self.now)

    def get_keys_to_action(self) -> dict[tuple[int, ...], Any]:
        """Pressed keys to actions, for `gymnasium.utils.play.play(env, fps=4)`."""
        return self.core.keys_to_action()

    def get_state(self) -> EnvState:
        """A snapshot. It is a value: later steps do not change it."""
        return replace(self.now, rng_state=self.np_random.bit_generator.state)

    def set_state(self, state: EnvState | bytes | str | Path) -> None:
        """Go on from a snapshot, from the bytes of one, or from the path of its file; a time limit goes with it.

        Raises:
            ValueError: If it is damaged, or of another version, backend, size, weights, task or body.
        """
        saved = self.core.read_state(state)
        self.np_random.bit_generator.state = saved.rng_state
        self._now = saved

    def state_to_bytes(self, state: EnvState) -> bytes:
        """A snapshot as bytes, for `set_state` or `reset(options={"state": ...})` in any process.

        Raises:
            ValueError: If it is none, or of another backend, size, weights, task or body.
        """
        return self.core.write_state(state)

    def save_state(self, path: str | Path) -> None:
        """Write a snapshot, whole or not at all, for `set_state` or `reset(options={"state": path})`.

        Raises:
            ValueError: If the path is neither a string nor a `Path`.
            RuntimeError: If the disk cannot take it; an older file stays as it was.
        """
        snapshots.save(read_path("path", path), self.get_state(), self.task, self.core.world)

    def point_cloud(self) -> Any:
        """All static points that memory holds, as an `open3d.geometry.PointCloud`, world frame, metres."""
        from wm_gym.memory.cloud import point_cloud
        from wm_gym.reconstruction.open3d_bridge import to_open3d

        positions, colours, _ = point_cloud(self.now.world.memories[0])
        return to_open3d(positions, colours)

    def render(self) -> np.ndarray | None:
        """The last frame, (H, W, 3) uint8, for "rgb_array"; a window shows it for "human"."""
        if self.render_mode != "rgb_array":
            return None
        return self.now.outcome.chunk.frames[0, -1].cpu().numpy().copy()
