"""How worlds open and what they are told: the columns that `wm-gym eval-generation` compares, of one backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wm_gym.completion.pipeline import Completion
from wm_gym.evaluation.generation.evaluating import Maker
from wm_gym.evaluation.generation.pieces import TruePieces
from wm_gym.evaluation.overrides import ConditionOverride, hide_hints
from wm_gym.evaluation.scripted_walks import Scene
from wm_gym.evaluation.trajectories import Trajectory, follow, open_cold, open_grounded, unseen_at
from wm_gym.world.world import World
from wm_gym.world_model import Opening, WorldModel

BATCH = 8
"""Worlds that are stepped in one batch."""

_SEED_STRIDE = 1_000_003
"""Between the seeds of a place's worlds."""

Opens = Callable[[Opening, Trajectory, int], Opening]

OPENINGS: dict[str, Opens] = {"grounded": open_grounded, "cold": open_cold}
"""On keyframes of the place, or on one chunk of it."""


@dataclass(frozen=True)
class Column:
    """One way to generate.

    Attributes:
        opens: A key of `OPENINGS`.
        completes: Whether what memory does not show is decided before it is generated: by plans of places, and by
            retrieved scenes where the backend has some.
        shows_hints: Whether the backend is shown hints at all.
    """

    opens: str
    completes: bool = True
    shows_hints: bool = True

    def world(self, model: WorldModel[Any]) -> World:
        """The loop around a backend."""
        shown = model if self.shows_hints else ConditionOverride(model, hide_hints)
        return World(shown, completion=None if self.completes else Completion())


COLUMNS = {
    "grounded": Column("grounded"),
    "hints_hidden": Column("grounded", completes=False, shows_hints=False),
    "cold": Column("cold"),
    "cold_alone": Column("cold", completes=False),
}


def maker_of(column: Column, model: WorldModel[Any], scenes: Sequence[Scene]) -> Maker:
    """Walks of the scenes in worlds of a backend, as a generator of their chunks' last frames."""

    def make(seed: int) -> np.ndarray:
        world = column.world(model)
        try:
            parts = [scenes[first : first + BATCH] for first in range(0, len(scenes), BATCH)]
            return np.stack([chunk_ends(walk) for part in parts for walk in _walks(column, world, part, seed)])
        finally:
            world.close()

    return make


def _walks(column: Column, world: World, scenes: Sequence[Scene], seed: int) -> list[Trajectory]:
    truths = [scene.truth for scene in scenes]
    opened = truths[0].spec.frames_per_step - 1
    openings = [OPENINGS[column.opens](scene.opening, scene.close, opened) for scene in scenes]
    seeds = [scene.place.seed + _SEED_STRIDE * seed for scene in scenes]
    return follow(world, openings, truths, opened, truths[0].num_chunks, seeds)


def pieces_of(opens: str, scenes: Sequence[Scene], others: Sequence[Trajectory]) -> TruePieces:
    """The truth of scenes, and what the memory of one kind of opening shows of it.

    Args:
        opens: A key of `OPENINGS`.
        scenes: As many chunks of each.
        others: Walks through other places, with their context.
    """
    every = scenes[0].truth.spec.frames_per_step
    frames = np.stack([chunk_ends(scene.truth) for scene in scenes])
    return TruePieces(
        truth=frames[:, 1:],
        unseen=np.stack([_unseen(OPENINGS[opens], scene, every) for scene in scenes]),
        world_from_camera=np.stack([scene.truth.world_from_camera[every - 1 :: every].numpy() for scene in scenes]),
        intrinsics=np.stack([scene.truth.intrinsics.numpy() for scene in scenes]),
        last=frames[:, 0],
        others=np.stack([chunk_ends(other)[1:] for other in others]) if others else None,
    )


def _unseen(opens: Opens, scene: Scene, every: int) -> np.ndarray:
    """(C, H, W) bool at the last frame of each chunk after the context."""
    ends = range(2 * every - 1, len(scene.truth.body_poses), every)
    return unseen_at(opens(scene.opening, scene.close, every - 1), scene.truth, every - 1, ends).numpy()


def chunk_ends(walk: Trajectory) -> np.ndarray:
    """The last frame of each chunk, (C, H, W, 3) uint8."""
    every = walk.spec.frames_per_step
    return walk.frames[every - 1 :: every].numpy()
