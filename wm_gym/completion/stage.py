"""What a stage of completion is: guidance of one world in, more complete guidance out. Nothing is changed in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from wm_gym.completion.state import CompletionState
from wm_gym.memory.hints import Hints


@dataclass(frozen=True)
class View:
    """Where and when one world is looked at.

    Attributes:
        world_from_camera: (T, 4, 4) float32.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels.
        frame_index: Index of the first of the T frames in the world.
        seed: All chance of a stage follows from these numbers.
        prompt: What is said about the world.
    """

    world_from_camera: Tensor
    intrinsics: Tensor
    frame_index: int
    seed: tuple[int, ...]
    prompt: str


@dataclass(frozen=True)
class Draft:
    """Guidance of one world on its way through the stages.

    Attributes:
        hints: (T, H, W), what memory shows and what was decided so far.
        completed: (T, H, W) bool: what was decided.
        overwritten: (T, H, W) bool: where memory is to let go of what it shows.
        state: What the completion remembers of the world.
    """

    hints: Hints
    completed: Tensor
    overwritten: Tensor
    state: CompletionState

    @classmethod
    def of(cls, hints: Hints, state: CompletionState) -> Draft:
        """Nothing is decided yet."""
        nowhere = torch.zeros_like(hints.seen)
        return cls(hints, nowhere, nowhere, state)

    def filled(self, where: Tensor, shown: Hints, overwritten: Tensor | None = None) -> Draft:
        """The guidance with some pixels taken from elsewhere; they look as most of what is seen does.

        Args:
            where: (T, H, W) bool.
            shown: (T, H, W), of which colour, depth and area are taken.
            overwritten: (T, H, W) bool: where memory is to let go of what it shows; None: nowhere.
        """
        hints = replace(
            self.hints,
            colour=torch.where(where[..., None], shown.colour, self.hints.colour),
            log_depth=torch.where(where, shown.log_depth, self.hints.log_depth),
            area=torch.where(where, shown.area, self.hints.area),
            same_appearance=torch.where(where, looks_as_now(self.hints), self.hints.same_appearance),
            seen=self.hints.seen | where,
        )
        let_go = self.overwritten if overwritten is None else self.overwritten | overwritten
        return replace(self, hints=hints, completed=self.completed | where, overwritten=let_go)


Stage = Callable[[Draft, View], Draft]
"""Decides something of what is open. Knows nothing of the stages before and after it."""


def last_frame(hints: Hints) -> Hints:
    """The last of T frames, (1, H, W)."""
    return Hints(**{name: value[-1:] for name, value in vars(hints).items()})


def share(where: Tensor) -> Tensor:
    """(N,) share of (N, H, W) bool."""
    return where.float().mean((1, 2))


def looks_as_now(hints: Hints) -> Tensor:
    """() bool: whether most of what is seen looks as it does now."""
    looks = hints.same_appearance[hints.seen]
    return looks.float().mean() >= 0.5 if len(looks) else torch.tensor(True, device=looks.device)
