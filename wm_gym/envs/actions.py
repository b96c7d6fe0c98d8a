"""Action spaces: one key at a time, chords of keys, or a body twist. All become twists of the same body."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import gymnasium as gym
import numpy as np

from wm_gym.choices import check_choice
from wm_gym.geometry.motion import KEYS, Body, velocities_from_keys

MEANINGS = (
    "stand still", "walk forward", "step left", "walk backward", "step right",
    "look up", "look left", "look down", "look right",
)  # fmt: skip
"""What each discrete action does."""

TWIST_TOLERANCE = 1e-5
"""Twists beyond -1..1 by no more than this are clipped: it is rounding."""

_KEY_OF_ACTION = (None, "W", "A", "S", "D", "I", "J", "K", "L")


@dataclass(frozen=True)
class Command:
    """One action, held for the T frames of a step.

    Attributes:
        twists: (1, T, 4) float64 forward, left, yaw, pitch in -1..1.
        keys: (1, T, 8) bool, or None where no keys were pressed.
        meaning: Description of its effect, such as "walk forward".
    """

    twists: np.ndarray
    keys: np.ndarray | None
    meaning: str


class ActionMode(Protocol):
    """A space of actions, and the twists of the body that they stand for.

    Attributes:
        is_chord: Whether an action is several buttons at once, each up or down.
    """

    is_chord: bool

    @property
    def space(self) -> gym.Space[Any]:
        """The space."""
        ...

    def read(self, action: Any, num_frames: int) -> Command:
        """The command of one action. Raises ValueError for what is not in the space."""
        ...

    def mask(self, body_pose: np.ndarray, body: Body) -> np.ndarray:
        """(A,) int8: 1 for actions that would do something."""
        ...

    def keyboard(self) -> dict[tuple[int, ...], Any]:
        """Codes of pressed keys (small letters) to actions."""
        ...


class Discrete:
    """Stand still, or one of W, A, S, D, I, J, K, L."""

    is_chord = False

    def __init__(self) -> None:
        """Nine actions: none, or one key."""
        self.space = gym.spaces.Discrete(len(_KEY_OF_ACTION))

    def read(self, action: Any, num_frames: int) -> Command:
        """The command of action 0..8."""
        scalar = _as_scalar(action)
        if isinstance(scalar, bool | np.bool_) or not self.space.contains(scalar):
            raise ValueError(f"action must be an integer in 0..{self.space.n - 1}, got {action!r}")
        key = _KEY_OF_ACTION[int(action)]
        pressed = np.array([key == name for name in KEYS])
        return _hold_keys(pressed, num_frames, MEANINGS[int(action)])

    def mask(self, body_pose: np.ndarray, body: Body) -> np.ndarray:
        """Looking further up or down than the body can does nothing."""
        mask = np.ones(len(_KEY_OF_ACTION), np.int8)
        limit = np.radians(body.max_pitch_degrees) - 1e-9
        mask[_KEY_OF_ACTION.index("I")] = body_pose[4] < limit
        mask[_KEY_OF_ACTION.index("K")] = body_pose[4] > -limit
        return mask

    def keyboard(self) -> dict[tuple[int, ...], int]:
        """One key at a time."""
        return {(ord(key.lower()),): action for action, key in enumerate(_KEY_OF_ACTION) if key is not None}


class Keys:
    """Chords as a keyboard gives them: eight buttons W, A, S, D, I, J, K, L, each up or down."""

    is_chord = True

    def __init__(self) -> None:
        """Eight buttons."""
        self.space = gym.spaces.MultiBinary(len(KEYS))

    def read(self, action: Any, num_frames: int) -> Command:
        """The command of eight zeros and ones."""
        chord = np.asarray(action)
        if chord.shape != (len(KEYS),) or not np.isin(chord, (0, 1)).all():
            raise ValueError(f"action must be {len(KEYS)} zeros or ones for the keys {'+'.join(KEYS)}, got {action!r}")
        names = [name for name, down in zip(KEYS, chord, strict=True) if down]
        meaning = " and ".join(MEANINGS[_KEY_OF_ACTION.index(name)] for name in names) or MEANINGS[0]
        return _hold_keys(chord.astype(bool), num_frames, meaning)

    def mask(self, body_pose: np.ndarray, body: Body) -> np.ndarray:
        """Every key can be pressed."""
        return np.ones(len(KEYS), np.int8)

    def keyboard(self) -> dict[tuple[int, ...], np.ndarray]:
        """Every chord."""
        return {codes: chord.astype(np.int8) for codes, chord in _chords()}


class Twist:
    """A body twist: forward, left, turn left, look up, each as a fraction -1..1 of the body's top speed."""

    is_chord = False

    def __init__(self) -> None:
        """Four numbers."""
        self.space = gym.spaces.Box(-1.0, 1.0, (4,), np.float32)

    def read(self, action: Any, num_frames: int) -> Command:
        """The command of four numbers."""
        twist = np.asarray(action)
        if twist.shape != (4,) or twist.dtype.kind not in "fiu":
            raise ValueError(f"action must be 4 numbers (forward, left, yaw, pitch), got {action!r}")
        if not np.isfinite(twist).all() or np.abs(twist).max() > 1.0 + TWIST_TOLERANCE:
            raise ValueError(f"action must be finite and within -1..1, got {action!r}")
        held = np.tile(twist.astype(np.float64).clip(-1.0, 1.0), (1, num_frames, 1))
        return Command(held, None, "move by a twist")

    def mask(self, body_pose: np.ndarray, body: Body) -> np.ndarray:
        """Every component can be used."""
        return np.ones(4, np.int8)

    def keyboard(self) -> dict[tuple[int, ...], np.ndarray]:
        """Every chord of keys, at top speed."""
        return {codes: velocities_from_keys(chord).astype(np.float32) for codes, chord in _chords()}


ACTION_MODES: dict[str, type[Discrete] | type[Keys] | type[Twist]] = {
    "discrete": Discrete,
    "keys": Keys,
    "twist": Twist,
}


def find_action_mode(name: str) -> ActionMode:
    """The action mode of that name.

    Raises:
        ValueError: If there is none.
    """
    check_choice("action_mode", name, sorted(ACTION_MODES))
    return ACTION_MODES[name]()


def _chords() -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Codes of the keys and (8,) bool, for every set of at least one key."""
    for size in range(1, len(KEYS) + 1):
        for keys in combinations(KEYS, size):
            yield tuple(ord(key.lower()) for key in keys), np.array([key in keys for key in KEYS])


def _as_scalar(action: Any) -> Any:
    return action.item() if isinstance(action, np.ndarray) and action.shape == () else action


def _hold_keys(pressed: np.ndarray, num_frames: int, meaning: str) -> Command:
    held = np.tile(pressed, (1, num_frames, 1))
    return Command(velocities_from_keys(held), held, meaning)
