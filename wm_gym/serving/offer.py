"""What a server offers, and what of it a client may choose: nothing that names a file or a module of the host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wm_gym.choices import check_choice, check_known
from wm_gym.envs.checking import read_text
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.options import OPTIONS, ResetOptions, read_options
from wm_gym.envs.tasks.registry import TASKS

CHOICES = (
    "task", "backend", "world", "difficulty", "obs_mode", "action_mode", "depth_dtype", "num_points", "fov_degrees",
    "idle_drift", "return_frames", "return_text",
)  # fmt: skip
"""Settings that a client may choose; all others are the server's."""

MOST_POINTS = 16_384
MOST_LETTERS = 1_000
MOST_EVENTS = 64
MOST_PIXELS = 2_048
"""Rows and columns of a picture to open from."""

_WORLD = re.compile(r"[a-z]+(/[a-z]+)?(/(\d{1,9}|\*))?")


@dataclass(frozen=True)
class Offer:
    """Worlds that a server has.

    Attributes:
        backends: Names of backends that clients may choose from; the first is the default.
        settings: The server's own, fields of `EpisodeConfig`; those in `CHOICES` are defaults.
        backend_settings: Of the first backend.
    """

    backends: tuple[str, ...] = ("video",)
    settings: Mapping[str, Any] = field(default_factory=dict)
    backend_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.backends:
            raise ValueError("backends must be at least one, got none")
        self.config({})

    def config(self, asked: Mapping[str, Any]) -> EpisodeConfig:
        """The settings of an environment, for what a client asks.

        Raises:
            ValueError: If it asks for more than `CHOICES`, or for a backend, world or task that is not offered.
        """
        check_known("settings", asked, CHOICES)
        merged = {"task": "explore", "backend": self.backends[0], **self.settings, **asked}
        check_choice("backend", merged["backend"], self.backends)
        check_choice("task", merged["task"], (*TASKS, self.settings.get("task", "explore")))
        check_world(asked.get("world"))
        config = EpisodeConfig.of(merged | {"backend_settings": self._settings_of(merged["backend"])})
        if (config.num_points or 0) > MOST_POINTS:
            raise ValueError(f"num_points must be at most {MOST_POINTS}, got {config.num_points}")
        return config

    def _settings_of(self, backend: str) -> Mapping[str, Any]:
        return self.backend_settings if backend == self.backends[0] else {}


def check_world(world: Any) -> None:
    """Make sure that a client names a place, no file.

    Raises:
        ValueError: If it names neither None nor a place such as "city/9" or "imagined/park".
    """
    if world is not None and not _WORLD.fullmatch(read_text("world", world)):
        raise ValueError(f"world must be the name of a place, such as 'city/9' or 'imagined/park', got {world!r}")


def check_letters(name: str, text: Any) -> None:
    """Make sure that a text is not too long.

    Raises:
        ValueError: If it is no string, or longer than `MOST_LETTERS`.
    """
    if len(read_text(name, text)) > MOST_LETTERS:
        raise ValueError(f"{name} must have at most {MOST_LETTERS} letters, got {len(text)}")


def read_reset(options: Mapping[str, Any] | None) -> ResetOptions:
    """Options of `reset` from a client; "state" as bytes whose seal is already open.

    Raises:
        ValueError: If one names a file, is too large, or is none that `reset` takes.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None and name in OPTIONS}
    check_world(given.get("world"))
    if "prompt" in given:
        check_letters("option 'prompt'", given["prompt"])
    for name in ("image", "depth", "video"):
        if name in given:
            _check_array(name, given[name])
    if not isinstance(given.get("state", b""), bytes):
        raise ValueError(f"option 'state' must be bytes, got {type(given['state']).__name__}")
    _check_events(given.get("events", []))
    return read_options(options)


def _check_array(name: str, value: Any) -> None:
    if not isinstance(value, np.ndarray):
        raise ValueError(f"option {name!r} must be an array, got {type(value).__name__}")
    if max(value.shape, default=0) > MOST_PIXELS:
        raise ValueError(f"option {name!r} must be of at most {MOST_PIXELS} rows and columns, got {value.shape}")


def _check_events(rows: Any) -> None:
    if not isinstance(rows, list):
        raise ValueError(f"option 'events' must be a list of {{'at', 'text', 'for'}}, got {type(rows).__name__}")
    if len(rows) > MOST_EVENTS:
        raise ValueError(f"option 'events' must be at most {MOST_EVENTS}, got {len(rows)}")
    for row in rows:
        if isinstance(row, Mapping) and "text" in row:
            check_letters("an event's 'text'", row["text"])
