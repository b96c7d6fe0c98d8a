"""Who records the clips of a dataset: the twin, or a Gymnasium environment."""

from __future__ import annotations

from typing import Protocol

from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.environments.recording import EnvironmentRecorder, make_environment
from wm_gym.train_world.data.record_clip import open_simulator, record_alternatives
from wm_gym.train_world.data.recordings import Clip
from wm_gym.train_world.data.splits import SPLITS


class ClipSource(Protocol):
    """Who records clips."""

    def record(self, config: CollectConfig, index: int) -> list[Clip]:
        """Clip `index` and its alternatives."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


def open_source(config: CollectConfig) -> ClipSource:
    """The source of a dataset's clips, in this process.

    Raises:
        ValueError: If there is no such environment.
        ImportError: If ViZDoom is needed and not installed.
    """
    return _Environment(config) if config.env else _Twin(config)


class _Twin:
    """The twin as a source of clips."""

    def __init__(self, config: CollectConfig) -> None:
        self._model = open_simulator(config.height, config.width, config.steps)

    def record(self, config: CollectConfig, index: int) -> list[Clip]:
        plans = [config.plan(number) for number in range(index, index + 1 + config.alternatives)]
        try:
            return record_alternatives(self._model, plans, config.steps)
        except (RuntimeError, ValueError) as error:
            place = plans[0].place
            raise RuntimeError(f"clip {index} ({place.family}/{place.seed}, {place.difficulty}): {error}") from error

    def close(self) -> None:
        self._model.close()


class _Environment:
    """A Gymnasium environment as a source of clips."""

    def __init__(self, config: CollectConfig) -> None:
        assert config.split in SPLITS
        env = make_environment(config.env, config.source)
        self._recorder = EnvironmentRecorder(config.env, env, config.source, config.spec, config.split, config.seed)

    def record(self, config: CollectConfig, index: int) -> list[Clip]:
        return [self._recorder.record(index, config.steps)]

    def close(self) -> None:
        self._recorder.close()
