"""A backend that is asked something else than its loop asks: hints hidden, or other words for the same events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wm_gym.memory.render import blank_hints
from wm_gym.world_model import Chunk, Condition, Obstacles, Opening, Packed, WorldModel

Change = Callable[[Condition], Condition]


class ConditionOverride:
    """Any backend, whose every condition is changed on its way in."""

    def __init__(self, model: WorldModel[Any], change: Change) -> None:
        """Stand before `model`."""
        self.model, self.spec, self.change = model, model.spec, change

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[Any, Chunk]:
        """Open as the model does."""
        return self.model.start(openings, seeds)

    def step(self, state: Any, condition: Condition) -> tuple[Any, Chunk]:
        """Go on under the changed condition."""
        return self.model.step(state, self.change(condition))

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


def hide_hints(condition: Condition) -> Condition:
    """The same with hints of a memory that knows nothing."""
    assert condition.hints is not None
    count, length, height, width = condition.hints.seen.shape
    return replace(condition, hints=blank_hints(count, length, height, width, condition.hints.seen.device))


def reword(words: Mapping[str, str]) -> Change:
    """A change that says in prompts each value in place of its key."""

    def change(condition: Condition) -> Condition:
        return replace(condition, prompts=[_reworded(prompt, words) for prompt in condition.prompts])

    return change


def _reworded(prompt: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        prompt = prompt.replace(old, new)
    return prompt
