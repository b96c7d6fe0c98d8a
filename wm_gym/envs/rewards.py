"""Sources of rewards beside a task's own: anything that is shown a step and says what it is worth.

A source is "package.module:name" of a function, or of a class whose objects are called. It sees what a camera and a
reader would see, and not the state of the task, so that it can be judged against the task's own truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wm_gym.choices import find_class
from wm_gym.world.state import Outcome

REWARDS: dict[str, str] = {
    "learned": "wm_gym.agents.rewards.learned:LearnedReward",
    "vlm": "wm_gym.agents.rewards.vlm:VLMReward",
}
"""Name to "module:Class"."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What a source is shown of a step.

    Attributes:
        before: (H, W, 3) uint8, the frame before the step.
        frame: (H, W, 3) uint8, the frame after it.
        depth: (H, W) float32 metres after it; 0 where unknown.
        goal: The goal as the observation holds it after the step, or None.
        description: What is to be done, in a sentence.
        collided: Whether something stood in the body's way.
    """

    before: np.ndarray
    frame: np.ndarray
    depth: np.ndarray
    goal: np.ndarray | None
    description: str
    collided: bool

    @classmethod
    def of(cls, before: Outcome, after: Outcome, goal: np.ndarray | None, description: str) -> Seen:
        """A step of one world, from what it showed before and after."""
        depth = after.chunk.depth
        assert depth is not None
        first, last = (outcome.chunk.frames[0, -1].cpu().numpy().copy() for outcome in (before, after))
        return cls(first, last, depth[0, -1].float().cpu().numpy().copy(), goal, description, after.collided[0])


@dataclass(frozen=True)
class Verdict:
    """What a source says of a step, if it also tells when the aim is reached; it then ends episodes by itself.

    Attributes:
        reward: Of the step.
        is_success: Whether the aim is reached now.
    """

    reward: float
    is_success: bool = False


class PluggedReward:
    """A source by its name, whose answers are checked.

    Args:
        name: A key of `REWARDS`, or "package.module:name".
        settings: Keyword arguments of a class.

    Raises:
        ValueError: If it cannot be found, called or made with these settings.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self._name, found = name, find_class("reward", name, REWARDS)
        if not callable(found):
            raise ValueError(f"reward {name!r} must name a function or a class, got {type(found).__name__}")
        if settings and not isinstance(found, type):
            raise ValueError(f"reward_settings must be empty for a function, got {sorted(settings)}")
        try:
            self._source: Callable[[Seen], Any] = found(**settings) if isinstance(found, type) else found
        except TypeError as error:
            raise ValueError(f"settings of reward {name!r}: {error}") from error

    def __call__(self, seen: Seen) -> Verdict | float:
        """What the source says of a step.

        Raises:
            ValueError: If it raises anything, or says no finite number.
        """
        try:
            said = self._source(seen)
        except Exception as error:
            raise ValueError(f"reward {self._name!r} must not raise, got {type(error).__name__}: {error}") from error
        number = said.reward if isinstance(said, Verdict) else said
        if isinstance(number, bool) or not isinstance(number, int | float | np.number) or not math.isfinite(number):
            raise ValueError(f"reward {self._name!r} must give a finite number or a Verdict, got {said!r}")
        return said if isinstance(said, Verdict) else float(number)
