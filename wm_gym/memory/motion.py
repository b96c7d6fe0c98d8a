"""Moving things that go on while nobody looks: how fast each went when it was last sighted, and where it is by now.

A sighting's velocity lies where a surface has the hash of its voxel, which sightings do not need. Velocities are
horizontal: a thing that is partly hidden or out of the picture seems to rise and sink. Knows nothing of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wm_gym.memory.blocks import Points
from wm_gym.memory.motion_kernels import NOTHING, label_things

VELOCITY_UNIT = 1.0 / 8192.0
"""Velocities are stored in this many metres a frame."""

FASTEST = 0.3
"""Metres a frame; a thing that seems to go faster was mistaken for another."""

MOST_FRAMES = 35
"""A thing goes on for so long, then stands: where it would turn is not known."""

THING_METRES = 0.8
"""Points nearer than this to the middle of a thing belong to it."""

SHORTEST_FRAMES = 2
"""Over fewer frames a thing goes less far than a pixel is wide."""

FEWEST_POINTS = 4
MOST_THINGS = 16
GROWTH = 1.05
"""Most that a thing's reach grows from sighting to sighting."""

LEAST_REACH = 0.8
"""Metres that any thing may reach: at first a part of it may have been hidden."""

INERTIA = 0.25
"""Share of the old velocity in the new one."""


def velocities(points: Points) -> np.ndarray:
    """(n, 2) float32 metres a frame along x and y of the world."""
    return np.ascontiguousarray(points.record[:, 3:]).view(np.int16).astype(np.float32) * np.float32(VELOCITY_UNIT)


def with_velocities(points: Points, metres_per_frame: np.ndarray) -> Points:
    """The points with other velocities, (n, 2)."""
    steps = np.round(metres_per_frame / VELOCITY_UNIT).astype(np.int16)
    record = np.concatenate([points.record[:, :3], np.ascontiguousarray(steps).view(np.int32)], axis=1)
    return Points(points.geometry, points.tangents, record)


def moved(points: Points, frame: int) -> Points:
    """The sightings where their things are by `frame`, if each went on as it did; `points` itself if none moves."""
    if not points.record[:, 3].any():
        return points
    passed = np.clip(frame - points.frames, 0, MOST_FRAMES).astype(np.float32)
    geometry = points.geometry.copy()
    geometry[:, :2] += velocities(points) * passed[:, None]
    return Points(geometry, points.tangents, points.record)


@dataclass(frozen=True)
class Thing:
    """One thing as it was sighted.

    Attributes:
        middle: x, y of its points' mean, metres.
        velocity: Metres a frame along x and y.
        frame: When.
        reach: Metres from its middle to its farthest point, along the ground.
    """

    middle: np.ndarray
    velocity: np.ndarray
    frame: int
    reach: float

    @classmethod
    def of(cls, points: Points) -> Thing:
        """The thing that some points make up."""
        middle = points.positions[:, :2].mean(0)
        reach = float(np.linalg.norm(points.positions[:, :2] - middle, axis=1).max())
        return cls(middle, velocities(points).mean(0), int(points.frames.max()), reach)

    def by(self, frame: int) -> np.ndarray:
        """Where its middle is by then, if it goes on."""
        return self.middle + self.velocity * min(max(frame - self.frame, 0), MOST_FRAMES)


def things_in(points: Points) -> list[Thing]:
    """The things that sightings show."""
    return [Thing.of(points.take(mask)) for mask in _split(points)]


def tracked(now: Points, is_whole: np.ndarray, earlier: Sequence[Sequence[Thing]]) -> tuple[Points, list[Thing]]:
    """Sightings of one frame with the velocities of their things, as far as earlier sightings tell; and the things.

    Things do not grow. A model that sees a thing is quick to see more of it around, and remembers that; so what is
    farther from its middle than it ever reached, or is new and close to a thing that was there before, is left out.

    Args:
        now: n points sighted in the same frame.
        is_whole: (n,) bool: the point is not at the picture's left or right rim, beyond which its thing may go on.
        earlier: Things to compare with, time by time, the best ones first.
    """
    metres, things = np.zeros((len(now), 2), np.float32), []
    kept = np.ones(len(now), bool)
    found = [(mask, Thing.of(now.take(mask))) for mask in _split(now)]
    matches = _matches([thing for _, thing in found], earlier)
    old = [thing for (_, thing), match in zip(found, matches, strict=True) if match is not None]
    for (mask, thing), match in zip(found, matches, strict=True):
        if match is None:
            kept[mask] = not any(_is_fringe(thing.middle[None], other)[0] for other in old)
        else:
            metres[mask] = _velocity(thing, match, bool(is_whole[mask].all()))
            reach = max(GROWTH * match.reach, LEAST_REACH)
            kept[mask] = np.linalg.norm(now.positions[mask, :2] - thing.middle, axis=1) <= reach
            thing = replace(thing, reach=min(thing.reach, reach))
        if kept[mask].any():
            things.append(replace(thing, velocity=metres[mask][0]))  # what was lifted has a voxel's hash there
    nameless = ~np.any([mask for mask, _ in found], axis=0) if found else kept
    for thing in old:
        kept[nameless] &= ~_is_fringe(now.positions[nameless, :2], thing)
    return with_velocities(now, metres).take(kept), things


def _is_fringe(spots: np.ndarray, thing: Thing) -> np.ndarray:
    """Which of some spots (n, 2) are so close to a thing that nothing else would be there."""
    return np.linalg.norm(spots - thing.middle, axis=1) < 2 * THING_METRES


def _split(points: Points) -> list[np.ndarray]:
    """Masks of the points of each thing, at most `MOST_THINGS`; specks are nothing."""
    labels = label_things(points.positions, THING_METRES, FEWEST_POINTS, MOST_THINGS)
    return [labels == k for k in range(int(labels.max(initial=NOTHING)) + 1)]


def _matches(things: Sequence[Thing], earlier: Sequence[Sequence[Thing]]) -> list[Thing | None]:
    """What each thing was before; of several that seem to have been the same one, the nearest was."""
    matches = [next((match for others in earlier if (match := _match(thing, others))), None) for thing in things]
    gaps = [
        np.inf if match is None else float(np.linalg.norm(match.by(thing.frame) - thing.middle))
        for thing, match in zip(things, matches, strict=True)
    ]
    nearest: dict[int, int] = {}
    for k in sorted(range(len(things)), key=gaps.__getitem__):
        nearest.setdefault(id(matches[k]), k)
    return [match if nearest[id(match)] == k else None for k, match in enumerate(matches)]


def _match(thing: Thing, others: Sequence[Thing]) -> Thing | None:
    """The nearest of the other things, where they would be by now, if it is near enough to be the same."""
    best, nearest = None, THING_METRES
    for other in others:
        distance = float(np.linalg.norm(other.by(thing.frame) - thing.middle))
        if 0 < thing.frame - other.frame <= MOST_FRAMES and distance < nearest:
            best, nearest = other, distance
    return best


def _velocity(thing: Thing, before: Thing, is_whole: bool) -> np.ndarray:
    """(2,) metres a frame; the old one where the thing is partly out of the picture or hardly any time has passed."""
    passed = thing.frame - before.frame
    if not is_whole or passed < SHORTEST_FRAMES:
        return before.velocity
    seen = (thing.middle - before.middle) / passed
    if np.linalg.norm(seen) > FASTEST:
        return before.velocity
    return INERTIA * before.velocity + (1 - INERTIA) * seen if before.velocity.any() else seen
