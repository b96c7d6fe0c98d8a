"""The interface of a completion stage: one world's guidance in, more complete guidance out; nothing in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from wm_gym.completion.state import CompletionState
from wm_gym.memory.hints import Hints


@dataclass(frozen=True)
class View:
    """The poses of one chunk of one world, and what else its completion depends on.

    Attributes:
        world_from_camera: (T, 4, 4) float32.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels.
        frame_index: Index of the first of the T frames in the world.
        seed: Numbers that seed every draw of a stage.
        prompt: Description of the world.
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
        hints: (T, H, W), rendered from memory and completed so far.
        completed: (T, H, W) bool, the pixels that stages have completed.
        overwritten: (T, H, W) bool, the pixels whose points memory is to replace.
        provisional: (T, H, W) bool, the pixels that are shown but are not to be remembered.
        state: The state of this world's completion.
    """

    hints: Hints
    completed: Tensor
    overwritten: Tensor
    provisional: Tensor
    state: CompletionState

    @classmethod
    def of(cls, hints: Hints, state: CompletionState) -> Draft:
        """Guidance that no stage has completed yet."""
        nowhere = torch.zeros_like(hints.seen)
        return cls(hints, nowhere, nowhere, nowhere, state)

    def filled(self, where: Tensor, shown: Hints, overwritten: Tensor | None = None) -> Draft:
        """The guidance with some pixels completed; their appearance flag is that of most seen pixels.

        Args:
            where: (T, H, W) bool, the pixels to complete.
            shown: (T, H, W), the hints whose colour, depth and area they take.
            overwritten: (T, H, W) bool, the pixels whose points memory is to replace; None for none.
        """
        hints = replace(
            self.hints,
            colour=torch.where(where[..., None], shown.colour, self.hints.colour),
            log_depth=torch.where(where, shown.log_depth, self.hints.log_depth),
            area=torch.where(where, shown.area, self.hints.area),
            same_appearance=torch.where(where, looks_as_now(self.hints), self.hints.same_appearance),
            seen=self.hints.seen | where,
            from_behind=self.hints.from_behind & ~where,
        )
        replaced = self.overwritten if overwritten is None else self.overwritten | overwritten
        return replace(self, hints=hints, completed=self.completed | where, overwritten=replaced)


Stage = Callable[[Draft, View], Draft]
"""Completes some of the unseen pixels. Knows nothing of the stages before and after it."""


def last_frame(hints: Hints) -> Hints:
    """The last of T frames, (1, H, W)."""
    return Hints(**{name: value[-1:] for name, value in vars(hints).items()})


def share(where: Tensor) -> Tensor:
    """(N,) share of the pixels of a mask (N, H, W) that are set."""
    return where.float().mean((1, 2))


def looks_as_now(hints: Hints) -> Tensor:
    """() bool: whether most seen pixels were written under the current appearance; True where nothing is seen."""
    same = hints.same_appearance[hints.seen]
    return same.float().mean() >= 0.5 if len(same) else torch.tensor(True, device=same.device)
