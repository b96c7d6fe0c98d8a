"""What `reset(options=...)` may hold, checked before anything happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPTIONS = ("prompt", "image", "depth", "video", "events", "state", "world")
FOREIGN = ("reset_mask", "lerobot_new_rollout", "minari_autoseed", "variation", "variation_values", "options")
"""Options that other libraries pass to every environment; they are let through and change nothing."""

EVENT_FIELDS = ("at", "text", "for")


@dataclass(frozen=True)
class TimedEvent:
    """An event asked for at reset.

    Attributes:
        at: Environment step of onset.
        text: What starts or stops.
        steps: Environment steps until it begins to end, or None.
    """

    at: int
    text: str
    steps: int | None


@dataclass(frozen=True)
class ResetOptions:
    """Checked options.

    Attributes:
        prompt: Replaces the caption of the place, or None.
        image: A picture to open from, a path or (H, W, 3) uint8, or None.
        depth: (H, W) metres of that picture, or None.
        video: Frames to open from, or None.
        events: In order of onset.
        state: Bytes or an `EnvState` to go on from, or None.
        world: Name of a world that replaces the environment's own, or None.
    """

    prompt: str | None = None
    image: Any = None
    depth: Any = None
    video: Any = None
    events: tuple[TimedEvent, ...] = ()
    state: Any = None
    world: str | None = None


def read_options(options: Mapping[str, Any] | None) -> ResetOptions:
    """The options, checked.

    Raises:
        ValueError: If one is unknown or of the wrong kind.
    """
    given = dict(options or {})
    unknown = sorted(set(given) - set(OPTIONS) - set(FOREIGN))
    if unknown:
        raise ValueError(f"reset options must be among {list(OPTIONS)}, got {unknown[0]!r}")
    for name in ("prompt", "world"):
        if not isinstance(given.get(name), str | None):
            raise ValueError(f"option {name!r} must be a string, got {type(given[name]).__name__}")
    for name, other, must in (("depth", "image", True), ("world", "image", False)):
        if given.get(name) is not None and (given.get(other) is not None) is not must:
            raise ValueError(f"option {name!r} must come {'with' if must else 'without'} option {other!r}")
    events = _read_events(given.get("events"))
    return ResetOptions(
        prompt=given.get("prompt"),
        image=given.get("image"),
        depth=given.get("depth"),
        video=given.get("video"),
        events=events,
        state=given.get("state"),
        world=given.get("world"),
    )


def _read_events(rows: Any) -> tuple[TimedEvent, ...]:
    if rows is None:
        return ()
    if not isinstance(rows, list | tuple):
        raise ValueError(f"option 'events' must be a list of {{'at', 'text', 'for'}}, got {type(rows).__name__}")
    return tuple(sorted((_read_event(row) for row in rows), key=lambda event: event.at))


def _read_event(row: Any) -> TimedEvent:
    if not isinstance(row, Mapping) or "text" not in row or set(row) - set(EVENT_FIELDS):
        raise ValueError(f"an event must be a dict of 'text' and, at will, 'at' and 'for', got {row!r}")
    at, steps = row.get("at", 0), row.get("for")
    if not isinstance(at, int) or at < 0:
        raise ValueError(f"an event's 'at' must be a step number from 0, got {at!r}")
    if steps is not None and (not isinstance(steps, int) or steps < 1):
        raise ValueError(f"an event's 'for' must be a number of steps from 1, got {steps!r}")
    if not isinstance(row["text"], str):
        raise ValueError(f"an event's 'text' must be a string, got {type(row['text']).__name__}")
    return TimedEvent(at, row["text"], steps)
