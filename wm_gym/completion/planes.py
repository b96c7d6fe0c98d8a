"""CompletedHints depth as pieces of planes: a plane's inverse depth is linear in the picture, so it is fitted there.

Codes tell depth in steps. Seen from elsewhere a floor of steps has holes and edges; a floor of planes has none.
"""

from __future__ import annotations

import numpy as np
from numba import njit

RADIUS = 4
"""Pixels around one that its plane is fitted to."""

NEIGHBOUR = np.float32(0.12)
"""Share of the depth by which a neighbour on the same surface may differ."""

KNOWN_WEIGHT = 4.0
"""What a remembered pixel weighs in a fit, against a painted one."""

ROUNDS = 2
ONE = np.float32(1.0)
LEAST_PIXELS = 6


def flattened(depth: np.ndarray, painted: np.ndarray, far_metres: float) -> np.ndarray:
    """Depth (H, W) float32 metres, whose painted pixels lie on planes fitted around them; the rest stays.

    Args:
        depth: (H, W) float32 metres; 0 where nothing is known.
        painted: (H, W) bool.
        far_metres: Depth that stands for the sky, which has no plane.
    """
    for _ in range(ROUNDS):
        depth = _fit(depth, painted, np.float32(0.9 * far_metres))
    return depth


@njit(nogil=True, cache=True, error_model="numpy")
def _fit(depth, painted, sky):
    """One round: each painted pixel onto the plane through its neighbours on the same surface."""
    height, width = depth.shape
    out = depth.copy()
    for row in range(height):
        for column in range(width):
            centre = depth[row, column]
            if not painted[row, column] or centre <= 0.0 or centre >= sky:
                continue
            nearest, farthest = centre * (ONE - NEIGHBOUR), centre * (ONE + NEIGHBOUR)
            n = sx = sy = sxx = sxy = syy = sq = sxq = syq = 0.0
            count = 0
            for r in range(max(0, row - RADIUS), min(height, row + RADIUS + 1)):
                for c in range(max(0, column - RADIUS), min(width, column + RADIUS + 1)):
                    there = depth[r, c]
                    if there < nearest or there > farthest or there >= sky:
                        continue
                    weight = 1.0 if painted[r, c] else KNOWN_WEIGHT
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
            if count < LEAST_PIXELS:
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
