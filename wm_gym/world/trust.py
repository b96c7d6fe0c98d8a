"""How far generated frames agree with what memory knew, and how far that may be believed. Knows nothing of models."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from wm_gym.memory.hints import Hints
from wm_gym.world_model import Chunk


def trust_of(
    chunk: Chunk, hints: Hints, *, colour_tolerance: float = 24.0, depth_tolerance: float = 0.1
) -> list[float]:
    """For each world, the share of what memory knew (still, in today's appearance) that may be believed.

    That is what the frames agree with, and what is seen from the side that some frame has shown: where memory has a
    surface from behind, what stands before it is missing.

    Args:
        chunk: With depth.
        hints: At the chunk's poses.
        colour_tolerance: Mean absolute difference over the channels, of 255.
        depth_tolerance: Absolute difference of log-depth.

    Returns:
        N shares; 0 where memory knew nothing.
    """
    assert chunk.depth is not None
    known = hints.seen & ~hints.moving & hints.same_appearance & (chunk.depth > 0)
    made, remembered = (t.flatten(1, 3).contiguous().numpy() for t in (chunk.frames, hints.colour))
    planes = chunk.depth, hints.log_depth, known, hints.from_behind
    depth, log_depth, counts, behind = (t.flatten(1).contiguous().numpy() for t in planes)
    shares = np.zeros(len(known))
    _agreement(made, remembered, depth, log_depth, counts, behind, 3 * colour_tolerance, depth_tolerance, shares)
    return shares.tolist()


@njit(nogil=True, cache=True, error_model="numpy")
def _agreement(frames, remembered, depth, log_depth, known, behind, colour_tolerance, depth_tolerance, shares):
    """The share of known pixels that agree and are none of `behind`, to `shares` (N,); 0 where none are known.

    Args:
        frames: (N, P, 3) uint8, P pixels of each world.
        remembered: (N, P, 3) uint8.
        depth: (N, P) float32 metres.
        log_depth: (N, P) float32, remembered.
        known: (N, P) bool, the pixels that count.
        behind: (N, P) bool, those that are seen from behind.
        colour_tolerance: Largest sum of absolute differences over the channels.
        depth_tolerance: Largest absolute difference of log-depth.
        shares: (N,) float64, filled.
    """
    for n in range(known.shape[0]):
        count = agreeing = 0
        for p in range(known.shape[1]):
            if not known[n, p]:
                continue
            count += 1
            if behind[n, p]:
                continue
            difference = 0
            for c in range(3):
                difference += abs(np.int32(frames[n, p, c]) - np.int32(remembered[n, p, c]))
            if difference <= colour_tolerance:
                agreeing += abs(math.log(depth[n, p]) - log_depth[n, p]) <= depth_tolerance
        shares[n] = agreeing / count if count else 0.0
