"""Procedural places for the twin: `build(family, seed, difficulty)` gives a `TwinMap`. Knows nothing of the engine."""

from __future__ import annotations

from wm_gym.backends.twin.maps.build import build
from wm_gym.backends.twin.maps.twin_map import TwinMap

__all__ = ["TwinMap", "build"]
