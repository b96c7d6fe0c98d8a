"""How an environment is moved: chords of keys held at random, and the environment's action for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wm_gym.geometry.motion import velocities_from_keys
from wm_gym.train_world.data.environments.config import NOOP, TWIST_PARTS, keys_of_chord

_TURNS = ("J", "L")
_LEAST_MOVED = 0.2
_AHEAD, _REST = 4.0, 0.25
_LONGEST = 6
_PLAIN_CHORDS = {"forward": ("W", "S"), "left": ("A", "D"), "yaw": ("J", "L"), "pitch": ("I", "K")}


@dataclass(frozen=True)
class Act:
    """What is held for one step.

    Attributes:
        chord: Its keys.
        action: Of the environment.
    """

    chord: str
    action: Any

    @property
    def keys(self) -> np.ndarray:
        """(8,) bool."""
        return keys_of_chord(self.chord)

    @property
    def twist(self) -> np.ndarray:
        """(4,) float64 forward, left, yaw, pitch."""
        return velocities_from_keys(self.keys)


class Acts:
    """The actions of an environment, by chord."""

    def __init__(self, actions: Mapping[str, Any], space: Any) -> None:
        """The chords of a mapping.

        Args:
            actions: As `EnvironmentConfig.actions`.
            space: Action space of the environment.

        Raises:
            ValueError: If it names none, or one that the space does not hold.
        """
        by_twist = any(name in TWIST_PARTS for name in actions)
        if not actions:
            raise ValueError(
                "source.actions must say which action each chord of keys is, such as {W: 2, J: 0, L: 1}, got none for "
                f"{space}"
            )
        self.acts = _by_twist(actions, space) if by_twist else _by_chord(actions, space)
        if not any(chord != NOOP for chord in self.acts):
            raise ValueError(f"source.actions must hold a chord that moves the camera, got {list(actions)}")

    def rest(self) -> Act:
        """The chord without keys, or else the first that turns."""
        return self.acts.get(NOOP) or next((self.acts[one] for one in _TURNS if one in self.acts), self._first())

    def _first(self) -> Act:
        return next(iter(self.acts.values()))


class HeldChords:
    """A policy: chords at random, each held for a few steps, mostly ahead; what is blocked turns away.

    Every choice follows from its generator and how far the camera came.
    """

    def __init__(self, acts: Acts, rng: np.random.Generator) -> None:
        """A policy for one clip."""
        self._acts, self._rng = acts.acts, rng
        self._weights = np.array([_weight(chord) for chord in self._acts])
        self._act, self._left, self._farthest = acts.rest(), 0, 0.0

    def act(self, moved_metres: float) -> Act:
        """What to hold in the next step.

        Args:
            moved_metres: How far the camera came in the last one.
        """
        walks = bool(np.abs(self._act.twist[:2]).max() > 0)
        self._farthest = max(self._farthest, moved_metres)
        blocked = walks and moved_metres < _LEAST_MOVED * self._farthest
        if self._left <= 0 or blocked:
            self._choose(turns=blocked)
        self._left -= 1
        return self._act

    def _choose(self, *, turns: bool) -> None:
        turning = [chord for chord in self._acts if chord in _TURNS] if turns else []
        names = turning or list(self._acts)
        weights = np.ones(len(names)) if turning else self._weights
        self._act = self._acts[names[int(self._rng.choice(len(names), p=weights / weights.sum()))]]
        self._left = int(self._rng.integers(1, _LONGEST + 1))


def _weight(chord: str) -> float:
    if chord == NOOP:
        return _REST
    return _AHEAD if "W" in chord else 1.0


def _by_chord(actions: Mapping[str, Any], space: Any) -> dict[str, Act]:
    return {chord: Act(chord, _checked(action, space, chord)) for chord, action in actions.items()}


def _by_twist(actions: Mapping[str, Any], space: Any) -> dict[str, Act]:
    """The chords that vectors of twist parts give: none, each key, and each key of walking with each of turning."""
    if not hasattr(space, "low"):
        raise ValueError(
            f"source.actions must name chords for actions that are no Box, got {list(actions)} for {space}"
        )
    signed = {
        key: sign * np.asarray(actions[part], np.float64)
        for part in actions
        for key, sign in zip(_PLAIN_CHORDS[part], (1.0, -1.0), strict=True)
    }
    chords = [NOOP, *signed, *(walk + turn for walk in "WSAD" if walk in signed for turn in "JL" if turn in signed)]
    zero = np.zeros(space.shape)
    sums = {one: zero if one == NOOP else sum((signed[key] for key in one), zero) for one in chords}
    return {one: Act(one, _checked(action, space, one)) for one, action in sums.items()}


def _checked(action: Any, space: Any, chord: str) -> Any:
    """An action as its space holds it: a number or an array of the space's type."""
    shape, dtype = getattr(space, "shape", None), getattr(space, "dtype", None)
    made = np.asarray(action, dtype) if shape else action
    if not space.contains(made):
        raise ValueError(f"source.actions.{chord} must be an action of {space}, got {action!r}")
    return made
