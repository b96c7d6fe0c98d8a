"""Tracking of moving objects: their velocity when last detected, and their position extrapolated from there.

A moving point's velocity is stored in place of the voxel hash, which only static points need. Velocities are
horizontal: an object that is partly occluded or outside the image seems to rise and sink. Knows nothing of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wm_gym.memory.motion_kernels import NO_OBJECT, label_objects
from wm_gym.memory.points import Points

VELOCITY_UNIT = 1.0 / 8192.0
"""Unit of stored velocities, metres per frame."""

MAX_SPEED = 0.3
"""Metres per frame; an object that seems faster was matched to another one."""

MAX_FRAMES = 35
"""Number of frames over which a position is extrapolated; then the object stands still, since it may have turned."""

OBJECT_RADIUS_METRES = 0.8
"""Distance from an object's centre, along the ground, within which points belong to it."""

MIN_FRAMES = 2
"""Fewest frames over which a velocity is measured; over fewer an object moves by less than a pixel."""

MIN_POINTS = 4
"""Fewest points of an object."""

MAX_OBJECTS = 16
"""Most objects in one frame."""

MAX_GROWTH = 1.05
"""Largest factor by which an object's radius grows from one detection to the next."""

MIN_RADIUS_METRES = 0.8
"""Radius that every object may have: at first a part of it may have been occluded."""

INERTIA = 0.25
"""Weight of the old velocity in the new one."""


def velocities(points: Points) -> np.ndarray:
    """(n, 2) float32 metres per frame along x and y of the world."""
    return _velocities(points.record)


def with_velocities(points: Points, metres_per_frame: np.ndarray) -> Points:
    """The points with velocities (n, 2) in metres per frame."""
    steps = np.round(metres_per_frame / VELOCITY_UNIT).astype(np.int16)
    record = np.concatenate([points.record[:, :3], np.ascontiguousarray(steps).view(np.int32)], axis=1)
    return Points(points.geometry, points.tangents, record)


def moved(points: Points, frame: int) -> Points:
    """The points at their positions extrapolated to a frame index; `points` itself if all velocities are 0."""
    if not points.record[:, 3].any():
        return points
    passed = np.clip(frame - points.frames, 0, MAX_FRAMES).astype(np.float32)
    geometry = points.geometry.copy()
    geometry[:, :2] += velocities(points) * passed[:, None]
    return Points(geometry, points.tangents, points.record)


@dataclass(frozen=True)
class TrackedObject:
    """One detection of a moving object.

    Attributes:
        centre: (2,) mean x, y of its points, metres.
        velocity: (2,) metres per frame along x and y.
        frame: Index of the frame that it was detected in.
        radius: Metres from its centre to its farthest point, along the ground.
    """

    centre: np.ndarray
    velocity: np.ndarray
    frame: int
    radius: float

    @classmethod
    def of(cls, points: Points, mask: np.ndarray) -> TrackedObject:
        """The object that consists of the points of a mask (n,) bool."""
        positions, record = points.geometry[mask, :2], points.record[mask]
        centre = positions.mean(0)
        radius = float(_distances(positions, centre).max())
        return cls(centre, _velocities(record).mean(0), int(record[:, 1].max()), radius)

    def position_at(self, frame: int) -> np.ndarray:
        """(2,) centre extrapolated to a frame index."""
        return self.centre + self.velocity * min(max(frame - self.frame, 0), MAX_FRAMES)


def objects_in(points: Points) -> list[TrackedObject]:
    """The objects among moving points."""
    return [TrackedObject.of(points, mask) for mask in _split(points)]


def track(
    now: Points, is_whole: np.ndarray, earlier: Sequence[Sequence[TrackedObject]]
) -> tuple[Points, list[TrackedObject]]:
    """The moving points of one frame with the velocities of their objects, and the objects.

    Objects must not grow: a model that sees an object tends to generate more of it around, which would be remembered.
    So points beyond an object's largest radius so far, and new objects close to a tracked one, are left out.

    Args:
        now: n points detected in the same frame.
        is_whole: (n,) bool, whether the point is away from the left and right image borders, which may cut its object.
        earlier: Earlier detections to match with, frame by frame, the preferred ones first.
    """
    metres, objects = np.zeros((len(now), 2), np.float32), []
    kept = np.ones(len(now), bool)
    found = [(mask, TrackedObject.of(now, mask)) for mask in _split(now)]
    matches = _matches([obj for _, obj in found], earlier)
    old = [obj for (_, obj), match in zip(found, matches, strict=True) if match is not None]
    for (mask, obj), match in zip(found, matches, strict=True):
        if match is None:
            kept[mask] = not any(_is_fringe(obj.centre[None], other)[0] for other in old)
        else:
            metres[mask] = _velocity(obj, match, bool(is_whole[mask].all()))
            radius = max(MAX_GROWTH * match.radius, MIN_RADIUS_METRES)
            kept[mask] = _distances(now.geometry[mask, :2], obj.centre) <= radius
            obj = replace(obj, radius=min(obj.radius, radius))
        if kept[mask].any():
            objects.append(replace(obj, velocity=metres[mask][0]))  # lifted points hold a voxel hash there
    nameless = ~np.any([mask for mask, _ in found], axis=0) if found else kept
    for obj in old:
        kept[nameless] &= ~_is_fringe(now.positions[nameless, :2], obj)
    return with_velocities(now, metres).take(kept), objects


def _is_fringe(positions: np.ndarray, obj: TrackedObject) -> np.ndarray:
    """(n,) bool: the positions (n, 2) too close to an object to belong to another."""
    return _distances(positions, obj.centre) < 2 * OBJECT_RADIUS_METRES


def _split(points: Points) -> list[np.ndarray]:
    """Masks (n,) of the points of each object, at most `MAX_OBJECTS`; isolated points belong to none."""
    labels = label_objects(points.positions, OBJECT_RADIUS_METRES, MIN_POINTS, MAX_OBJECTS)
    return [labels == k for k in range(int(labels.max(initial=NO_OBJECT)) + 1)]


def _matches(
    objects: Sequence[TrackedObject], earlier: Sequence[Sequence[TrackedObject]]
) -> list[TrackedObject | None]:
    """The earlier detection of each object, or None; an earlier one is matched to its nearest object alone."""
    matches = [next((match for others in earlier if (match := _match(obj, others))), None) for obj in objects]
    gaps = [
        np.inf if match is None else _length(match.position_at(obj.frame) - obj.centre)
        for obj, match in zip(objects, matches, strict=True)
    ]
    nearest: dict[int, int] = {}
    for k in sorted(range(len(objects)), key=gaps.__getitem__):
        nearest.setdefault(id(matches[k]), k)
    return [match if nearest[id(match)] == k else None for k, match in enumerate(matches)]


def _match(obj: TrackedObject, others: Sequence[TrackedObject]) -> TrackedObject | None:
    """The nearest earlier detection, extrapolated to the object's frame, within `OBJECT_RADIUS_METRES`."""
    best, nearest = None, OBJECT_RADIUS_METRES
    for other in others:
        if 0 < obj.frame - other.frame <= MAX_FRAMES:
            distance = _length(other.position_at(obj.frame) - obj.centre)
            best, nearest = (other, distance) if distance < nearest else (best, nearest)
    return best


def _velocity(obj: TrackedObject, before: TrackedObject, is_whole: bool) -> np.ndarray:
    """(2,) metres per frame; the old velocity where the object is cut off or too few frames have passed."""
    passed = obj.frame - before.frame
    if not is_whole or passed < MIN_FRAMES:
        return before.velocity
    seen = (obj.centre - before.centre) / passed
    if _length(seen) > MAX_SPEED:
        return before.velocity
    return INERTIA * before.velocity + (1 - INERTIA) * seen if before.velocity.any() else seen


def _velocities(record: np.ndarray) -> np.ndarray:
    """(n, 2) float32 metres per frame of the records (n, 4) of moving points."""
    return np.ascontiguousarray(record[:, 3:]).view(np.int16).astype(np.float32) * np.float32(VELOCITY_UNIT)


def _distances(positions: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """(n,) metres from positions (n, 2) to a centre (2,)."""
    return np.sqrt(np.square(positions - centre).sum(1))


def _length(vector: np.ndarray) -> float:
    """Metres of a vector (2,)."""
    return float(np.sqrt(vector.dot(vector)))
