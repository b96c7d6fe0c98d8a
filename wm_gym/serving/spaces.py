"""Gymnasium's spaces as values that `wire.pack` takes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
from gymnasium import spaces


def describe(space: gym.Space[Any]) -> dict[str, Any]:
    """A space as a dict.

    Raises:
        TypeError: If it is of a kind that no environment of this package has.
    """
    if isinstance(space, spaces.Dict):
        return {"kind": "dict", "spaces": {name: describe(one) for name, one in space.spaces.items()}}
    if isinstance(space, spaces.Box):
        return {"kind": "box", "low": space.low, "high": space.high}
    if isinstance(space, spaces.MultiBinary):
        return {"kind": "multi_binary", "n": space.n}
    if isinstance(space, spaces.Discrete):
        return {"kind": "discrete", "n": int(space.n)}
    raise TypeError(f"space must be a Dict, Box, MultiBinary or Discrete, got {space}")


def space_of(described: Mapping[str, Any]) -> gym.Space[Any]:
    """The space that `describe` was given.

    Raises:
        ValueError: If it is of an unknown kind.
    """
    kind = described["kind"]
    if kind == "dict":
        return spaces.Dict({name: space_of(one) for name, one in described["spaces"].items()})
    if kind == "box":
        return spaces.Box(described["low"], described["high"], dtype=described["low"].dtype.type)
    if kind == "multi_binary":
        return spaces.MultiBinary(described["n"])
    if kind == "discrete":
        return spaces.Discrete(described["n"])
    raise ValueError(f"kind of a space must be 'dict', 'box', 'multi_binary' or 'discrete', got {kind!r}")
