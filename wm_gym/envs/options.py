"""The options of `reset`, checked before a world opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from wm_gym.choices import check_known
from wm_gym.envs.checking import read_count, read_text
from wm_gym.envs.config import read_world
from wm_gym.envs.tasks.task import TimedEvent

OPTIONS = ("prompt", "image", "depth", "video", "events", "state", "world")
FOREIGN = ("reset_mask", "lerobot_new_rollout", "minari_autoseed", "variation", "variation_values", "options")
"""Options that other libraries pass to every environment; they are let through and change nothing."""

EVENT_FIELDS = ("at", "text", "for")

_PAIRS = (
    ("depth", "image", True),
    ("world", "image", False),
    ("prompt", "state", False),
    ("image", "state", False),
    ("video", "image", False),
    ("video", "world", False),
    ("video", "state", False),
    ("world", "state", False),
)
"""An option, another, and whether the first needs the second (True) or excludes it (False): a state has a place and a
prompt of its own."""


@dataclass(frozen=True)
class ResetOptions:
    """Checked options.

    Attributes:
        prompt: Replaces the caption of the place, or says what an imagined one is to be like; or None.
        image: A picture to open from, a path or (H, W, 3) uint8, or None.
        depth: (H, W) or (H, W, 1) metres of that picture, or None.
        video: Path of a film to open from, or None.
        events: In order of onset.
        state: Bytes, a file's path or an `EnvState` to go on from, or None.
        world: Name of a world that replaces the environment's own, or None.
    """

    prompt: str | None = None
    image: Any = None
    depth: Any = None
    video: str | None = None
    events: tuple[TimedEvent, ...] = ()
    state: Any = None
    world: str | None = None


def read_options(options: Mapping[str, Any] | None) -> ResetOptions:
    """The options, checked.

    Raises:
        ValueError: If one is unknown, of the wrong kind, or beside another that it cannot be with.
    """
    if not isinstance(options, Mapping | None):
        raise ValueError(f"options must be a dict, got {type(options).__name__}")
    given = {name: value for name, value in (options or {}).items() if value is not None}
    check_known("reset options", [name for name in options or {} if name not in FOREIGN], OPTIONS)
    for name, other, together in _PAIRS:
        if name in given and (other in given) is not together:
            raise ValueError(f"option {name!r} must come {'with' if together else 'without'} option {other!r}")
    return ResetOptions(
        prompt=read_text("option 'prompt'", given["prompt"]) if "prompt" in given else None,
        image=given.get("image"),
        depth=given.get("depth"),
        video=_read_film(given.get("video")),
        events=_read_events(given.get("events", ())),
        state=given.get("state"),
        world=read_world("option 'world'", given.get("world")),
    )


def _read_film(video: Any) -> str | None:
    if video is not None and not isinstance(video, str | Path):
        raise ValueError(f"option 'video' must be the path of a film, got {type(video).__name__}")
    if video is not None and not Path(video).is_file():
        raise ValueError(f"option 'video' must be a film that is there, got {str(video)!r}, which is not")
    return None if video is None else str(video)


def _read_events(rows: Any) -> tuple[TimedEvent, ...]:
    rows = _read_script(Path(rows)) if isinstance(rows, str | Path) else rows
    if not isinstance(rows, list | tuple):
        raise ValueError(
            "option 'events' must be a list of {'at', 'text', 'for'} or a YAML file of one, got "
            f"{type(rows).__name__}"
        )
    return tuple(sorted((_read_event(row) for row in rows), key=lambda event: event.at))


def _read_script(path: Path) -> Any:
    """What a YAML file holds."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"option 'events' must be a YAML file that can be read, got {str(path)!r}") from error


def _read_event(row: Any) -> TimedEvent:
    if not isinstance(row, Mapping) or "text" not in row or set(row) - set(EVENT_FIELDS):
        raise ValueError(f"an event must be a dict of 'text' and, at will, 'at' and 'for', got {row!r}")
    at, steps = row.get("at", 0), row.get("for")
    return TimedEvent(
        read_count("an event's 'at'", at, 0, "a step number from 0"),
        read_text("an event's 'text'", row["text"]),
        None if steps is None else read_count("an event's 'for'", steps, 1, "a number of steps from 1"),
    )
