"""Between keys, twists and paths, and where the bodies of N worlds go. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wm_gym.geometry.motion import Body, walk

KEY_THRESHOLD = 0.5
"""A twist this strong counts as a pressed key, for models that are steered by keys."""

_LEAST_SHARE = 0.2
"""Of a move, that bodies who would meet still make; below they stand."""

Blocked = Callable[[np.ndarray], np.ndarray]
"""Positions (M, 2) x, y in metres to whether a body there stands in something, (M,) bool."""


def walk_all(
    starts: np.ndarray, twists: np.ndarray, body: Body, blocked: Sequence[Blocked], groups: Sequence[int]
) -> tuple[np.ndarray, tuple[bool, ...]]:
    """The body poses (N, T, 5) of N bodies under twists (N, T, 4), and whether something stood in their way.

    Bodies of one group go at once and stop one another; in whatever order they are given, each goes the same way.

    Args:
        starts: (N, 5) body poses.
        twists: (N, T, 4) as fractions of the top speeds.
        body: Size and speeds of all.
        blocked: What stands in the way of each.
        groups: N numbers; bodies of one number stop one another.
    """
    free = walk(starts, twists, body)
    paths, crowd = free.copy(), _crowd(starts, groups, body, twists.shape[1])
    for n in sorted(set(range(len(starts))) - set(crowd)):
        paths[n] = _stopped(starts[n], free[n], twists[n], body, blocked[n])
    if crowd:
        together = [groups[n] for n in crowd]
        paths[crowd] = _walk_crowd(starts[crowd], twists[crowd], body, [blocked[n] for n in crowd], together)
    return paths, tuple(bool((path != way).any()) for path, way in zip(paths, free, strict=True))


def _crowd(starts: np.ndarray, groups: Sequence[int], body: Body, num_frames: int) -> list[int]:
    """The bodies that could meet another of their group within so many frames."""
    reach = 2 * (body.radius_metres + num_frames * body.walk_metres_per_frame)
    gaps = _gaps(starts[:, :2])
    return [
        n
        for n, group in enumerate(groups)
        if any(group == other and m != n and gaps[n, m] < reach for m, other in enumerate(groups))
    ]


def _walk_crowd(
    starts: np.ndarray, twists: np.ndarray, body: Body, blocked: Sequence[Blocked], groups: Sequence[int]
) -> np.ndarray:
    """As `walk_all`, frame by frame: all see where the others stand, then all go, as far as nobody meets anybody."""
    paths, here, metres = np.empty((*twists.shape[:2], 5)), starts, 2 * body.radius_metres
    others = (np.asarray(groups)[:, None] == np.asarray(groups)) & ~np.eye(len(groups), dtype=bool)
    for t in range(twists.shape[1]):
        ways = [_or_near(one, here[others[n], :2], metres) for n, one in enumerate(blocked)]
        wanted = np.stack([walk(pose, twists[n, t : t + 1], body, ways[n])[0] for n, pose in enumerate(here)])
        paths[:, t] = wanted
        paths[:, t, :2] = _parted(here[:, :2], wanted[:, :2], metres, ways, others)
        here = paths[:, t]
    return paths


def _parted(
    here: np.ndarray, wanted: np.ndarray, metres: float, blocked: Sequence[Blocked], others: np.ndarray
) -> np.ndarray:
    """(N, 2) how far towards `wanted` (N, 2) bodies get that all move at once: those who would meet go half as far.

    Args:
        here: (N, 2), where nobody is in anybody's way.
        wanted: (N, 2), where nobody is in the way of who stands `here`.
        metres: Least distance between two; bodies that are nearer than that already may part.
        blocked: What stands in the way of each.
        others: (N, N) bool: who must keep away from whom.
    """
    share, before = np.ones(len(here)), _gaps(here)
    while True:
        ends = np.where(share[:, None] == 1.0, wanted, here + share[:, None] * (wanted - here))
        gaps = _gaps(ends)
        meet = (others & (gaps < metres) & (gaps < before)).any(axis=1)
        rows = zip(share, blocked, ends, strict=True)
        meet = meet | np.array([0.0 < part < 1.0 and bool(one(end[None])[0]) for part, one, end in rows])
        if not (meet & (share > 0.0)).any():
            return ends
        share = np.where(meet, np.where(share > _LEAST_SHARE, share / 2, 0.0), share)


def _gaps(spots: np.ndarray) -> np.ndarray:
    """(N, N) metres between spots (N, 2)."""
    return np.linalg.norm(spots[:, None] - spots, axis=-1)


def _stopped(start: np.ndarray, free: np.ndarray, twists: np.ndarray, body: Body, blocked: Blocked) -> np.ndarray:
    """The body poses (T, 5) of one body: its free path, walked again from the first pose at which something stands.

    Args:
        start: (5,) body pose.
        free: (T, 5) body poses where nothing stands in the way.
        twists: (T, 4) as fractions of the top speeds.
        body: Its size and speeds.
        blocked: What stands in its way.
    """
    before = np.concatenate([start[None], free[:-1]])
    steps = np.flatnonzero((free[:, :2] != before[:, :2]).any(axis=1))
    hits = steps[blocked(free[steps, :2])] if len(steps) else steps
    if not len(hits):
        return free
    first = int(hits[0])
    return np.concatenate([free[:first], walk(before[first], twists[first:], body, blocked)])


def _or_near(blocked: Blocked, others: np.ndarray, metres: float) -> Blocked:
    """What blocks a body that also keeps so many metres from `others` (K, 2)."""
    if not len(others):
        return blocked
    return lambda spots: blocked(spots) | (np.linalg.norm(spots[:, None] - others, axis=-1) < metres).any(axis=1)


def keys_of(twists: np.ndarray) -> np.ndarray:
    """(..., 8) bool: the keys that a keyboard player would press for twists (..., 4)."""
    forward, left, yaw, pitch = (twists[..., k] for k in range(4))
    pressed = (forward, left, -forward, -left, pitch, yaw, -pitch, -yaw)  # W A S D I J K L
    return np.stack([value >= KEY_THRESHOLD for value in pressed], axis=-1)


def twists_of(path: np.ndarray, body: Body) -> np.ndarray:
    """(..., T, 4): the body twists that lead along body poses (..., T + 1, 5), as fractions of the top speeds."""
    moved = np.diff(path, axis=-2)
    yaw = path[..., 1:, 3]
    forward = moved[..., 0] * np.cos(yaw) + moved[..., 1] * np.sin(yaw)
    left = moved[..., 1] * np.cos(yaw) - moved[..., 0] * np.sin(yaw)
    turned = moved[..., 3] - 2 * np.pi * np.round(moved[..., 3] / (2 * np.pi))
    return np.stack(
        [
            forward / body.walk_metres_per_frame,
            left / body.walk_metres_per_frame,
            turned / np.radians(body.turn_degrees_per_frame),
            moved[..., 4] / np.radians(body.pitch_degrees_per_frame),
        ],
        axis=-1,
    )
