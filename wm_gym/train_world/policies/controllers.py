"""Controller models: a wanted twist as a stick or a keyboard gives it.

People steer with smooth sticks, players with key chords and agents with single keys; recordings hold all of them, so
that a model follows all of them.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

CONTROLLER_SHARES: dict[str, float] = {"smooth": 0.5, "chords": 0.25, "single": 0.25}
"""Share of recorded clips of each controller."""

_SWAY = 0.03


class Controller(Protocol):
    """Turns wanted twists into given ones.

    Attributes:
        level_degrees: Least error of a heading that it can reach.
        turns_walking: Whether it can turn and walk at once.
    """

    level_degrees: float
    turns_walking: bool

    def draw_paces(self, rng: np.random.Generator) -> tuple[float, float]:
        """Walking and turning speed, as fractions of the body's."""
        ...

    def steer(self, wanted: np.ndarray) -> np.ndarray:
        """The twist (4,) that is given for the one that is wanted."""
        ...


class SmoothController:
    """A stick: speeds change gradually, and never hold quite still while the body moves."""

    level_degrees = 2.0
    turns_walking = True

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = np.random.default_rng(int(rng.integers(2**63)))
        self._last, self._sway = np.zeros(4), np.zeros(4)
        self._quickness = float(rng.uniform(0.35, 0.9))

    def draw_paces(self, rng: np.random.Generator) -> tuple[float, float]:
        """Random speeds up to the top speed."""
        return float(rng.uniform(0.5, 1.0)), float(rng.uniform(0.35, 1.0))

    def steer(self, wanted: np.ndarray) -> np.ndarray:
        """Ease towards the wanted twist; more quickly where it wants to stop, lest it overshoots."""
        stops = np.abs(wanted) < np.abs(self._last)
        ease = np.where(stops, max(0.75, self._quickness), self._quickness)
        self._last = self._last + ease * (wanted - self._last)
        self._sway = 0.8 * self._sway + _SWAY * self._rng.normal(size=4)
        walking, turning = float(np.abs(self._last[:2]).max()), float(np.abs(self._last[:3]).max())
        share = np.minimum(1.0, 2 * np.array([0.5 * walking, 0.5 * walking, turning, 0.7 * turning]))
        return np.clip(self._last + share * self._sway, -1.0, 1.0)


class KeyController:
    """A keyboard: each speed is all or nothing, several at once or only the one that matters most.

    What is wanted adds up until it is worth a press, so lower speeds become taps.
    """

    level_degrees = 9.5

    def __init__(self, *, single: bool) -> None:
        self._single = single
        self.turns_walking = not single
        self._owed = np.zeros(4)

    def draw_paces(self, rng: np.random.Generator) -> tuple[float, float]:
        """Keys know only top speed."""
        return 1.0, 1.0

    def steer(self, wanted: np.ndarray) -> np.ndarray:
        """Press the keys for whose speeds enough has added up."""
        self._owed = np.where(np.abs(wanted) < 0.05, 0.0, np.clip(self._owed + wanted, -1.0, 1.0))
        pressed = np.where(np.abs(self._owed) >= 0.5, np.sign(self._owed), 0.0)
        if self._single:
            # turning goes before walking, or a body that walks on would miss its turn
            urgency = np.abs(self._owed) * np.array([1.0, 1.0, 1.5, 0.9])
            pressed[np.arange(4) != int(urgency.argmax())] = 0.0
        self._owed -= pressed
        across = np.hypot(pressed[0], pressed[1])
        pressed[:2] /= max(1.0, across)
        return pressed


def make_controller(name: str, rng: np.random.Generator) -> Controller:
    """The controller with this name.

    Raises:
        ValueError: If there is none.
    """
    if name not in CONTROLLER_SHARES:
        raise ValueError(f"controller must be one of {sorted(CONTROLLER_SHARES)}, got {name!r}")
    return SmoothController(rng) if name == "smooth" else KeyController(single=name == "single")
