"""Records a clip of a Gymnasium environment: chords held at random, its pictures, depth and poses as ours.

The one module of the wing that knows Gymnasium.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wm_gym.train_world.data.environments.actions import Act, Acts, HeldChords
from wm_gym.train_world.data.environments.clips import Moved, Told, clip_of
from wm_gym.train_world.data.environments.config import EnvironmentConfig
from wm_gym.train_world.data.environments.frames import Shown
from wm_gym.train_world.data.environments.poses import camera_of
from wm_gym.train_world.data.environments.reading import depth_of, find, mask_of, picture_of
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import Clip
from wm_gym.train_world.data.splits import Split, nth_seed

_TRIES, _NEXT_TRY = 20, 1_000_003
_CHECKED_CLIPS = 4
_POLICY, _CONTROLLER = "held_chords", "keys"


def make_environment(name: str, config: EnvironmentConfig) -> Any:
    """The environment of a setting, "MODULE:ID" or an id that is registered.

    Raises:
        ValueError: If there is none, or it cannot be made with these settings.
    """
    import gymnasium

    settings = {"render_mode": "rgb_array", **config.settings} if config.rgb == "render" else config.settings
    try:
        return gymnasium.make(name, **settings)
    except (gymnasium.error.Error, ImportError, AttributeError, TypeError) as error:
        raise ValueError(
            f"env must be a Gymnasium environment 'MODULE:ID' that source.settings make, got {name!r}: {error}"
        ) from error


@dataclass
class EnvironmentRecorder:
    """Records clips of one environment. Equal numbers give equal clips where the environment follows its seed.

    Attributes:
        name: Of the environment.
        env: The environment.
        config: How it is read and moved.
        spec: Of the recordings.
        split: Of the seeds that it is reset with.
        seed: Of everything random.
    """

    name: str
    env: Any
    config: EnvironmentConfig
    spec: RecordingSpec
    split: Split
    seed: int

    def record(self, index: int, steps: int) -> Clip:
        """Clip `index` of so many steps.

        Raises:
            ValueError: If the environment does not show what the settings say, or ends too early.
        """
        acts, reset_seed, longest = Acts(self.config.actions, self.env.action_space), nth_seed(self.split, index), 0
        for number in range(_TRIES):
            rng = np.random.default_rng([self.seed, index, number])
            shown, held = self._episode(acts, reset_seed + number * _NEXT_TRY, rng, steps)
            if len(held) == steps:
                moved = Moved(np.array([act.keys for act in held]), np.array([act.twist for act in held], np.float32))
                told = Told(self.name, reset_seed, (self.config.prompt,) * steps, _POLICY, _CONTROLLER)
                return clip_of(shown, moved, told, self.config, self.spec, agrees=index < _CHECKED_CLIPS)
            longest = max(longest, len(shown.frames) - 1)
        raise ValueError(
            f"an episode of {self.name} must last for {steps * self.spec.frames_per_step} actions, got at most "
            f"{longest} in {_TRIES} episodes; a smaller steps= asks for less"
        )

    def close(self) -> None:
        """Close the environment."""
        self.env.close()

    def _episode(self, acts: Acts, seed: int, rng: np.random.Generator, steps: int) -> tuple[Shown, list[Act]]:
        """What was shown and held until all steps are done or the episode ends; a step that it cuts is left out."""
        observation, info = self.env.reset(seed=seed)
        for _ in range(self.config.warm_up):
            observation, _, ended, cut, info = self.env.step(acts.rest().action)
            if ended or cut:
                return Shown(), []
        shown, held, policy, moved = Shown(), [], HeldChords(acts, rng), 0.0
        self._look(shown, observation, info)
        for _ in range(steps):
            act = policy.act(moved)
            for _ in range(self.spec.frames_per_step):
                observation, _, ended, cut, info = self.env.step(act.action)
                self._look(shown, observation, info)
                if (ended or cut) and len(shown.frames) < self.spec.num_frames(steps):
                    return shown, held
            held.append(act)
            moved = shown.moved_metres(self.spec.frames_per_step)
        return shown, held

    def _look(self, shown: Shown, observation: Any, info: dict[str, Any]) -> None:
        """Add what is seen now."""

        def value(name: str) -> Any:
            return find(getattr(self.config, name), name, self.env, observation, info)

        picture = picture_of(value("rgb"), self.config.rgb)
        size = picture.shape[:2]
        shown.frames.append(picture.copy())
        if self.config.depth:
            pinhole = self.config.pinhole(*size)
            shown.depths.append(depth_of(value("depth"), size, pinhole, self.config))
        if self.config.moving:
            shown.moving.append(mask_of(value("moving"), size))
        if self.config.pose:
            shown.poses.append(camera_of(value("pose"), self.config))
