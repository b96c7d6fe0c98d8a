"""Between keys, twists and paths, and where the bodies of N worlds go. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wm_gym.geometry.motion import Body, walk

KEY_THRESHOLD = 0.5
"""A twist this strong counts as a pressed key, for models that are steered by keys."""

Blocked = Callable[[np.ndarray], np.ndarray]
"""Positions (M, 2) x, y in metres to whether a body there stands in something, (M,) bool."""


def walk_all(
    starts: np.ndarray, twists: np.ndarray, body: Body, blocked: Sequence[Blocked], groups: Sequence[int]
) -> tuple[np.ndarray, tuple[bool, ...]]:
    """The body poses (N, T, 5) of N bodies under twists (N, T, 4), and whether something stood in their way.

    Args:
        starts: (N, 5) body poses.
        twists: (N, T, 4) as fractions of the top speeds.
        body: Size and speeds of all.
        blocked: What stands in the way of each.
        groups: N numbers; bodies of one number stop one another, and go one after another.
    """
    paths, standing = walk(starts, twists, body), starts[:, :2].copy()
    collided = []
    for n, one in enumerate(blocked):
        others = standing[[k for k, group in enumerate(groups) if group == groups[n] and k != n]]
        path = _stopped(starts[n], paths[n], twists[n], body, _or_near(one, others, 2 * body.radius_metres))
        collided.append(bool((path != paths[n]).any()))
        paths[n], standing[n] = path, path[-1, :2]
    return paths, tuple(collided)


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
