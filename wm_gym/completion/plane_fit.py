"""Inpainted depth fitted to planes: the inverse depth of a plane is linear in the image, so the fit is linear there.

Codes quantise depth into steps. Seen from another pose, a floor of steps has holes and edges; a plane has none.
"""

from __future__ import annotations

import numpy as np
from numba import njit

RADIUS = 4
"""Half side of the square of pixels that a plane is fitted to."""

NEIGHBOUR = np.float32(0.12)
"""Largest relative difference of depth between neighbours on one surface."""

KNOWN_WEIGHT = 4.0
"""Weight of a remembered pixel in a fit; an inpainted one has weight 1."""

NUM_ROUNDS = 2
ONE = np.float32(1.0)
MIN_PIXELS = 6
"""Fewest neighbours that a plane is fitted to."""


def fit_planes(depth: np.ndarray, inpainted: np.ndarray, far_metres: float) -> np.ndarray:
    """The depth (H, W) float32 metres with its inpainted pixels moved onto planes fitted around them.

    Args:
        depth: (H, W) float32 metres; 0 is unknown.
        inpainted: (H, W) bool.
        far_metres: Depth that stands for the sky, which has no plane.
    """
    for _ in range(NUM_ROUNDS):
        depth = _fit(depth, inpainted, np.float32(0.9 * far_metres))
    return depth


@njit(nogil=True, cache=True, error_model="numpy")
def _fit(depth, inpainted, sky):
    """One round: each inpainted pixel is moved onto the plane through its neighbours on the same surface."""
    height, width = depth.shape
    out = depth.copy()
    for row in range(height):
        for column in range(width):
            centre = depth[row, column]
            if not inpainted[row, column] or centre <= 0.0 or centre >= sky:
                continue
            nearest, farthest = centre * (ONE - NEIGHBOUR), centre * (ONE + NEIGHBOUR)
            n = sx = sy = sxx = sxy = syy = sq = sxq = syq = 0.0
            count = 0
            for r in range(max(0, row - RADIUS), min(height, row + RADIUS + 1)):
                for c in range(max(0, column - RADIUS), min(width, column + RADIUS + 1)):
                    there = depth[r, c]
                    if there < nearest or there > farthest or there >= sky:
                        continue
                    weight = 1.0 if inpainted[r, c] else KNOWN_WEIGHT
                    x, y, q = float(c - column), float(r - row), 1.0 / there
                    n += weight
                    sx += weight * x
                    sy += weight * y
                    sxx += weight * x * x
                    sxy += weight * x * y
                    syy += weight * y * y
                    sq += weight * q
                    sxq += weight * x * q
                    syq += weight * y * q
                    count += 1
            if count < MIN_PIXELS:
                continue
            # normal equations of q = a + b x + c y, solved for a
            mxx, mxy, myy = sxx - sx * sx / n, sxy - sx * sy / n, syy - sy * sy / n
            mxq, myq = sxq - sx * sq / n, syq - sy * sq / n
            determinant = mxx * myy - mxy * mxy
            if determinant < 1e-3 * mxx * myy + 1e-9:
                continue
            b, d = (mxq * myy - myq * mxy) / determinant, (myq * mxx - mxq * mxy) / determinant
            a = (sq - b * sx - d * sy) / n
            if a * centre > 0.8 and a * centre < 1.25:
                out[row, column] = 1.0 / a
    return out
