"""Worlds that are asked something else: memory or all hints hidden, or other words for the same events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from wm_gym.backends.base import ForwardingModel
from wm_gym.completion.pipeline import Completed, Completion
from wm_gym.completion.stage import View
from wm_gym.completion.state import CompletionState
from wm_gym.memory.hints import Hints
from wm_gym.memory.render import blank_hints
from wm_gym.world_model import Chunk, Condition, Guidance, WorldModel

Change = Callable[[Condition], Condition]


class ConditionOverride(ForwardingModel):
    """Any backend, whose every condition is changed on its way in."""

    def __init__(self, model: WorldModel[Any], change: Change) -> None:
        """Stand before `model`."""
        super().__init__(model, model.spec)
        self.change = change

    def step(self, state: Any, condition: Condition) -> tuple[Any, Chunk]:
        """Go on under the changed condition."""
        return self.model.step(state, self.change(condition))


class HiddenMemory(Completion):
    """A completion to which memory shows nothing: all that is decided is imagined, retrieved or invented."""

    def __init__(self, completion: Completion) -> None:
        """The same stages as those of `completion`."""
        super().__init__(completion.inpainter, completion.scene_bank, completion.config, completion.imagination)

    def __call__(
        self,
        hints: Hints,
        views: Sequence[View],
        states: Sequence[CompletionState],
        groups: Sequence[int] | None = None,
    ) -> Completed:
        """Hints (N, T, H, W), of which nothing is used, completed."""
        return super().__call__(_nothing_like(hints), views, states, groups)


def hide_hints(condition: Condition) -> Condition:
    """The same with guidance that shows nothing: neither what memory knows nor what completion decided."""
    assert condition.guidance is not None
    blank = _nothing_like(condition.guidance.hints)
    return replace(condition, guidance=Guidance(blank, torch.zeros_like(blank.seen)))


def _nothing_like(hints: Hints) -> Hints:
    count, length, height, width = hints.seen.shape
    return blank_hints(count, length, height, width, hints.seen.device)
