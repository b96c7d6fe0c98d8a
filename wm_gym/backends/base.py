"""`BaseModel`: what most backends have in common, so that a new one is its spec, its opening and its step.

A state is a tuple with one value for each world: None, a number, a string, a tensor, or lists, tuples and dicts of
those. Models with other states write `select`, `cat`, `pack` and `unpack` themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any, Self

from torch import Tensor

from wm_gym.choices import did_you_mean
from wm_gym.world_model import Chunk, Condition, ModelSpec, Obstacles, Opening, Packed, WorldModel

TENSOR, TUPLE = "__tensor__", "__tuple__"
"""How JSON names a tensor, and tells a tuple from a list."""


class BaseModel:
    """All of `WorldModel` but `spec`, `start` and `step`."""

    spec: ModelSpec

    @classmethod
    def create(cls, height: int, width: int, **settings: Any) -> Self:
        """The model for frames of a size; settings are those of its constructor.

        Raises:
            ValueError: If there is no such setting.
        """
        known = sorted(signature(cls).parameters.keys() - {"height", "width"})
        for name in sorted(settings.keys() - set(known)):
            raise ValueError(
                f"settings of {cls.__name__} must be among {known}, got {name!r}{did_you_mean(name, known)}"
            )
        make: Any = cls
        return make(height, width, **settings)

    def select(self, state: tuple[Any, ...], worlds: Sequence[int]) -> tuple[Any, ...]:
        """The named worlds, in that order; what they hold is shared."""
        return tuple(state[n] for n in worlds)

    def cat(self, states: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
        """The worlds of several states, one after another."""
        return tuple(world for state in states for world in state)

    def pack(self, state: tuple[Any, ...]) -> Packed:
        """Plain tensors and JSON that `unpack` turns back into an equal state.

        Raises:
            TypeError: If a world's value is none that the module's docstring names.
        """
        tensors: dict[str, Tensor] = {}
        return Packed(tensors, {"worlds": [_plain(world, tensors) for world in state]})

    def unpack(self, packed: Packed) -> tuple[Any, ...]:
        """The state that `pack` was given; its tensors are on the model's device."""
        tensors = {name: tensor.to(self.spec.device) for name, tensor in packed.tensors.items()}
        return tuple(_restored(world, tensors) for world in packed.meta["worlds"])

    def obstacles(self, state: tuple[Any, ...], world: int) -> Obstacles | None:
        """None: only the memory can tell."""
        return None

    def close(self) -> None:
        """Nothing is held."""


class ForwardingModel:
    """A model that stands before another: states are the other's, and all but what a subclass changes is left to it."""

    def __init__(self, model: WorldModel[Any], spec: ModelSpec) -> None:
        """Stand before `model`, with a spec of its own."""
        self.model, self.spec = model, spec

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[Any, Chunk]:
        """Open as the model does."""
        return self.model.start(openings, seeds)

    def step(self, state: Any, condition: Condition) -> tuple[Any, Chunk]:
        """Go on as the model does."""
        return self.model.step(state, condition)

    def select(self, state: Any, worlds: Sequence[int]) -> Any:
        """As the model does."""
        return self.model.select(state, worlds)

    def cat(self, states: Sequence[Any]) -> Any:
        """As the model does."""
        return self.model.cat(states)

    def pack(self, state: Any) -> Packed:
        """As the model does."""
        return self.model.pack(state)

    def unpack(self, packed: Packed) -> Any:
        """As the model does."""
        return self.model.unpack(packed)

    def obstacles(self, state: Any, world: int) -> Obstacles | None:
        """As the model does."""
        return self.model.obstacles(state, world)

    def close(self) -> None:
        """As the model does."""
        self.model.close()


def _plain(value: Any, tensors: dict[str, Tensor]) -> Any:
    """The value as JSON, its tensors put beside it under numbers."""
    if isinstance(value, Tensor):
        tensors[str(len(tensors))] = value.detach().cpu().contiguous().clone()
        return {TENSOR: str(len(tensors) - 1)}
    if isinstance(value, dict):
        return {name: _plain(part, tensors) for name, part in value.items()}
    if isinstance(value, tuple | list):
        parts = [_plain(part, tensors) for part in value]
        return {TUPLE: parts} if isinstance(value, tuple) else parts
    if value is None or isinstance(value, bool | int | float | str):
        return value
    kind = type(value).__name__
    raise TypeError(f"a world's value must be tensors, numbers and strings in lists, tuples and dicts, got {kind}")


def _restored(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_restored(part, tensors) for part in value]
    if not isinstance(value, dict):
        return value
    if TENSOR in value:
        return tensors[value[TENSOR]]
    if TUPLE in value:
        return tuple(_restored(part, tensors) for part in value[TUPLE])
    return {name: _restored(part, tensors) for name, part in value.items()}
