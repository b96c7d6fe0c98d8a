"""The state of completion, as a value: the retrieved scenes that were placed in a world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class PlacedScene:
    """A scene of a bank, placed in a world.

    Attributes:
        scene: Number of the scene in the bank.
        world_from_scene: (4, 4) float32.
        since: Index of the first frame that showed it; points written before are not its own.
    """

    scene: int
    world_from_scene: Tensor
    since: int = 0


@dataclass(frozen=True)
class CompletionState:
    """The state of one world's completion.

    Attributes:
        placed: The placed scenes, the oldest first.
    """

    placed: tuple[PlacedScene, ...] = ()


def pack_states(states: Sequence[CompletionState]) -> tuple[dict[str, Tensor], list[list[list[int]]]]:
    """The states of N worlds as tensors and JSON-able rows, for `unpack_states`."""
    tensors = {
        f"placed{n}_{k}": placed.world_from_scene
        for n, state in enumerate(states)
        for k, placed in enumerate(state.placed)
    }
    return tensors, [[[placed.scene, placed.since] for placed in state.placed] for state in states]


def unpack_states(tensors: dict[str, Tensor], rows: list[list[list[int]]]) -> tuple[CompletionState, ...]:
    """The states that `pack_states` was given."""
    return tuple(
        CompletionState(
            tuple(PlacedScene(scene, tensors[f"placed{n}_{k}"], since) for k, (scene, since) in enumerate(row))
        )
        for n, row in enumerate(rows)
    )
