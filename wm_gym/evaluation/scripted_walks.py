"""Scripted walks through held-out places: loops and outbound paths, rendered by the twin, and captures of the places.

A walk begins with one chunk of context, a turn in place that ends with the opening frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.agents.tour import Tour, TourConfig
from wm_gym.backends.twin.model import open_place
from wm_gym.backends.twin.site import site_of
from wm_gym.evaluation.trajectories import Trajectory, follow, path_in, warm_up
from wm_gym.geometry.motion import START_BODY_POSE, Body, walk
from wm_gym.scenes.families import PLAIN_FAMILIES
from wm_gym.scenes.places import open_world
from wm_gym.train_world.data.splits import nth_seed
from wm_gym.world.world import World
from wm_gym.world_model import ModelSpec, Opening, Place

FIRST_PLACE = 100
"""First place number, beyond the places that were looked at during development."""
RETURN_CHUNKS = 4
"""Last chunks of a loop, in which it repeats its first ones."""
BODY = Body()


@dataclass(frozen=True, eq=False)
class PlannedWalk:
    """A walk before anything renders it.

    Attributes:
        place: Where.
        is_loop: Whether it returns to its start and then repeats its first chunks.
        body_poses: (T, 5), context frames first.
    """

    place: Place
    is_loop: bool
    body_poses: np.ndarray


@dataclass(frozen=True, eq=False)
class Scene:
    """A place, its capture, the twin's walk through it, and the same walk at the scale of the capture."""

    place: Place
    opening: Opening
    truth: Trajectory
    close: Trajectory


def choose_walks(
    count: int, chunks: int, spec: ModelSpec, *, loops: bool = True, first_place: int = FIRST_PLACE
) -> list[PlannedWalk]:
    """Walks through held-out places, families in turn; places where no loop returns in time are skipped.

    Args:
        count: Number of walks.
        chunks: Chunks of each, after its context.
        spec: Of the twin.
        loops: Whether every second walk is a loop, from the first on; otherwise all are outbound paths.
        first_place: Number of the first place among those for testing.
    """
    chosen: list[PlannedWalk] = []
    number = first_place
    while len(chosen) < count:
        k = len(chosen)
        place, is_loop = Place(PLAIN_FAMILIES[k % len(PLAIN_FAMILIES)], nth_seed("test", number), "full"), k % 2 == 0
        body_poses = plan(place, loops and is_loop, chunks, spec)
        if body_poses is not None:
            chosen.append(PlannedWalk(place, loops and is_loop, body_poses))
        number += 1
    return chosen


def plan(place: Place, is_loop: bool, chunks: int, spec: ModelSpec) -> np.ndarray | None:
    """Body poses (T, 5) of a walk, context frames first, or None if no loop returns in time."""
    context = warm_up(np.radians(BODY.turn_degrees_per_frame), spec.frames_per_step)
    if not is_loop:
        return np.concatenate([context, _tour(place, chunks, chunks, spec)[0]])
    for steps_out in range(chunks // 2, 0, -1):
        path, home = _tour(place, steps_out, chunks - RETURN_CHUNKS, spec)
        if home:
            return np.concatenate([context, path, path[: spec.frames_per_step * RETURN_CHUNKS]])
    return None


def _tour(place: Place, steps_out: int, chunks: int, spec: ModelSpec) -> tuple[np.ndarray, bool]:
    """Body poses (T, 5) of so many chunks of a tour, and whether it returned home."""
    obstacles = site_of(place.family, place.seed, place.difficulty).obstacles
    tour = Tour(
        open_place(place, spec.height, spec.width).waypoints.numpy(), place.seed, config=TourConfig(steps_out=steps_out)
    )
    here, path, home = START_BODY_POSE, [], False
    for _ in range(chunks):
        twist = tour.act(here)
        home = twist is None
        twists = np.tile(np.zeros(4) if twist is None else twist, (spec.frames_per_step, 1))
        path.append(walk(here, twists, BODY, lambda at: obstacles.blocked(at, BODY.radius_metres)))
        here = path[-1][-1]
    return np.concatenate(path), home


def record(spec: ModelSpec, twin: World, close_twin: World, planned: Sequence[PlannedWalk]) -> list[Scene]:
    """The planned walks in the twin, at the size of frames and at the keyframe scale, with captures of their places.

    Args:
        spec: Of the backend for which the places are captured.
        twin: Of the size of frames.
        close_twin: Of the size of keyframes.
        planned: The walks.
    """
    truths, closes = walk_in(twin, planned), walk_in(close_twin, planned)
    finer = close_twin.model.spec.height // spec.height
    captured = [open_world(spec, one.place, finer) for one in planned]
    rows = zip(planned, captured, truths, closes, strict=True)
    return [Scene(one.place, opening, truth, close) for one, opening, truth, close in rows]


def walk_in(twin: World, planned: Sequence[PlannedWalk]) -> list[Trajectory]:
    """The planned walks rendered by a twin."""
    spec = twin.model.spec
    openings = [open_place(one.place, spec.height, spec.width) for one in planned]
    paths = [
        path_in(spec, one.place.family, one.is_loop, one.body_poses, opening.intrinsics)
        for one, opening in zip(planned, openings, strict=True)
    ]
    chunks = (len(paths[0].body_poses) - 1) // spec.frames_per_step
    return follow(twin, openings, paths, 0, chunks, [one.place.seed for one in planned])
