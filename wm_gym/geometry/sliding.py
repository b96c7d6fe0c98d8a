"""How a round body goes on when something solid is in its way.

Positions are (N, 2) float64 metres. What is solid is known only through a yes-or-no question about positions, so
this works for a map's walls and for a memory's points alike. Knows neither.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Blocked = Callable[[np.ndarray], np.ndarray]
"""For (M, 2) positions, (M,) bool: whether a body there overlaps something solid."""

# Overlap is told apart in steps of a twelfth of the radius, up to two radii, in sixteen directions.
_PROBE_STEPS = 24
_PROBE_DIRECTIONS = 16


def slide(positions: np.ndarray, moves: np.ndarray, radius_metres: float, blocked: Blocked | None) -> np.ndarray:
    """Where each body ends: its whole move, else the larger axis component alone, else the smaller one, else nothing.

    A body that overlaps something already (a thing appeared where it stands) may take any move that does not bring it
    deeper, so it is never held for good and never pushed through.

    Args:
        positions: (N, 2), metres.
        moves: (N, 2), metres; none longer than the radius.
        radius_metres: The body's radius, the scale on which overlap is measured.
        blocked: What is solid, or None.

    Returns:
        (N, 2), metres.
    """
    if blocked is None:
        return positions + moves
    ends = positions.copy()
    waiting = np.asarray(moves.any(axis=-1))
    for candidate in (moves, *_axis_components(moves)):
        rows = np.flatnonzero(waiting)
        passed = rows[_may_move(positions[rows], candidate[rows], radius_metres, blocked)]
        ends[passed] = positions[passed] + candidate[passed]
        waiting[passed] = False
    return ends


def _axis_components(moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The larger and the smaller axis component of each move, as moves."""
    x_is_larger = np.abs(moves[:, :1]) >= np.abs(moves[:, 1:])
    larger = moves * np.concatenate([x_is_larger, ~x_is_larger], axis=-1)
    return larger, moves - larger


def _may_move(positions: np.ndarray, moves: np.ndarray, radius_metres: float, blocked: Blocked) -> np.ndarray:
    """(M,) bool: the end is free, or the body overlaps something now and gets no deeper on the way."""
    allowed = ~_ask(blocked, positions + moves)
    stuck = np.flatnonzero(~allowed)
    stuck = stuck[_ask(blocked, positions[stuck])]
    if stuck.size:
        before = _overlap(positions[stuck], radius_metres, blocked)
        halfway = _overlap(positions[stuck] + moves[stuck] / 2, radius_metres, blocked)
        after = _overlap(positions[stuck] + moves[stuck], radius_metres, blocked)
        allowed[stuck] = (halfway <= before) & (after <= halfway)
    return allowed


def _overlap(positions: np.ndarray, radius_metres: float, blocked: Blocked) -> np.ndarray:
    """(M,) distance to the nearest free spot, in probe steps; the most there is where no probe is free."""
    angles = np.arange(_PROBE_DIRECTIONS) * (2 * np.pi / _PROBE_DIRECTIONS)
    distances = np.arange(_PROBE_STEPS) * (radius_metres / 12)
    offsets = distances[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    probes = positions[:, None, None] + offsets
    solid = _ask(blocked, probes.reshape(-1, 2)).reshape(probes.shape[:-1]).all(axis=-1)
    return np.where(solid.all(axis=-1), _PROBE_STEPS, (~solid).argmax(axis=-1))


def _ask(blocked: Blocked, positions: np.ndarray) -> np.ndarray:
    """The answer of `blocked`, which need not know how to answer about no positions at all."""
    if not len(positions):
        return np.zeros(0, dtype=bool)
    return np.asarray(blocked(positions), dtype=bool)
