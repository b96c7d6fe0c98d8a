"""A memory as a bounded cloud of points for the page, in bytes that WebGL takes as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from wm_gym.memory.memory import Memory

MOST_POINTS = 48_000
REACH_METRES = 30.0
STEP_METRES, SIZE_METRES = 0.001, 0.004
"""Units of positions and of sizes in the bytes."""

POINT = np.dtype([("position", "<i2", 3), ("colour", "u1", 3), ("size", "u1")])
"""One point: x, y, z from the origin in `STEP_METRES`, red, green, blue, the width of its splat in `SIZE_METRES`."""

_FULL = 0.9
"""Share of `MOST_POINTS` that is aimed at, since a hash takes no exact share."""


def cloud_of(memory: Memory, position: np.ndarray) -> dict[str, Any]:
    """The static points within `REACH_METRES` of a position, at most `MOST_POINTS`.

    Of more, a share of 1 / 2^n is shown, chosen by where they are: what is shown stays shown while a memory grows.

    Args:
        memory: Of one world.
        position: (3,) x, y, z in metres, world frame.

    Returns:
        "origin" (x, y, z), "step_metres", "size_metres" and "points", the bytes of P `POINT`.
    """
    origin = np.round(position, 3)
    rows = [row.points() for row in memory.static]
    near = sum(_count(row.geometry, origin, REACH_METRES) for row in rows)
    halvings = max(0, int(np.ceil(np.log2(max(near, 1) / (_FULL * MOST_POINTS)))))
    points, filled = np.zeros(MOST_POINTS, POINT), 0
    for row in rows:
        filled = _fill(
            row.geometry,
            row.record,
            origin,
            REACH_METRES,
            (1 << halvings) - 1,
            2.0 ** (halvings / 2),
            points["position"],
            points["colour"],
            points["size"],
            filled,
        )
    return {
        "origin": origin.tolist(),
        "step_metres": STEP_METRES,
        "size_metres": SIZE_METRES,
        "points": points[:filled].tobytes(),
    }


@njit(nogil=True, cache=True, error_model="numpy")
def _count(geometry, origin, reach):
    """Number of points (P, 4) within reach of an origin (3,)."""
    near = 0
    for p in range(geometry.shape[0]):
        x, y, z = geometry[p, 0] - origin[0], geometry[p, 1] - origin[1], geometry[p, 2] - origin[2]
        near += x * x + y * y + z * z < reach * reach
    return near


@njit(nogil=True, cache=True, error_model="numpy")
def _fill(geometry, record, origin, reach, mask, widening, positions, colours, sizes, filled):
    """Write points into arrays.

    Args:
        geometry: (P, 4) float32 x, y, z and splat size, metres.
        record: (P, 4) int32, of which the first holds red, green and blue in its low bytes.
        origin: (3,) that positions count from.
        reach: Distance from it up to which points are taken.
        mask: Points are taken whose hash has none of these bits.
        widening: Of sizes, for the points that are left out.
        positions: (M, 3) int16 in `STEP_METRES`, updated.
        colours: (M, 3) uint8, updated.
        sizes: (M,) uint8 in `SIZE_METRES`, updated.
        filled: Points that are there.

    Returns:
        Points that are there then, at most M.
    """
    for p in range(geometry.shape[0]):
        x, y, z = geometry[p, 0] - origin[0], geometry[p, 1] - origin[1], geometry[p, 2] - origin[2]
        if filled == positions.shape[0] or x * x + y * y + z * z >= reach * reach:
            continue
        place = np.int64(geometry[p, 0] * 512) * 73856093 ^ np.int64(geometry[p, 1] * 512) * 19349663
        place ^= np.int64(geometry[p, 2] * 512) * 83492791
        if (place ^ place >> 15) & mask:
            continue
        positions[filled, 0], positions[filled, 1] = round(x / STEP_METRES), round(y / STEP_METRES)
        positions[filled, 2] = round(z / STEP_METRES)
        for c in range(3):
            colours[filled, c] = (record[p, 0] >> (8 * c)) & 255
        sizes[filled] = min(255, max(1, round(geometry[p, 3] * widening / SIZE_METRES)))
        filled += 1
    return filled
