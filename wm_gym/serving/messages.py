"""Messages of a client's stream: what may be asked, read and checked, and done in the worker's thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wm_gym.choices import check_choice, check_known
from wm_gym.envs.checking import read_count
from wm_gym.serving.replies import Wanted
from wm_gym.serving.session import Session
from wm_gym.serving.sessions import Sessions
from wm_gym.serving.wire import unpack

COMMON = ("id", "do", "want", "image")

DOINGS: Mapping[str, tuple[str, ...]] = {
    "step": ("action",),
    "look": (),
    "reset": ("seed", "options"),
    "event": ("text", "for_steps"),
    "stop_event": ("event",),
    "undo": (),
    "record": (),
    "spaces": (),
}
"""What a message may ask for, and the fields that go with it."""

CHANGES_PICTURE = ("step", "reset", "undo")


@dataclass(frozen=True)
class Asked:
    """One message.

    Attributes:
        number: Its id: over that of the message before it; the same again asks for the same reply again.
        doing: A key of `DOINGS`, or of another table of what may be asked for.
        fields: Of that.
        wanted: What the reply is to hold.
    """

    number: int
    doing: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    wanted: Wanted = field(default_factory=Wanted)


def read_message(message: str | bytes, doings: Mapping[str, tuple[str, ...]] = DOINGS) -> Asked:
    """A message, as JSON or as `wire.pack` has it.

    Args:
        message: Of a client.
        doings: What may be asked for, and the fields that go with it.

    Raises:
        ValueError: If it is none.
    """
    value = unpack(message) if isinstance(message, bytes) else _from_json(message)
    if not isinstance(value, dict) or not isinstance(value.get("id"), int) or isinstance(value["id"], bool):
        raise ValueError("a message must be a JSON object with an integer 'id', got something else")
    check_choice("do", value.get("do"), doings)
    names = (*COMMON, *doings[value["do"]])
    check_known(f"fields of {value['do']!r}", value, names)
    fields = {name: value[name] for name in doings[value["do"]] if name in value}
    return Asked(read_count("id", value["id"]), value["do"], fields, Wanted.of(value))


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"a message must be JSON, got {type(error).__name__}: {error}") from error


def do(sessions: Sessions, session: Session, asked: Asked) -> None:
    """What a message asks for, other than a step.

    Raises:
        ValueError: If a field is missing or none that the session takes.
        RuntimeError: If no world has opened in the session.
    """
    _DO[asked.doing](sessions, session, asked.fields)


def _reset(sessions: Sessions, session: Session, fields: Mapping[str, Any]) -> None:
    options = fields.get("options") or {}
    if not isinstance(options, dict):
        raise ValueError(f"options must be a dict, got {type(options).__name__}")
    if options.get("state") is not None:
        options = options | {"state": sessions.unsealed(options["state"])}
    session.reset(fields.get("seed"), options)


def needed(fields: Mapping[str, Any], name: str) -> Any:
    """A field of a message.

    Raises:
        ValueError: If it is missing.
    """
    if name not in fields:
        raise ValueError(f"a message must have the field {name!r}, got none")
    return fields[name]


_DO: Mapping[str, Callable[[Sessions, Session, Mapping[str, Any]], None]] = {
    "look": lambda _, session, fields: None,
    "reset": _reset,
    "event": lambda _, session, fields: session.trigger_event(needed(fields, "text"), fields.get("for_steps")),
    "stop_event": lambda _, session, fields: session.stop_event(needed(fields, "event")),
    "undo": lambda _, session, fields: session.undo(),
    "record": lambda _, session, fields: session.record(),
}
