"""The plan of a place as data: what lies where, and which spaces lead to which. Lengths are metres.

Knows nothing of colours, textures or engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wm_gym.plans.rect import Rect

_STRAIGHT = 2.5

# spaces whose middle is taken: how far from their southern edge one starts, metres
SOUTH_START = {
    "garden": 2.5,
    "fountain court": 2.5,
    "grove": 2.5,
    "paved court": 2.5,
    "pool court": 2.5,
    "arcade court": 5.75,
}


@dataclass(frozen=True)
class Patch:
    """One rectangle of a plan; later patches lie over earlier ones.

    Attributes:
        kind: What it is: ground such as "street" or "room", or a thing that stands on it, such as "house" or "rack".
        rect: Where it lies.
        look: Which of the looks of its kind it has, 0 or more.
        level: Storeys of a house, tiers of a pile, a share of the kind's own height elsewhere.
    """

    kind: str
    rect: Rect
    look: int = 0
    level: float = 1.0


@dataclass(frozen=True)
class Spot:
    """A thing that stands on a point: a "tree", "lamp", "plant", "light" at the ceiling or a "flock" of birds."""

    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class Space:
    """A part of the ground that a person would give a name: a crossing, a square, a room, an aisle."""

    kind: str
    rect: Rect


@dataclass(frozen=True)
class Draft:
    """The plan of a place.

    Attributes:
        family: Family of the place.
        extent: Rectangle outside of which there is only solid matter.
        spaces: Its spaces; each can be walked to from each other.
        links: Pairs of spaces between which one walks without crossing a third.
        patches: What lies where, in the order of painting; uncovered ground is solid matter.
        spots: Things that stand on points.
        start: x and y in metres and heading in degrees, counter-clockwise from +x.
    """

    family: str
    extent: Rect
    spaces: tuple[Space, ...]
    links: tuple[tuple[int, int], ...]
    patches: tuple[Patch, ...]
    spots: tuple[Spot, ...]
    start: tuple[float, float, float]


@dataclass
class Sketch:
    """A draft in the making.

    Attributes:
        rng: Draws everything random of this plan.
        richness: 0 for a simple place, 1 for a medium one, 2 for a full one.
        kept_clear: Rectangles on which nothing may stand.
    """

    rng: np.random.Generator
    richness: int
    spaces: list[Space] = field(default_factory=list)
    links: set[tuple[int, int]] = field(default_factory=set)
    patches: list[Patch] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    kept_clear: list[Rect] = field(default_factory=list)

    def space(self, kind: str, rect: Rect) -> int:
        """Adds a space and gives its number."""
        self.spaces.append(Space(kind, rect))
        return len(self.spaces) - 1

    def link(self, first: int, second: int) -> None:
        """Notes that one walks from `first` to `second`."""
        if first != second:
            self.links.add((min(first, second), max(first, second)))

    def lay(self, kind: str, rect: Rect, look: int = 0, level: float = 1.0) -> None:
        """Lays a patch over all before."""
        self.patches.append(Patch(kind, rect, look, level))

    def stand(self, kind: str, x: float, y: float) -> None:
        """Puts a thing on a point."""
        self.spots.append(Spot(kind, float(x), float(y)))

    def is_free(self, rect: Rect) -> bool:
        """Whether nothing that must stay clear lies in a rectangle."""
        return not any(rect.meets(other) for other in self.kept_clear)

    def place(self, kind: str, rect: Rect, look: int = 0, level: float = 1.0) -> bool:
        """Lays a patch where the ground is free and keeps others away from it; gives whether it could."""
        free = self.is_free(rect)
        if free:
            self.lay(kind, rect, look, level)
            self.kept_clear.append(rect)
        return free

    def chance(self, share: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < share)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def one_of(self, options: Sequence[float]) -> float:
        """One of `options`."""
        return options[int(self.rng.integers(len(options)))]

    def finish(self, family: str, extent: Rect, start_kinds: Sequence[str]) -> Draft:
        """The finished draft; it starts in a space of `start_kinds` and looks towards a neighbour far away."""
        start = self._start([number for number, space in enumerate(self.spaces) if space.kind in start_kinds])
        links = tuple(sorted(self.links))
        return Draft(family, extent, tuple(self.spaces), links, tuple(self.patches), tuple(self.spots), start)

    def _start(self, numbers: list[int]) -> tuple[float, float, float]:
        number = numbers[int(self.rng.integers(len(numbers)))]
        space = self.spaces[number]
        x, y = space.rect.centre
        if space.kind in SOUTH_START:
            return x, space.rect.y0 + SOUTH_START[space.kind], 90.0
        if space.kind in ("room", "corridor"):
            return self._along(space.rect)
        ways = [self.spaces[a + b - number].rect.centre for a, b in sorted(self.links) if number in (a, b)]
        straight = [way for way in ways if min(abs(way[0] - x), abs(way[1] - y)) < _STRAIGHT]
        far_x, far_y = max(straight or ways, key=lambda way: abs(way[0] - x) + abs(way[1] - y), default=(x + 1.0, y))
        if abs(far_x - x) >= abs(far_y - y):
            return x, y, 0.0 if far_x > x else 180.0
        return x, y, 90.0 if far_y > y else 270.0

    def _along(self, rect: Rect) -> tuple[float, float, float]:
        """A start near one end of a room, looking along it."""
        x, y = rect.centre
        ahead = self.chance(0.5)
        if rect.width >= rect.height:
            return x + (-0.25 if ahead else 0.25) * rect.width, y, 0.0 if ahead else 180.0
        return x, y + (-0.25 if ahead else 0.25) * rect.height, 90.0 if ahead else 270.0
