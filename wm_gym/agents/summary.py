"""What episodes came to: means, and intervals of success."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wm_gym.agents.episodes import Episode
from wm_gym.envs.measures import MEASURES

_Z_95 = 1.959964  # of the normal distribution, two-sided


def success_interval(successes: int, episodes: int) -> tuple[float, float]:
    """The 95 % interval of a share of successes.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Raises:
        ValueError: If successes are not within 0..episodes, or there is no episode.
    """
    if not 0 <= successes <= episodes or not episodes:
        raise ValueError(f"successes must be within 0..episodes of at least 1, got {successes} of {episodes}")
    share, weight = successes / episodes, _Z_95**2 / episodes
    middle = (share + weight / 2) / (1 + weight)
    half = _Z_95 / (1 + weight) * np.sqrt(share * (1 - share) / episodes + weight / (4 * episodes))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def summary(episodes: Sequence[Episode]) -> dict[str, Any]:
    """Means over episodes, as a table shows them.

    "episodes", "success" with "success_low" and "success_high" (95 %), "return", "steps", and the measures that all
    episodes have; a distance to the goal counts only where there is a goal.
    """
    successes = sum(one.is_success for one in episodes)
    low, high = success_interval(successes, len(episodes))
    figures: dict[str, Any] = {
        "episodes": len(episodes),
        "success": successes / len(episodes),
        "success_low": low,
        "success_high": high,
        "return": float(np.mean([one.total_reward for one in episodes])),
        "steps": float(np.mean([one.num_steps for one in episodes])),
    }
    for name in MEASURES:
        values = [one.measures[name] for one in episodes if one.measures.get(name, -1.0) >= 0]
        if values:
            figures[name] = float(np.mean(values))
    return figures
