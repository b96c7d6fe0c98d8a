"""Films of episodes at full rate: every frame of every step, streamed to disk.

Gymnasium's `RecordVideo` keeps the last frame of each step, holds the episode in memory and needs moviepy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper

from wm_gym.envs.checking import read_path
from wm_gym.envs.wrappers.autoreset import Beginnings
from wm_gym.envs.wrappers.episode_videos import Recording, RecordingConfig, Trigger


class RecordVideo(gym.Wrapper, RecordConstructorArgs):
    """Films episodes of one world from `info["frames"]`; `gym.make(..., return_frames=True)` gives them.

    Takes what Gymnasium's `RecordVideo` takes. A film has its name when it is whole: a killed process leaves at most
    a hidden `.unfinished` file, an older film of that name stays until then. `close` ends the film at hand.

    Args:
        env: One world.
        video_folder: See `RecordingConfig`, as for the rest.
        episode_trigger: Called with the number of the episode.
        step_trigger: Called with the number of the step.
        video_length: Steps of a film; 0 for a whole episode.
        name_prefix: Of the files.
        fps: None for `metadata["video_fps"]`.

    Raises:
        ValueError: If a setting is out of range, or at reset if info holds no frames.
        RuntimeError: In reset, step or close, if the disk cannot take a film; the next episode is tried again.
    """

    def __init__(
        self,
        env: gym.Env,
        video_folder: str,
        episode_trigger: Trigger | None = None,
        step_trigger: Trigger | None = None,
        video_length: int = 0,
        name_prefix: str = "rl-video",
        fps: float | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            video_folder=str(video_folder),
            episode_trigger=episode_trigger,
            step_trigger=step_trigger,
            video_length=video_length,
            name_prefix=name_prefix,
            fps=fps,
        )
        gym.Wrapper.__init__(self, env)
        folder = read_path("video_folder", video_folder)
        rate = _find_fps(env.metadata, fps)
        config = (folder, episode_trigger, step_trigger, video_length, name_prefix, rate)
        self._recording = Recording(RecordingConfig(*config))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._recording.reset(_find_frames(info))
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment's."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._recording.step(_find_frames(info))
        return observation, reward, terminated, truncated, info

    def close(self) -> None:
        """End the film at hand, and close the environment whether or not that succeeds."""
        try:
            self._recording.finish()
        finally:
            self.env.close()


class VectorRecordVideo(VectorWrapper):
    """`RecordVideo` for some of many worlds, each with films of its own: PREFIX-world-N-episode-NUMBER.mp4.

    Numpy or torch output; every autoreset mode, the last frames of an episode among them. EnvCore and steps are
    counted for each world by itself.

    Args:
        env: Many worlds.
        video_folder: As of `RecordVideo`, and so the rest.
        episode_trigger: Called with the number of the world's own episode.
        step_trigger: Called with the number of the world's own step.
        video_length: Steps of a film; 0 for a whole episode.
        name_prefix: Of the files.
        fps: None for `metadata["video_fps"]`.
        worlds: Which worlds to film.

    Raises:
        ValueError: As `RecordVideo`, or if a world is none of the environment's.
    """

    def __init__(
        self,
        env: VectorEnv,
        video_folder: str,
        episode_trigger: Trigger | None = None,
        step_trigger: Trigger | None = None,
        video_length: int = 0,
        name_prefix: str = "rl-video",
        fps: float | None = None,
        worlds: Sequence[int] = (0,),
    ) -> None:
        super().__init__(env)
        if not set(worlds) <= set(range(env.num_envs)):
            raise ValueError(f"worlds must be within 0..{env.num_envs - 1}, got {list(worlds)}")
        rate, folder = _find_fps(env.metadata, fps), read_path("video_folder", video_folder)
        self._beginnings = Beginnings(env)
        self._recordings: dict[int, Recording] = {}
        for n in worlds:
            name = f"{name_prefix}-world-{n}"
            config = RecordingConfig(folder, episode_trigger, step_trigger, video_length, name, rate)
            self._recordings[n] = Recording(config)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's; worlds that `options["reset_mask"]` leaves out go on with their films."""
        began = self._beginnings.at_reset(options).tolist()
        observation, infos = self.env.reset(seed=seed, options=options)
        frames = _find_frames(infos)
        for n, recording in self._recordings.items():
            if began[n]:
                recording.reset(frames[n])
        return observation, infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As the environment's."""
        observation, rewards, terminations, truncations, infos = self.env.step(actions)
        began = self._beginnings.at_step(terminations, truncations)[0].tolist()
        frames, same_step = _find_frames(infos), self._beginnings.mode is AutoresetMode.SAME_STEP
        for n, recording in self._recordings.items():
            if began[n] and same_step:
                recording.step(_find_frames(infos["final_info"])[n])
            if began[n]:
                recording.reset(frames[n])
            else:
                recording.step(frames[n])
        return observation, rewards, terminations, truncations, infos

    def close(self, **kwargs: Any) -> None:
        """End the films at hand, and close the environment whether or not that succeeds."""
        try:
            for recording in self._recordings.values():
                recording.finish()
        finally:
            super().close(**kwargs)


def _find_fps(metadata: dict[str, Any], fps: float | None) -> float:
    rate = metadata.get("video_fps") if fps is None else fps
    if rate is None:
        raise ValueError("fps must be given for an environment whose metadata has no 'video_fps', got None")
    return rate


def _find_frames(info: dict[str, Any]) -> Any:
    if "frames" not in info:
        raise ValueError(
            f"info must hold 'frames' to be filmed, which gym.make(..., return_frames=True) gives, got {sorted(info)}"
        )
    return info["frames"]
