"""Pseudorandom numbers as a function of integers, the same on every machine, for numba kernels."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def chance(seed: int, index: int, channel: int) -> float:
    """A number in 0..1 for a seed, an index and a channel.

    Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    """
    state = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(index) * np.uint64(0xD1B54A32D192ED03)
    state += np.uint64(channel + 1) * np.uint64(0x8CB92BA72F3D8DD7)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return float((state ^ (state >> np.uint64(31))) >> np.uint64(11)) / 9007199254740992.0


@numba.njit(cache=True, nogil=True)
def smooth_noise(seed: int, x: float, y: float) -> float:
    """Value noise in 0..1 on the plane, with one lattice cell per unit."""
    left, low = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - left, y - low
    fx, fy = fx * fx * (3.0 - 2.0 * fx), fy * fy * (3.0 - 2.0 * fy)
    key = (left + 32768) * 65536 + low + 32768
    bottom = chance(seed, key, 0) * (1.0 - fx) + chance(seed, key + 65536, 0) * fx
    top = chance(seed, key + 1, 0) * (1.0 - fx) + chance(seed, key + 65537, 0) * fx
    return bottom * (1.0 - fy) + top * fy
