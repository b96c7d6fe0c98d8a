"""`Entity`: one thing or spectacle in a world, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Entity:
    """One thing or spectacle at one frame.

    Attributes:
        kind: A name in `events.kinds.KINDS` of a local event.
        event_id: Number of the event that added it; below 0 for one that no event has added.
        seed: All its chance comes from this and its age.
        position: x, y, z in metres, world frame: its foot, or the middle of its bursts.
        outdoors: Whether it is under the open sky.
        heading_radians: Where it faces, counter-clockwise from x.
        phase_frames: Frames that its motion has gone through: of a walker those in which it walked.
        age_frames: Frames since its onset.
        strength: 0..1.
        looks: Numbers that a drawing network reads its looks from; empty for kinds without looks of their own.
        is_still: Whether it stays where it stands: a crate that does not fall, a car that is parked.
    """

    kind: str
    event_id: int
    seed: int
    position: tuple[float, float, float]
    outdoors: bool = True
    heading_radians: float = 0.0
    phase_frames: int = 0
    age_frames: int = 0
    strength: float = 1.0
    looks: tuple[float, ...] = ()
    is_still: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back into an equal entity."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Entity:
        """The entity that `to_json` was called on."""
        values: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in data.items()}
        return cls(**values)
