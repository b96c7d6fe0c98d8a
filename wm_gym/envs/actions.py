"""Action spaces: one key at a time, chords of keys, or a body twist. All become twists of the same body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium as gym
import numpy as np

from wm_gym.geometry.motion import KEYS, Body, velocities_from_keys

MEANINGS = (
    "stand still", "walk forward", "step left", "walk backward", "step right",
    "look up", "look left", "look down", "look right",
)  # fmt: skip
"""What each discrete action does."""

_KEY_OF_ACTION = (None, "W", "A", "S", "D", "I", "J", "K", "L")


@dataclass(frozen=True)
class Command:
    """One action, held for the T frames of a step.

    Attributes:
        twists: (1, T, 4) float64 forward, left, yaw, pitch in -1..1.
        keys: (1, T, 8) bool, or None where no keys were pressed.
        meaning: What it does, in words.
    """

    twists: np.ndarray
    keys: np.ndarray | None
    meaning: str


class ActionMode(Protocol):
    """A space of actions and what they mean to the body."""

    @property
    def space(self) -> gym.Space[Any]:
        """The space."""
        ...

    def read(self, action: Any, num_frames: int) -> Command:
        """The command of one action. Raises ValueError for what is not in the space."""
        ...

    def mask(self, stance: np.ndarray, body: Body) -> np.ndarray:
        """Which actions would do something, int8."""
        ...


class Discrete:
    """Stand still, or one of W, A, S, D, I, J, K, L."""

    def __init__(self) -> None:
        """No settings."""
        self.space = gym.spaces.Discrete(len(_KEY_OF_ACTION))

    def read(self, action: Any, num_frames: int) -> Command:
        """The command of action 0..8."""
        if isinstance(action, (bool, np.bool_)) or not self.space.contains(_as_scalar(action)):
            raise ValueError(f"action must be an integer in 0..{self.space.n - 1}, got {action!r}")
        key = _KEY_OF_ACTION[int(action)]
        pressed = np.array([key == name for name in KEYS])
        return _hold_keys(pressed, num_frames, MEANINGS[int(action)])

    def mask(self, stance: np.ndarray, body: Body) -> np.ndarray:
        """Looking further up or down than the body can does nothing."""
        mask = np.ones(len(_KEY_OF_ACTION), np.int8)
        limit = np.radians(body.max_pitch_degrees) - 1e-9
        mask[_KEY_OF_ACTION.index("I")] = stance[4] < limit
        mask[_KEY_OF_ACTION.index("K")] = stance[4] > -limit
        return mask


class Keys:
    """Chords as a keyboard gives them: eight buttons W, A, S, D, I, J, K, L, each up or down."""

    def __init__(self) -> None:
        """No settings."""
        self.space = gym.spaces.MultiBinary(len(KEYS))

    def read(self, action: Any, num_frames: int) -> Command:
        """The command of eight zeros and ones."""
        chord = np.asarray(action)
        if chord.shape != (len(KEYS),) or not np.isin(chord, (0, 1)).all():
            raise ValueError(f"action must be {len(KEYS)} zeros or ones for the keys {'+'.join(KEYS)}, got {action!r}")
        names = [name for name, down in zip(KEYS, chord, strict=True) if down]
        meaning = " and ".join(MEANINGS[_KEY_OF_ACTION.index(name)] for name in names) or MEANINGS[0]
        return _hold_keys(chord.astype(bool), num_frames, meaning)

    def mask(self, stance: np.ndarray, body: Body) -> np.ndarray:
        """Every key can be pressed."""
        return np.ones(len(KEYS), np.int8)


class Twist:
    """A body twist: forward, left, turn left, look up, each as a fraction -1..1 of the body's top speed."""

    def __init__(self) -> None:
        """No settings."""
        self.space = gym.spaces.Box(-1.0, 1.0, (4,), np.float32)

    def read(self, action: Any, num_frames: int) -> Command:
        """The command of four numbers."""
        twist = np.asarray(action)
        if twist.shape != (4,) or twist.dtype.kind not in "fiu":
            raise ValueError(f"action must be 4 numbers (forward, left, yaw, pitch), got {action!r}")
        if not np.isfinite(twist).all() or np.abs(twist).max() > 1.0:
            raise ValueError(f"action must be finite and within -1..1, got {action!r}")
        held = np.tile(twist.astype(np.float64), (1, num_frames, 1))
        return Command(held, None, "move by a twist")

    def mask(self, stance: np.ndarray, body: Body) -> np.ndarray:
        """Every component can be used."""
        return np.ones(4, np.int8)


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
    if name not in ACTION_MODES:
        raise ValueError(f"action_mode must be one of {sorted(ACTION_MODES)}, got {name!r}")
    return ACTION_MODES[name]()


def _as_scalar(action: Any) -> Any:
    return action.item() if isinstance(action, np.ndarray) and action.shape == () else action


def _hold_keys(pressed: np.ndarray, num_frames: int, meaning: str) -> Command:
    held = np.tile(pressed, (1, num_frames, 1))
    return Command(velocities_from_keys(held), held, meaning)
