"""Objects laid into a frame that was filmed already: a view of a place serves many times over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wm_gym.agents.vlm.experts import Sight
from wm_gym.envs.markers import draw_markers
from wm_gym.envs.tasks.find_object import COLOURS, SHAPES, FindObject, FindObjectState
from wm_gym.envs.tasks.places import Spot
from wm_gym.world.state import Outcome

_METRES, _APART_METRES, _ROOM_METRES = (1.5, 9.0), 1.0, 0.5
_OF_VIEW, _TRIES = 0.95, 20


def lay_objects(
    outcome: Outcome, sight: Sight, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, Spot]]:
    """The last frame of one world with objects of `FindObject` in view.

    Args:
        outcome: Of the world, N = 1.
        sight: What is known there.
        count: Most objects, 1 to 16, all of different colour or shape; fewer where there is no room.
        rng: Draws what they are and where they stand.

    Returns:
        The frame (H, W, 3) uint8, and the spot of each object by its name.
    """
    spots = _spots(sight, count, rng)
    drawn = rng.permutation(len(COLOURS) * len(SHAPES))[: len(spots)]
    kinds = tuple((COLOURS[k % len(COLOURS)], SHAPES[k // len(COLOURS)]) for k in drawn)
    markers = FindObject().markers(FindObjectState(kinds, tuple(spots), 0.0)) if spots else ()
    frame = draw_markers(_last_frame(outcome), markers).chunk.frames[0, -1].numpy()
    return frame, {" ".join(kind): spot for kind, spot in zip(kinds, spots, strict=True)}


def _spots(sight: Sight, count: int, rng: np.random.Generator) -> list[Spot]:
    """Free spots on the floor that are in view."""
    spots: list[Spot] = []
    for _ in range(_TRIES):
        distance = float(rng.uniform(*_METRES))
        turn = float(rng.uniform(-_OF_VIEW, _OF_VIEW)) * sight.half_view_radians
        spot = sight.at(distance, turn)
        is_apart = all(np.hypot(spot[0] - x, spot[1] - y) >= _APART_METRES for x, y in spots)
        is_free = not sight.solid(np.array([spot]), _ROOM_METRES)[0] and not sight.is_hidden(distance, turn)
        if len(spots) < count and is_apart and is_free:
            spots.append(spot)
    return spots


def _last_frame(outcome: Outcome) -> Outcome:
    chunk = outcome.chunk
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    parts = {
        "frames": chunk.frames, "depth": chunk.depth, "moving": chunk.moving,
        "world_from_camera": chunk.world_from_camera,
    }  # fmt: skip
    return replace(outcome, chunk=replace(chunk, **{name: part[:, -1:] for name, part in parts.items()}))
