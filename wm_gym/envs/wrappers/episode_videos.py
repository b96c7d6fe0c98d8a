"""The films of one world's episodes: when they begin, what goes in, when they end. Knows nothing of environments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from wm_gym.envs.checking import read_count, read_rate, read_text
from wm_gym.envs.wrappers.tensors import Array, as_tensor
from wm_gym.files.video import VideoWriter

Trigger: TypeAlias = Callable[[int], bool]


@dataclass(frozen=True)
class RecordingConfig:
    """What to film, and where to.

    Attributes:
        folder: For the films; it is made if need be.
        episode_trigger: Whether to film the episode of this number, from 0. Without a trigger of either kind,
            Gymnasium's schedule: the cubes up to 1000, then every 1000th.
        step_trigger: Whether to begin a film before the step of this number, from 0, counted over all episodes.
        video_length: Steps of a film; 0 for up to the end of its episode. Longer ones go on over the next episodes.
        name_prefix: Films are PREFIX-episode-NUMBER.mp4 or PREFIX-step-NUMBER.mp4.
        fps: Frames per second.
    """

    folder: Path
    episode_trigger: Trigger | None
    step_trigger: Trigger | None
    video_length: int
    name_prefix: str
    fps: float

    def __post_init__(self) -> None:
        read_count("video_length", self.video_length, 0)
        read_text("name_prefix", self.name_prefix)
        read_rate(self.fps)
        if self.episode_trigger is None and self.step_trigger is None:
            object.__setattr__(self, "episode_trigger", cubes)


def cubes(episode: int) -> bool:
    """Gymnasium's schedule: episodes 0, 1, 8, 27 ... 729, then every 1000th."""
    return round(episode ** (1 / 3)) ** 3 == episode if episode < 1000 else episode % 1000 == 0


class Recording:
    """The films of one world: when they begin, what goes in, when they end."""

    def __init__(self, config: RecordingConfig) -> None:
        """Before the first episode."""
        self._config = config
        self._film: VideoWriter | None = None
        self._episode, self._step, self._steps_left = -1, -1, 0

    def reset(self, frames: Array) -> None:
        """An episode opens with these (T, H, W, 3) uint8 frames."""
        self._episode += 1
        if self._config.video_length == 0:
            self.finish()
        if self._config.episode_trigger is not None and self._config.episode_trigger(self._episode):
            self._start(f"episode-{self._episode}", frames)
        self._add(frames)

    def step(self, frames: Array) -> None:
        """A step showed these (T, H, W, 3) uint8 frames."""
        self._step += 1
        if self._config.step_trigger is not None and self._config.step_trigger(self._step):
            self._start(f"step-{self._step}", frames)
        self._add(frames)
        self._steps_left -= 1
        if self._steps_left == 0:
            self.finish()

    def finish(self) -> None:
        """Give the film that is being made its name, if there is one."""
        film, self._film = self._film, None
        if film is not None:
            film.finish()

    def _start(self, name: str, frames: Array) -> None:
        self.finish()
        path = self._config.folder / f"{self._config.name_prefix}-{name}.mp4"
        self._film = VideoWriter(path, self._config.fps, *frames.shape[1:3])
        self._steps_left = self._config.video_length

    def _add(self, frames: Array) -> None:
        if self._film is None:
            return
        film, self._film = self._film, None  # a film that fails is gone, and the episode goes on without it
        for frame in as_tensor(frames).cpu().numpy():
            film.add(frame)
        self._film = film
