"""Action chunks: what a model presses for up to the next ten seconds, as values, as text and as actions.

A chunk is a row of parts, each a few keys that are held for a number of steps. As text it is a JSON list,

    [{"keys":"W","steps":4},{"keys":"WJ","steps":2},{"keys":"","steps":1}]

and `ChunkLanguage` says which lists are legal. Keys are those of `geometry.motion.KEYS`; no keys is to stand still.
Source: LingBot-World section 5.2, "actions for the next 10 seconds ... W, A, S, D ... I, J, K, L".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from wm_gym.choices import check_choice
from wm_gym.geometry.motion import KEYS

OPPOSITES = {"W": "S", "S": "W", "A": "D", "D": "A", "I": "K", "K": "I", "J": "L", "L": "J"}
"""Keys that cancel each other: no part holds both."""

CHUNK_SECONDS = 10.0
ACTION_MODES = ("keys", "discrete")
"""Action modes that chunks can be turned into."""


@dataclass(frozen=True)
class Part:
    """Keys that are held together.

    Attributes:
        keys: Distinct letters in the order of `KEYS`; empty to stand still.
        steps: For how many steps.
    """

    keys: str
    steps: int


Chunk = tuple[Part, ...]


@dataclass(frozen=True)
class ChunkLanguage:
    """Which chunks are legal.

    Attributes:
        most_steps: Steps of a chunk in all.
        most_parts: Parts of a chunk.
        chords: Whether a part may hold several keys.
    """

    most_steps: int = 44
    most_parts: int = 12
    chords: bool = True

    def __post_init__(self) -> None:
        for name in ("most_steps", "most_parts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    @classmethod
    def of(cls, steps_per_second: float, action_mode: str, seconds: float = CHUNK_SECONDS) -> ChunkLanguage:
        """The language of an environment.

        Args:
            steps_per_second: Its pace.
            action_mode: One of `ACTION_MODES`.
            seconds: How far a chunk reaches.

        Raises:
            ValueError: If chunks cannot be turned into that action mode, or the time is not positive.
        """
        check_choice("action_mode", action_mode, list(ACTION_MODES))
        if not seconds > 0:
            raise ValueError(f"seconds must be positive, got {seconds}")
        return cls(max(1, round(seconds * steps_per_second)), chords=action_mode == "keys")

    def write(self, chunk: Chunk) -> str:
        """The text of a legal chunk, without a space.

        Raises:
            ValueError: If it is not legal.
        """
        return write_chunk(self._check(chunk))

    def parse(self, text: str) -> Chunk:
        """The chunk of a text; its keys may come in any order, and spaces mean nothing.

        Raises:
            ValueError: If the text is no legal chunk; the message says what must be, and what came.
        """
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"a chunk must be a JSON list, got {_short(text)}") from error
        if not isinstance(rows, list):
            raise ValueError(f"a chunk must be a JSON list, got {_short(text)}")
        return self._check(tuple(_part(row) for row in rows))

    def chunk_of(self, pressed: np.ndarray) -> Chunk:
        """The chunk of pressed keys (S, 8) bool, up to its most steps and parts.

        Keys that cancel each other are left out, and without chords all but the first key.

        Raises:
            ValueError: If there is no step, or they are not (S, 8) bool.
        """
        pressed = np.asarray(pressed)
        if pressed.ndim != 2 or pressed.shape[1] != len(KEYS) or pressed.dtype != np.bool_ or not len(pressed):
            raise ValueError(f"pressed must be (S, 8) bool with S at least 1, got {pressed.dtype} of {pressed.shape}")
        names = [self._held(row) for row in pressed[: self.most_steps]]
        return tuple(Part(keys, len(list(run))) for keys, run in groupby(names))[: self.most_parts]

    def _held(self, row: np.ndarray) -> str:
        down = [key for key, is_down in zip(KEYS, row, strict=True) if is_down]
        keys = [key for key in down if OPPOSITES[key] not in down]
        return "".join(keys if self.chords else keys[:1])

    def _check(self, chunk: Chunk) -> Chunk:
        if not 1 <= len(chunk) <= self.most_parts:
            raise ValueError(f"a chunk must have 1 to {self.most_parts} parts, got {len(chunk)}")
        for part in chunk:
            if len(part.keys) > 1 and not self.chords:
                raise ValueError(f"a part must hold one key at most, got {part.keys!r}")
        steps = sum(part.steps for part in chunk)
        if steps > self.most_steps:
            raise ValueError(f"the steps of a chunk must add up to at most {self.most_steps}, got {steps}")
        return chunk


def write_chunk(chunk: Chunk) -> str:
    """The text of a chunk, without a space."""
    return json.dumps([{"keys": part.keys, "steps": part.steps} for part in chunk], separators=(",", ":"))


def expand(chunk: Chunk) -> np.ndarray:
    """(S, 8) bool: the keys that are down in each step of a chunk."""
    rows = [[key in part.keys for key in KEYS] for part in chunk for _ in range(part.steps)]
    return np.array(rows, np.bool_).reshape(-1, len(KEYS))


def action_of(pressed: np.ndarray, mask: np.ndarray, action_mode: str) -> Any:
    """The action of pressed keys; keys that would do nothing are let go.

    Args:
        pressed: (8,) bool, columns as `KEYS`; for action mode "discrete" its first key counts.
        mask: (A,) of the action mode, 1 for actions that would do something.
        action_mode: One of `ACTION_MODES`.
    """
    if action_mode == "keys":
        return (pressed & (np.asarray(mask)[: len(KEYS)] > 0)).astype(np.int8)
    number = int(pressed.argmax()) + 1 if pressed.any() else 0
    return number if mask[number] else 0


def list_in(text: str) -> str:
    """What stands from the first bracket to the last, for replies that wrap a list in words or a code block."""
    first, last = text.find("["), text.rfind("]")
    return text[first : last + 1] if 0 <= first < last else text


def _part(row: Any) -> Part:
    if not isinstance(row, dict) or set(row) != {"keys", "steps"}:
        raise ValueError(f"a part must be {{'keys': ..., 'steps': ...}}, got {_short(row)}")
    keys, steps = row["keys"], row["steps"]
    if not isinstance(keys, str) or not set(keys) <= set(KEYS) or len(set(keys)) != len(keys):
        raise ValueError(f"keys must be different letters of {''.join(KEYS)}, got {_short(keys)}")
    if any(OPPOSITES[key] in keys for key in keys):
        raise ValueError(f"keys must not cancel each other, got {keys!r}")
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise ValueError(f"steps must be a whole number from 1, got {_short(steps)}")
    return Part(in_order(keys), steps)


def in_order(keys: Sequence[str]) -> str:
    """Keys in the order of `KEYS`."""
    return "".join(key for key in KEYS if key in keys)


def _short(value: Any) -> str:
    """What came, no longer than a line."""
    told = repr(value)
    return told if len(told) <= 60 else told[:57] + "..."
