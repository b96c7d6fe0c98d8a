"""Twin worlds that are drawn with several sets of events at once, from one pass of the engine.

All sets share map, actions and the engine's randomness, so pairs of frames differ by their events alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wm_gym.backends.twin.placement import ACTORS, Placement
from wm_gym.backends.twin.state import TwinState
from wm_gym.events.kinds import OBJECTS, ActiveEvent

EventSet = Sequence[Sequence[ActiveEvent]]
"""Active events of each of N worlds."""


@dataclass(frozen=True)
class PairedState:
    """N worlds, and what K alternative sets of events have added to them.

    Attributes:
        base: The worlds.
        placements: K sets, each with the placements of N worlds.
    """

    base: TwinState
    placements: tuple[tuple[tuple[Placement, ...], ...], ...]


def pair(base: TwinState, num_alternatives: int) -> PairedState:
    """Worlds with K alternative sets of events, which differ from the next step on.

    Raises:
        ValueError: If an event of the worlds has added an actor of the engine, which all sets would show.
    """
    now = tuple(world.placements for world in base.worlds)
    refuse_actors([placement.kind for placements in now for placement in placements])
    refuse_actors([one.kind for world in base.worlds for one in world.objects])
    return PairedState(base, (now,) * num_alternatives)


def check_alternatives(state: PairedState, base: EventSet, alternatives: Sequence[EventSet]) -> None:
    """Refuse event sets that do not fit the state, and kinds that one engine pass cannot show with and without.

    Raises:
        ValueError: If there are not as many sets as the state has, or not N worlds in each, or a kind is an actor.
    """
    if len(alternatives) != len(state.placements):
        raise ValueError(f"alternatives must be {len(state.placements)} sets of events, got {len(alternatives)}")
    for events in alternatives:
        if len(events) != len(state.base.worlds):
            raise ValueError(
                f"each alternative must give events for {len(state.base.worlds)} worlds, got {len(events)}"
            )
    if alternatives:
        refuse_actors([event.kind for events in (base, *alternatives) for world in events for event in world])


def refuse_actors(kinds: Sequence[str | None]) -> None:
    """Refuse kinds that are actors of the engine.

    Raises:
        ValueError: If there is one.
    """
    for kind in kinds:
        if kind in ACTORS or kind in OBJECTS:
            raise ValueError(
                f"events of pairs must be drawn on the engine's frame, got {kind!r}, an actor of the engine"
            )
