"""Telling things apart among sightings, compiled for the CPU. Knows nothing of time."""

from __future__ import annotations

import numpy as np
from numba import njit

NOTHING = -1
"""Label of a point that belongs to no thing."""

_FREE = -2


@njit(nogil=True, cache=True, error_model="numpy")
def label_things(positions, reach, fewest, most):
    """The thing that each point belongs to: of the points still free, those around the middle of the first one's kin.

    Args:
        positions: (n, 3) float32; x and y count.
        reach: Points nearer than this to the middle of a thing belong to it.
        fewest: Points of a thing; fewer are a speck, which is nothing.
        most: Things.

    Returns:
        (n,) int32 labels, 0 for the first thing; `NOTHING` for specks and for what is left over.
    """
    labels = np.full(len(positions), _FREE, np.int32)
    count, first = 0, 0
    while count < most:
        while first < len(labels) and labels[first] != _FREE:
            first += 1
        if first == len(labels):
            break
        x, y = _middle(positions, labels, first, reach)  # the first point may be a hand
        size = 0
        for k in range(first, len(labels)):
            if labels[k] == _FREE and (k == first or _is_near(positions, k, x, y, reach)):
                labels[k] = count
                size += 1
        if size < fewest:
            _relabel(labels, count, NOTHING)
        else:
            count += 1
    _relabel(labels, _FREE, NOTHING)
    return labels


@njit(nogil=True, cache=True, error_model="numpy")
def _middle(positions, labels, first, reach):
    """X and y of the mean of the free points near the first one."""
    x, y, near = 0.0, 0.0, 0
    for k in range(first, len(labels)):
        if labels[k] == _FREE and _is_near(positions, k, positions[first, 0], positions[first, 1], reach):
            x += positions[k, 0]
            y += positions[k, 1]
            near += 1
    return x / near, y / near


@njit(nogil=True, cache=True, error_model="numpy")
def _is_near(positions, k, x, y, reach):
    return (positions[k, 0] - x) ** 2 + (positions[k, 1] - y) ** 2 < reach * reach


@njit(nogil=True, cache=True, error_model="numpy")
def _relabel(labels, old, new):
    for k in range(len(labels)):
        if labels[k] == old:
            labels[k] = new
