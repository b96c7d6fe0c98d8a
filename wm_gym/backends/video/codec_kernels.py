"""`SpaceToDepthCodec`, compiled for the CPU: hints to channels, and channels to frames and depth.

Every kernel goes frame by frame, is sequential and writes only to its arguments.

Shapes: F frames of H x W pixels. Knows nothing of the transformer.
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
        colour: (F, H, W, 3) uint8.
        log_depth: (F, H, W) float32.
        seen: (F, H, W) bool.
        moving: (F, H, W) bool.
        age: (F, H, W) int32.
        same: (F, H, W) bool, same appearance.
        logs: float32 logarithms: of the near depth, of the far depth, of one more than the scale of ages.
        channels: (F, 8, H, W) float32, filled.
    """
    low, high, oldest = logs
    for f in range(len(seen)):
        out = channels[f]
        for y in range(seen.shape[1]):
            for x in range(seen.shape[2]):
                shown = ONE if seen[f, y, x] else ZERO
                for c in range(3):
                    out[c, y, x] = (np.float32(colour[f, y, x, c]) / LEVELS - ONE) * shown
                scaled = (log_depth[f, y, x] - low) / (high - low) * TWO - ONE
                out[3, y, x] = min(max(scaled, -ONE), ONE) * shown
                out[4, y, x] = shown
                out[5, y, x] = shown if moving[f, y, x] else -shown
                out[6, y, x] = ZERO
                out[7, y, x] = shown if same[f, y, x] else -shown
                if seen[f, y, x] and age[f, y, x] > 0:
                    out[6, y, x] = math.log(np.float32(1 + age[f, y, x])) / oldest


@njit(nogil=True, cache=True, error_model="numpy")
def unpack_frames(channels, logs, far, frames, depth):
    """Channels as frames and depth.

    Args:
        channels: (F, 5, H, W) float32; beyond -1..1 they are clamped.
        logs: float32 logarithms of the near and the far depth.
        far: float32 metres, the largest depth.
        frames: (F, H, W, 3) uint8, filled.
        depth: (F, H, W) float32 metres, filled.
    """
    low, high = logs
    for f in range(len(depth)):
        for y in range(depth.shape[1]):
            for x in range(depth.shape[2]):
                for c in range(3):
                    value = min(max(channels[f, c, y, x], -ONE), ONE)
                    frames[f, y, x, c] = np.uint8(np.rint((value + ONE) * LEVELS))
                scaled = min(max(channels[f, 3, y, x], -ONE), ONE)
                depth[f, y, x] = min(math.exp((scaled + ONE) / TWO * (high - low) + low), far)
