"""The bodies that share a world, as each of the others is shown them. Knows nothing of models or of tasks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wm_gym.world_model import OtherBody

_STILL_METRES = 0.02
"""A body that moves less than this in a step stands."""


def other_bodies(
    world_of_view: Sequence[int], numbers: Sequence[int], body_poses: np.ndarray, first_frames: Sequence[int]
) -> list[tuple[OtherBody, ...]]:
    """For each view the bodies of the other views of its world, in order of their numbers.

    Args:
        world_of_view: N worlds.
        numbers: N numbers of bodies, all different in a world.
        body_poses: (N, T, 5), their ways in a step.
        first_frames: N indices of the step's first frame.
    """
    rows = zip(numbers, body_poses, first_frames, strict=True)
    bodies = [_body(number, poses, first) for number, poses, first in rows]
    return [
        tuple(
            sorted(
                (bodies[m] for m, other in enumerate(world_of_view) if other == world and m != n),
                key=lambda body: body.number,
            )
        )
        for n, world in enumerate(world_of_view)
    ]


def _body(number: int, poses: np.ndarray, first: int) -> OtherBody:
    """One body, whose legs swing while it walks."""
    walks = bool(np.abs(poses[-1, :2] - poses[0, :2]).max() > _STILL_METRES)
    return OtherBody(number, poses, tuple(first + t if walks else 0 for t in range(len(poses))))
