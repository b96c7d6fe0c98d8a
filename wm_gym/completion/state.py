"""What completion remembers of a world, as a value: the retrieved scenes that were placed in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class PlacedScene:
    """A scene of a bank, placed in a world.

    Attributes:
        place: Its number in the bank.
        world_from_place: (4, 4) float32.
        since: Index of the first frame that was shown with it; what was remembered before is not of it.
    """

    place: int
    world_from_place: Tensor
    since: int = 0


@dataclass(frozen=True)
class CompletionState:
    """One world's.

    Attributes:
        placed: Scenes as which it goes on where nothing is known, the oldest first.
    """

    placed: tuple[PlacedScene, ...] = ()


def pack_states(states: Sequence[CompletionState]) -> tuple[dict[str, Tensor], list[list[list[int]]]]:
    """Tensors and JSON-able rows of N worlds that `unpack_states` turns back into equal ones."""
    tensors = {
        f"placed{n}_{k}": placed.world_from_place
        for n, state in enumerate(states)
        for k, placed in enumerate(state.placed)
    }
    return tensors, [[[placed.place, placed.since] for placed in state.placed] for state in states]


def unpack_states(tensors: dict[str, Tensor], rows: list[list[list[int]]]) -> tuple[CompletionState, ...]:
    """The states that `pack_states` was given."""
    return tuple(
        CompletionState(
            tuple(PlacedScene(place, tensors[f"placed{n}_{k}"], since) for k, (place, since) in enumerate(row))
        )
        for n, row in enumerate(rows)
    )
