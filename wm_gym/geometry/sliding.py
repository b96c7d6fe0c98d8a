"""Sliding of a round body along obstacles.

Positions are (N, 2) float64 metres. Obstacles are a function from positions to collisions, so the walls of a map and
the points of a memory work alike. Knows neither.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Blocked = Callable[[np.ndarray], np.ndarray]
"""For (M, 2) positions, (M,) bool: whether a body there overlaps something solid."""

# overlap is measured in steps of a twelfth of the radius, up to two radii, in sixteen directions
_PROBE_STEPS = 24
_PROBE_DIRECTIONS = 16


def slide(positions: np.ndarray, moves: np.ndarray, radius_metres: float, blocked: Blocked | None) -> np.ndarray:
    """Position after a move: the whole move if free, else its larger axis component, else the smaller, else none.

    A body that already overlaps an obstacle (one appeared where it stands) may take any move that brings it no deeper,
    so it is never stuck for good and never pushed through.

    Args:
        positions: (N, 2), metres.
        moves: (N, 2), metres; none longer than the radius.
        radius_metres: Radius of the body, the scale on which overlap is measured.
        blocked: The obstacles, or None.

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
    """(M,) bool: the end is free, or the body overlaps an obstacle now and gets no deeper on the way."""
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
    """(M,) distance to the nearest free position, in probe steps; `_PROBE_STEPS` where no probe is free."""
    angles = np.arange(_PROBE_DIRECTIONS) * (2 * np.pi / _PROBE_DIRECTIONS)
    distances = np.arange(_PROBE_STEPS) * (radius_metres / 12)
    offsets = distances[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    probes = positions[:, None, None] + offsets
    solid = _ask(blocked, probes.reshape(-1, 2)).reshape(probes.shape[:-1]).all(axis=-1)
    return np.where(solid.all(axis=-1), _PROBE_STEPS, (~solid).argmax(axis=-1))


def _ask(blocked: Blocked, positions: np.ndarray) -> np.ndarray:
    """`blocked(positions)`; without positions `blocked` is not called."""
    if not len(positions):
        return np.zeros(0, dtype=bool)
    return np.asarray(blocked(positions), dtype=bool)
