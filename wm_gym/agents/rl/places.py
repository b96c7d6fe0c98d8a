"""Worlds that vary from episode to episode: where they are, what happens in them and what is said of them.

All is drawn from the world's own random numbers, which its seed begins and its state keeps: the same seeds open the
same episodes, and a world that is saved goes on as it would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wm_gym.envs.options import ResetOptions, read_options
from wm_gym.envs.state import EnvState
from wm_gym.envs.vector_env import WorldVectorEnv

EVENTS = (
    "it starts to rain", "it starts to snow", "fog comes in", "night falls", "dusk falls", "golden hour",
    "smoke rises ahead", "a person walks by",
)  # fmt: skip
"""What may happen, unless another list is given."""


@dataclass(frozen=True)
class VariationConfig:
    """How episodes differ.

    Attributes:
        events_share: Share of the episodes in which something happens, 0..1.
        events: What may happen, one of them in such an episode; empty for eight kinds of weather, light and things.
        event_steps: Latest step at which it begins.
        prompts_share: Share of the episodes that open with another caption than the place's own, 0..1.
        prompts: These captions.
    """

    events_share: float = 0.0
    events: list[str] = field(default_factory=list)
    event_steps: int = 16
    prompts_share: float = 0.0
    prompts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("events_share", "prompts_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be within 0..1, got {getattr(self, name)}")
        if self.event_steps < 0:
            raise ValueError(f"event_steps must be at least 0, got {self.event_steps}")
        if self.prompts_share and not self.prompts:
            raise ValueError(f"prompts must be given where prompts_share is above 0, got {self.prompts}")


class VariedWorlds(WorldVectorEnv):
    """N worlds, each episode of which opens in a place of a list.

    An option of `reset` goes before what is drawn; a world that goes on from a state draws nothing.

    Args:
        num_envs: N.
        places: Names of worlds as `gymnasium.make` takes them.
        variation: How episodes differ otherwise.
        settings: Further arguments of `WorldVectorEnv`.

    Raises:
        ValueError: If there is no place, or a setting is none that exists.
    """

    def __init__(
        self, num_envs: int, *, places: Sequence[str], variation: VariationConfig | None = None, **settings: Any
    ) -> None:
        if not places:
            raise ValueError("places must name at least one world, got none")
        self._places, self._variation = tuple(places), variation or VariationConfig()
        super().__init__(num_envs, **settings)

    def _open(self, worlds: Sequence[int], asked: Sequence[ResetOptions], fresh: Sequence[bool]) -> dict[int, EnvState]:
        varied = list(asked)
        for n in worlds:
            varied[n] = vary(asked[n], self._places, self._variation, self.sub_envs[n].np_random)
        return super()._open(worlds, varied, fresh)


def vary(
    asked: ResetOptions, places: Sequence[str], variation: VariationConfig, rng: np.random.Generator
) -> ResetOptions:
    """Options of an episode's opening, with what they leave open drawn."""
    if asked.state is not None or asked.image is not None:
        return asked
    place = places[int(rng.integers(len(places)))]
    happens, told = rng.random(2) < (variation.events_share, variation.prompts_share)
    events = variation.events or EVENTS
    event = {"at": int(rng.integers(variation.event_steps + 1)), "text": events[int(rng.integers(len(events)))]}
    drawn: dict[str, Any] = {"world": place, "events": [event] if happens else []}
    if told:
        drawn["prompt"] = variation.prompts[int(rng.integers(len(variation.prompts)))]
    options = read_options(drawn)
    return replace(
        options, world=asked.world or options.world, events=asked.events or options.events,
        prompt=asked.prompt or options.prompt,
    )  # fmt: skip
