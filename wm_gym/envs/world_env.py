"""`WorldEnv`: one generated world as a Gymnasium environment."""

from __future__ import annotations

import sys
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from wm_gym.envs.checking import read_seed
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.controls import Controls
from wm_gym.envs.core import EnvCore
from wm_gym.envs.options import read_options
from wm_gym.envs.time_limits import count_as
from wm_gym.envs.window import Window, check_display


class WorldEnv(Controls, gym.Env[Any, Any]):  # pyright: ignore[reportIncompatibleVariableOverride] (np_random)
    """A world that is generated as it is walked through.

    Args:
        render_mode: "rgb_array", "human" or None.
        settings: Fields of `wm_gym.envs.config.EpisodeConfig`: task, backend, world, obs_mode, action_mode, ...

    Raises:
        ValueError: If a setting is none that exists.
    """

    metadata = {"render_modes": ["rgb_array", "human"]}  # noqa: RUF012 (Gymnasium's own type)

    def __init__(self, *, render_mode: str | None = None, **settings: Any) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode must be None or one of {self.metadata['render_modes']}, got {render_mode!r}")
        if render_mode == "human":
            check_display()
        super().__init__(EnvCore(EpisodeConfig.of(settings)), render_mode)
        self.metadata = {**self.metadata, **self.core.metadata}
        self._window: Window | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Open a world.

        Args:
            seed: Of the world and of everything random in it. None goes on with the environment's own numbers; beside a
                state, with those of the state. A seed beside a state makes another future of it.
            options: "prompt", "events" ([{"at", "text", "for"}], counted in steps from now, or the path of a YAML file
                of them), "state", "world", "image" (a path or (H, W, 3) uint8 that the world begins with) and its
                "depth" ((H, W) or (H, W, 1) metres). A state has a place and a prompt of its own and comes with
                "events" alone.

        Raises:
            ValueError: If an option is unknown, of the wrong kind, or more than the backend can do.
        """
        asked, seed = read_options(options), read_seed(seed)
        gym.Env.reset(self, seed=seed)
        [self._now] = self.core.open([asked], [self.np_random], [seed is not None])
        count_as(self, self.core.steps(self._now), sys._getframe())
        self._show()
        return self.core.observe_one(self._now), self._info()

    def step(self, action: Any) -> tuple[dict[str, np.ndarray], SupportsFloat, bool, bool, dict[str, Any]]:
        """One step of the world: `ModelSpec.frames_per_step` frames.

        Raises:
            ValueError: If the action is not in the action space.
            RuntimeError: If the environment was not reset.
        """
        count_as(self, self.core.steps(self.now), sys._getframe())
        [(self._now, reward)] = self.core.step([self.now], [action])
        self._show()
        return self.core.observe_one(self._now), reward, self._now.is_over, False, self._info()

    def close(self) -> None:
        """Free the backend and the window; may be called twice."""
        self.core.world.close()
        if self._window is not None:
            self._window.close()

    def _info(self) -> dict[str, Any]:
        info = self.core.info(self.now)
        if self.core.config.return_frames:
            info["frames"] = self.now.outcome.chunk.frames[0].cpu().numpy().copy()
        return info

    def _show(self) -> None:
        if self.render_mode != "human":
            return
        if self._window is None:
            self._window = Window(self.task_description, self.metadata["video_fps"])
        for frame in self.now.outcome.chunk.frames[0].cpu().numpy():
            self._window.show(frame)
