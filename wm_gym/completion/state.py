"""The state of completion, as a value: the scenes that were placed in a world, and the plan of an imagined one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from wm_gym.layout.packing import pack_plan, unpack_plan
from wm_gym.layout.plan import Plan
from wm_gym.world_model import Packed


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
        plan: What is decided of an imagined place, or None where the world is none.
    """

    placed: tuple[PlacedScene, ...] = ()
    plan: Plan | None = None


def pack_states(states: Sequence[CompletionState]) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """The states of N worlds as tensors and JSON-able rows, for `unpack_states`."""
    tensors = {
        f"placed{n}_{k}": placed.world_from_scene
        for n, state in enumerate(states)
        for k, placed in enumerate(state.placed)
    }
    rows: list[dict[str, Any]] = []
    for n, state in enumerate(states):
        row: dict[str, Any] = {"placed": [[placed.scene, placed.since] for placed in state.placed], "plan": None}
        if state.plan is not None:
            packed = pack_plan(state.plan)
            tensors |= {f"plan{n}_{name}": tensor for name, tensor in packed.tensors.items()}
            row["plan"] = packed.meta
        rows.append(row)
    return tensors, rows


def unpack_states(tensors: dict[str, Tensor], rows: list[dict[str, Any]]) -> tuple[CompletionState, ...]:
    """The states that `pack_states` was given."""
    return tuple(_unpacked(tensors, n, row) for n, row in enumerate(rows))


def _unpacked(tensors: dict[str, Tensor], n: int, row: dict[str, Any]) -> CompletionState:
    placed = tuple(
        PlacedScene(scene, tensors[f"placed{n}_{k}"], since) for k, (scene, since) in enumerate(row["placed"])
    )
    if row["plan"] is None:
        return CompletionState(placed)
    prefix = f"plan{n}_"
    own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    return CompletionState(placed, unpack_plan(Packed(own, row["plan"])))
