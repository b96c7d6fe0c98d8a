"""Curves as SVG, drawn here so that a page needs nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np

_WIDTH, _HEIGHT, _MARGIN, _KEY, _TICKS = 420, 240, 40, 110, 5
_COLOURS = ("#999", "#555", "#16a", "#c52", "#283", "#83a", "#a80", "#077", "#d4a", "#46f")


def curves(lines: Mapping[str, Sequence[float]], title: str, x_name: str, first: float = 1.0) -> str:
    """An SVG of curves by name, whose values are one apart on the x axis from `first` on; NaN is left out.

    Raises:
        ValueError: If there is no finite value.
    """
    values = np.array([value for line in lines.values() for value in line], np.float64)
    if not np.isfinite(values).any():
        raise ValueError(f"curves must have a finite value, got {dict(lines)}")
    low, high = min(0.0, float(np.nanmin(values))), float(np.nanmax(values))
    high = high if high > low else low + 1.0
    longest = max(len(line) for line in lines.values())
    parts = [
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' height='{_HEIGHT}' role='img' "
        "font-family='sans-serif' font-size='10'>",
        f"<text x='{_MARGIN}' y='16' font-size='13'>{html.escape(title)}</text>",
        f"<text x='{(_MARGIN + _right()) / 2}' y='{_HEIGHT - 6}' text-anchor='middle'>{html.escape(x_name)}</text>",
        *_ticks(low, high, first, longest),
        *(_line(k, name, line, low, high, longest) for k, (name, line) in enumerate(lines.items())),
        "</svg>",
    ]
    return "".join(parts)


def _right() -> float:
    return _WIDTH - _KEY


def _x(k: float, longest: int) -> float:
    return _MARGIN + k / max(1, longest - 1) * (_right() - _MARGIN)


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - _MARGIN - (value - low) / (high - low) * (_HEIGHT - 2 * _MARGIN)


def _ticks(low: float, high: float, first: float, longest: int) -> list[str]:
    parts = [
        f"<text x='{_MARGIN - 4}' y='{_y(value, low, high) + 3:.1f}' text-anchor='end'>{value:.2g}</text>"
        f"<line x1='{_MARGIN}' x2='{_right()}' y1='{_y(value, low, high):.1f}' y2='{_y(value, low, high):.1f}' "
        "stroke='#eee'/>"
        for value in np.linspace(low, high, _TICKS)
    ]
    shown = sorted({round(k) for k in np.linspace(0, longest - 1, min(longest, _TICKS))})
    return parts + [
        f"<text x='{_x(k, longest):.1f}' y='{_HEIGHT - _MARGIN + 12}' text-anchor='middle'>{first + k:g}</text>"
        for k in shown
    ]


def _line(number: int, name: str, line: Sequence[float], low: float, high: float, longest: int) -> str:
    colour = _COLOURS[number % len(_COLOURS)]
    dots = [(_x(k, longest), _y(value, low, high)) for k, value in enumerate(line) if np.isfinite(value)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
    circles = "".join(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2' fill='{colour}'/>" for x, y in dots)
    key = f"<text x='{_right() + 8}' y='{_MARGIN + 14 * number}' fill='{colour}'>{html.escape(name)}</text>"
    return f"<polyline points='{points}' fill='none' stroke='{colour}'/>{circles}{key}"
