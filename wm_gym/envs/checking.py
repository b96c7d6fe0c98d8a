"""Single values from users, checked by type and range; numpy's numbers count as Python's.

Nothing is rounded or cast: 1.5 is no whole number, and neither is True.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def read_count(name: str, value: Any, least: int = 1, wanted: str | None = None) -> int:
    """A whole number from `least` on; `wanted` says in the message what it must be, in other words.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ValueError(f"{name} must be {wanted or 'an integer'}, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be {wanted or f'at least {least}'}, got {value}")
    return int(value)


def read_number(name: str, value: Any) -> float:
    """A finite number.

    Raises:
        ValueError: If it is none.
    """
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return float(value)


def read_positive(name: str, value: Any) -> float:
    """A finite number over 0.

    Raises:
        ValueError: If it is none.
    """
    number = read_number(name, value)
    if not number > 0:
        raise ValueError(f"{name} must be positive, got {value}")
    return number


def read_rate(fps: Any) -> float:
    """Frames per second.

    Raises:
        ValueError: If they are no positive number.
    """
    return read_positive("fps", fps)


def read_flag(name: str, value: Any) -> bool:
    """True or False.

    Raises:
        ValueError: If it is neither.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def read_text(name: str, value: Any) -> str:
    """A string.

    Raises:
        ValueError: If it is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, got {type(value).__name__}")
    return value


def read_path(name: str, value: Any) -> Path:
    """A path, from a string or a `Path`.

    Raises:
        ValueError: If it is neither.
    """
    if not isinstance(value, str | Path):
        raise ValueError(f"{name} must be a string or a Path, got {value!r}")
    return Path(value)


def read_seed(seed: Any) -> int | None:
    """A seed of `reset`.

    Raises:
        ValueError: If it is neither None nor a whole number from 0 on.
    """
    return None if seed is None else read_count("seed", seed, 0, "None or an integer from 0")


READERS: dict[Any, Callable[[str, Any], Any]] = {
    float: read_number,
    int: lambda name, value: read_count(name, value, -(2**63)),
    bool: read_flag,
    str: read_text,
}
"""Type of a setting to the function that checks its name and value."""
