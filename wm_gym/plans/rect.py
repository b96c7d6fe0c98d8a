"""Rectangles along the axes. Knows nothing of what lies in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rect:
    """An axis-aligned rectangle, x0 < x1 and y0 < y1, in the unit of its user."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def width(self) -> float:
        """Extent along x."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Extent along y."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Width times height."""
        return self.width * self.height

    def inset(self, margin: float) -> Rect:
        """The rectangle `margin` smaller on every side."""
        return Rect(self.x0 + margin, self.y0 + margin, self.x1 - margin, self.y1 - margin)

    def moved(self, x: float, y: float) -> Rect:
        """The rectangle shifted by (x, y)."""
        return Rect(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)

    def scaled(self, factor: float) -> Rect:
        """The rectangle in a unit `factor` times smaller."""
        return Rect(self.x0 * factor, self.y0 * factor, self.x1 * factor, self.y1 * factor)

    def meets(self, other: Rect) -> bool:
        """Whether the two share more than a border."""
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1


def around(x: float, y: float, width: float, height: float) -> Rect:
    """The rectangle of this size with its middle at (x, y)."""
    return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def spanning(first: Rect, second: Rect) -> Rect:
    """The smallest rectangle that holds both."""
    return Rect(min(first.x0, second.x0), min(first.y0, second.y0), max(first.x1, second.x1), max(first.y1, second.y1))
