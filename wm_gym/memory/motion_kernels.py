"""Segmentation of moving points into objects, compiled for the CPU. Knows nothing of time."""

from __future__ import annotations

import numpy as np
from numba import njit

NO_OBJECT = -1
"""Label of a point that belongs to no object."""

_FREE = -2


@njit(nogil=True, cache=True, error_model="numpy")
def label_objects(positions, radius, fewest, most):
    """The object of each point, by greedy clustering along the ground.

    An object is centred on the mean of the unlabelled points around the first one, and takes the unlabelled points
    around that centre.

    Args:
        positions: (n, 3) float32 metres; z is ignored.
        radius: Metres from an object's centre within which points belong to it.
        fewest: Fewest points of an object.
        most: Most objects.

    Returns:
        (n,) int32 labels, 0 for the first object; `NO_OBJECT` for clusters too small and for points left over.
    """
    labels = np.full(len(positions), _FREE, np.int32)
    count, first = 0, 0
    while count < most:
        while first < len(labels) and labels[first] != _FREE:
            first += 1
        if first == len(labels):
            break
        x, y = _centre(positions, labels, first, radius)  # the first point may be a hand
        size = 0
        for k in range(first, len(labels)):
            if labels[k] == _FREE and (k == first or _is_near(positions, k, x, y, radius)):
                labels[k] = count
                size += 1
        if size < fewest:
            _relabel(labels, count, NO_OBJECT)
        else:
            count += 1
    _relabel(labels, _FREE, NO_OBJECT)
    return labels


@njit(nogil=True, cache=True, error_model="numpy")
def _centre(positions, labels, first, radius):
    """X and y of the mean of the unlabelled points near the first one."""
    x, y, near = 0.0, 0.0, 0
    for k in range(first, len(labels)):
        if labels[k] == _FREE and _is_near(positions, k, positions[first, 0], positions[first, 1], radius):
            x += positions[k, 0]
            y += positions[k, 1]
            near += 1
    return x / near, y / near


@njit(nogil=True, cache=True, error_model="numpy")
def _is_near(positions, k, x, y, radius):
    return (positions[k, 0] - x) ** 2 + (positions[k, 1] - y) ** 2 < radius * radius


@njit(nogil=True, cache=True, error_model="numpy")
def _relabel(labels, old, new):
    for k in range(len(labels)):
        if labels[k] == old:
            labels[k] = new
