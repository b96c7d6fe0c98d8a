"""Scatter plots as SVG, drawn here so that a page needs nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_SIZE, _MARGIN, _TICKS = 360, 48, 5


@dataclass(frozen=True)
class Point:
    """One policy.

    Attributes:
        name: Told beside it.
        x: In the world.
        y: In the twin.
        x_error: Half of its 95 % interval.
        y_error: The same of y.
    """

    name: str
    x: float
    y: float
    x_error: float = 0.0
    y_error: float = 0.0


def scatter(points: Sequence[Point], title: str, x_name: str, y_name: str) -> str:
    """An SVG of points with their intervals and the diagonal, on which both worlds agree.

    Raises:
        ValueError: If there are no points, or one is not finite.
    """
    values = [(one.x, one.y, one.x_error, one.y_error) for one in points]
    if not values or not np.isfinite(values).all():
        raise ValueError(f"points must be at least one and finite, got {points}")
    low, high = _limits(points)
    parts = [
        f"<svg viewBox='0 0 {_SIZE} {_SIZE}' width='{_SIZE}' height='{_SIZE}' role='img' font-family='sans-serif'>",
        f"<title>{html.escape(title)}</title>",
        f"<text x='{_SIZE / 2}' y='16' text-anchor='middle' font-size='13'>{html.escape(title)}</text>",
        *_axes(low, high, x_name, y_name),
        *(_drawn(one, low, high) for one in points),
        "</svg>",
    ]
    return "".join(parts)


def _limits(points: Sequence[Point]) -> tuple[float, float]:
    """One range for both axes, so that the diagonal is that of the picture."""
    values = [v for p in points for v in (p.x - p.x_error, p.x + p.x_error, p.y - p.y_error, p.y + p.y_error)]
    low, high = min(values), max(values)
    pad = 0.06 * (high - low) or 0.5
    return low - pad, high + pad


def _at(value: float, low: float, high: float) -> float:
    """Pixels from the left of a value on the x axis."""
    return _MARGIN + (value - low) / (high - low) * (_SIZE - 2 * _MARGIN)


def _axes(low: float, high: float, x_name: str, y_name: str) -> list[str]:
    near, far = _MARGIN, _SIZE - _MARGIN
    parts = [
        f"<rect x='{near}' y='{near}' width='{far - near}' height='{far - near}' fill='none' stroke='#999'/>",
        f"<line x1='{near}' y1='{far}' x2='{far}' y2='{near}' stroke='#bbb' stroke-dasharray='4 3'/>",
        f"<text x='{_SIZE / 2}' y='{_SIZE - 8}' text-anchor='middle' font-size='12'>{html.escape(x_name)}</text>",
        f"<text x='14' y='{_SIZE / 2}' text-anchor='middle' font-size='12' transform='rotate(-90 14 {_SIZE / 2})'>"
        f"{html.escape(y_name)}</text>",
    ]
    for value in np.linspace(low, high, _TICKS):
        place = _at(float(value), low, high)
        parts.append(f"<text x='{place:.1f}' y='{far + 14}' text-anchor='middle' font-size='10'>{value:.2g}</text>")
        parts.append(
            f"<text x='{near - 4}' y='{_SIZE - place + 3:.1f}' text-anchor='end' font-size='10'>{value:.2g}</text>"
        )
    return parts


def _drawn(point: Point, low: float, high: float) -> str:
    x, y = _at(point.x, low, high), _SIZE - _at(point.y, low, high)
    scale = (_SIZE - 2 * _MARGIN) / (high - low)
    wide, tall = point.x_error * scale, point.y_error * scale
    return (
        f"<g><line x1='{x - wide:.1f}' y1='{y:.1f}' x2='{x + wide:.1f}' y2='{y:.1f}' stroke='#48c'/>"
        f"<line x1='{x:.1f}' y1='{y - tall:.1f}' x2='{x:.1f}' y2='{y + tall:.1f}' stroke='#48c'/>"
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4' fill='#16a'/>"
        f"<text x='{x + 6:.1f}' y='{y - 5:.1f}' font-size='10'>{html.escape(point.name)}</text></g>"
    )
