"""Whether poses, depth and intrinsics of a log agree: what one frame sees another must see there, or something nearer.

Wrong axes, poses the other way round, another unit of depth or a wrong lens all show in it. Knows nothing of files.
"""

from __future__ import annotations

import numpy as np

from wm_gym.scenes.logs.candidates import Candidates
from wm_gym.scenes.logs.keyframes import look_up, points_of

LEAST_AGREEMENT = 0.5
METRES = (0.1, 60.0)
"""Median depth that a log may have."""
_SAME_DEPTH = 0.05
_MOST_PAIRS, _NEIGHBOURS = 60, (1, 3, 8)
_SCALES = (0.001, 0.01, 0.1, 0.2, 0.5, 0.7, 1.4, 2.0, 5.0, 10.0, 100.0, 1000.0)
_MUCH_BETTER, _BEYOND_DOUBT = 0.25, 0.9


def check_metres(candidates: Candidates, units_per_metre: float) -> float:
    """Median depth in metres.

    Raises:
        ValueError: If it is none of a camera among things, as with millimetres that are taken for metres.
    """
    median = float(np.median(candidates.depth[candidates.depth > 0]))
    if not METRES[0] <= median <= METRES[1]:
        raise ValueError(
            f"depth must have a median of {METRES[0]:g} to {METRES[1]:g} m, got {median:.4g} m with "
            f"{units_per_metre:g} units to a metre; log.depth_units_per_metre sets another number"
        )
    return median


def check_agreement(candidates: Candidates, *, is_walk: bool = True) -> float | None:
    """Share of what frames see together that lies at the same depth; None where they see nothing together.

    Where they see nothing together, but all of it with depth of another unit, that is refused too: so are positions in
    millimetres.

    Args:
        candidates: Frames.
        is_walk: Whether frames beside each other were taken from about the same place, so that little of what one sees
            is hidden from the other. Else what lies behind a surface says nothing.

    Raises:
        ValueError: If it is too little, or would be far more with depth times another number.
    """
    pairs = _pairs(candidates)
    agreement = _share(pairs, is_walk)
    doubtful = is_walk and (agreement is None or agreement < _BEYOND_DOUBT)
    scale, share = _other_scale(candidates) if doubtful else (1.0, 0.0)
    is_better = share > (_BEYOND_DOUBT if agreement is None else agreement + _MUCH_BETTER)
    if not is_better and (agreement is None or agreement >= LEAST_AGREEMENT):
        return agreement
    got = "no two that see the same" if agreement is None else f"{agreement:.0%}"
    hint = f"; depth times {scale:g}, or positions times {1 / scale:g}, would agree in {share:.0%}" if is_better else ""
    raise ValueError(
        f"poses, depth and intrinsics must agree in at least {LEAST_AGREEMENT:.0%} of what frames see together, got "
        f"{got}{hint}"
    )


def _other_scale(candidates: Candidates) -> tuple[float, float]:
    """The number of `_SCALES` with which depth agrees best, and how well."""
    shares = {scale: _share(_scaled(candidates, scale), is_walk=True) or 0.0 for scale in _SCALES}
    best = max(shares, key=lambda scale: shares[scale])
    return best, shares[best]


_Pair = tuple[np.ndarray, np.ndarray]
"""Depth of points in another frame's camera, and that frame's own depth there."""


def _pairs(candidates: Candidates) -> list[_Pair]:
    points, count = points_of(candidates), len(candidates.depth)
    rows = [(row, row + step) for step in _NEIGHBOURS for row in range(count - step)]
    chosen = (
        rows if len(rows) <= _MOST_PAIRS else [rows[k] for k in np.linspace(0, len(rows) - 1, _MOST_PAIRS).astype(int)]
    )
    found = []
    for first, second in chosen:
        z, own = look_up(candidates, second, points[first][candidates.depth[first].ravel() > 0])
        found.append((z[own > 0], own[own > 0]))
    return found


def _scaled(candidates: Candidates, scale: float) -> list[_Pair]:
    arrays = candidates.world_from_camera, candidates.pinholes, candidates.sharpness
    return _pairs(Candidates(candidates.frames, scale * candidates.depth, *arrays))


def _share(pairs: list[_Pair], is_walk: bool) -> float | None:
    z, own = (np.concatenate([pair[k] for pair in pairs]) if pairs else np.zeros(0) for k in range(2))
    if not is_walk:
        in_sight = z < (1 + _SAME_DEPTH) * own
        z, own = z[in_sight], own[in_sight]
    return float(np.mean(np.abs(z - own) < _SAME_DEPTH * own)) if len(z) else None
