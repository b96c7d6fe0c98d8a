"""`SpaceToDepthCodec`, compiled for the CPU: hints to channels, and channels to frames and depth.

Every kernel goes frame by frame, is sequential and writes only to its arguments.

Shapes: N worlds, T frames, H x W pixels. Knows nothing of the transformer.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

ZERO, ONE, TWO = np.float32(0.0), np.float32(1.0), np.float32(2.0)
LEVELS = np.float32(127.5)
"""Levels of a colour from 0 to 1."""


@njit(nogil=True, cache=True, error_model="numpy")
def pack_hints(colour, log_depth, seen, moving, age, same, logs, channels):
    """Hints as channels, all zero where nothing is seen.

    Args:
        colour: (N, T, H, W, 3) uint8.
        log_depth: (N, T, H, W) float32.
        seen: (N, T, H, W) bool.
        moving: (N, T, H, W) bool.
        age: (N, T, H, W) int32.
        same: (N, T, H, W) bool, same appearance.
        logs: float32 logarithms: of the near depth, of the far depth, of one more than the scale of ages.
        channels: (N, T, 8, H, W) float32, filled.
    """
    low, high, oldest = logs
    for n, t, y, x in np.ndindex(seen.shape):
        out = channels[n, t, :, y, x]
        if not seen[n, t, y, x]:
            out[:] = ZERO
            continue
        for c in range(3):
            out[c] = np.float32(colour[n, t, y, x, c]) / LEVELS - ONE
        scaled = (log_depth[n, t, y, x] - low) / (high - low) * TWO - ONE
        out[3] = min(max(scaled, -ONE), ONE)
        out[4] = ONE
        out[5] = ONE if moving[n, t, y, x] else -ONE
        out[6] = math.log(np.float32(1 + max(age[n, t, y, x], 0))) / oldest
        out[7] = ONE if same[n, t, y, x] else -ONE


@njit(nogil=True, cache=True, error_model="numpy")
def unpack_frames(channels, logs, far, frames, depth):
    """Channels as frames and depth.

    Args:
        channels: (N, T, 5, H, W) float32; beyond -1..1 they are clamped.
        logs: float32 logarithms of the near and the far depth.
        far: float32 metres, the largest depth.
        frames: (N, T, H, W, 3) uint8, filled.
        depth: (N, T, H, W) float32 metres, filled.
    """
    low, high = logs
    for n, t, y, x in np.ndindex(depth.shape):
        for c in range(3):
            value = min(max(channels[n, t, c, y, x], -ONE), ONE)
            frames[n, t, y, x, c] = np.uint8(np.rint((value + ONE) * LEVELS))
        scaled = min(max(channels[n, t, 3, y, x], -ONE), ONE)
        depth[n, t, y, x] = min(math.exp((scaled + ONE) / TWO * (high - low) + low), far)
