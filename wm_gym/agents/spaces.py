"""Actions drawn by chance from a generator, where Gymnasium's spaces hold a generator of their own."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np


def draw_action(space: gym.Space[Any], rng: np.random.Generator) -> np.ndarray:
    """An action that is uniform in the space of one world.

    Raises:
        ValueError: If the space is none of an action mode's.
    """
    match space:
        case gym.spaces.Discrete():
            return np.asarray(rng.integers(space.n))
        case gym.spaces.MultiBinary():
            return rng.integers(2, size=space.shape, dtype=np.int8)
        case gym.spaces.Box():
            return rng.uniform(space.low, space.high).astype(np.float32)
    raise ValueError(f"space must be Discrete, MultiBinary or Box, got {space}")
