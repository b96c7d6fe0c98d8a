"""Which candidates become key frames: each time the one of which the others show least. Knows nothing of files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.scenes.logs.candidates import Candidates

ENOUGH = 0.95
"""Share of a candidate that key frames show, from which it adds nothing."""
SAME_DEPTH = 0.1
_COARSER = 1.5


@dataclass(frozen=True, eq=False)
class Chosen:
    """Key frames among candidates.

    Attributes:
        rows: K rows, in the order in which they were chosen.
        overlap: (K,) share of each that those before it showed.
        coverage: Mean share of all candidates that they show.
    """

    rows: list[int]
    overlap: list[float]
    coverage: float


def choose(candidates: Candidates, most: int) -> Chosen:
    """At most `most` key frames, greedily by least overlap; none that the others show to `ENOUGH` of it."""
    points, known = points_of(candidates), candidates.depth.reshape(len(candidates.depth), -1) > 0
    seen = np.zeros_like(known)
    rows: list[int] = []
    overlaps: list[float] = []
    share = np.zeros(len(known))
    while len(rows) < min(most, len(known)):
        row = int(np.argmin(share))
        if rows and share[row] > ENOUGH:
            break
        rows.append(row)
        overlaps.append(float(share[row]))
        seen |= _shown(candidates, points, row) & known
        seen[row] = known[row]
        share = (seen & known).sum(1) / known.sum(1).clip(1)
    return Chosen(rows, overlaps, float(share.mean()))


def points_of(candidates: Candidates) -> np.ndarray:
    """(C, P, 3) world points of the small depth of each candidate."""
    _, height, width = candidates.depth.shape
    v, u = np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij")
    fx, fy, cx, cy = candidates.pinholes.T[:, :, None, None]
    rays = np.stack([(u - cx) / fx, (v - cy) / fy, np.ones_like(fx + u)], -1)
    in_camera = (rays * candidates.depth[..., None]).reshape(len(candidates.depth), -1, 3)
    turns, positions = candidates.world_from_camera[:, :3, :3], candidates.world_from_camera[:, None, :3, 3]
    return in_camera @ turns.transpose(0, 2, 1) + positions


def look_up(candidates: Candidates, row: int, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a candidate sees where world points lie.

    Args:
        candidates: All of them.
        row: The one that looks.
        points: (..., 3) world frame.

    Returns:
        (...,) depth of the points in its camera, and its own depth there, 0 beyond its edge.
    """
    pose, (fx, fy, cx, cy) = candidates.world_from_camera[row], candidates.pinholes[row]
    x, y, z = np.moveaxis((points - pose[:3, 3]) @ pose[:3, :3], -1, 0)
    height, width = candidates.depth.shape[1:]
    safe = np.maximum(z, 1e-6)
    columns, lines = np.floor(fx * x / safe + cx), np.floor(fy * y / safe + cy)
    inside = (z > 1e-3) & (columns >= 0) & (columns < width) & (lines >= 0) & (lines < height)
    own = candidates.depth[row][lines.clip(0, height - 1).astype(int), columns.clip(0, width - 1).astype(int)]
    return z, np.where(inside, own, 0.0)


def _shown(candidates: Candidates, points: np.ndarray, row: int) -> np.ndarray:
    """(C, P) whether a candidate shows points of the others, no coarser than half again as they do."""
    z, own = look_up(candidates, row, points)
    theirs = candidates.depth.reshape(len(candidates.depth), -1)
    return (own > 0) & (np.abs(z - own) < SAME_DEPTH * own) & (z <= _COARSER * theirs)
