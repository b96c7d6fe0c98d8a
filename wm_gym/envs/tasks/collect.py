"""`Collect`: take all coins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from wm_gym.envs.checking import read_count
from wm_gym.envs.markers import Marker
from wm_gym.envs.tasks.places import FLOOR_Z, Spot, check_distances, draw_spots, metres_between
from wm_gym.envs.tasks.task import StepResult, Task
from wm_gym.world.state import Outcome

_COIN_RADIUS_METRES, _COIN_RISE_METRES, _APART_METRES = 0.25, 1.1, 1.4


@dataclass(frozen=True)
class CollectState:
    """Which coins are left.

    Attributes:
        coins: x, y of each, metres, world frame.
        headings: Where the face of each looks, radians.
    """

    coins: tuple[Spot, ...]
    headings: tuple[float, ...]


@dataclass(frozen=True)
class Collect(Task[CollectState]):
    """Take all coins, by touching them. A step earns a reward for each that it takes, less a small cost of time.

    Attributes:
        num_coins: Most coins; fewer lie where the place has fewer waypoints for them.
        near_metres: No coin is nearer than this to the start, where the place has others.
        far_metres: No coin is farther than this from the start, where the place has others.
        touch_metres: A body whose middle comes this near takes a coin.
        coin_reward: Earned by each.
        success_reward: Earned by the last, on top of that.
        step_cost: Cost of a step.
    """

    num_coins: int = 6
    near_metres: float = 1.5
    far_metres: float = 10.0
    touch_metres: float = 0.8
    coin_reward: float = 1.0
    success_reward: float = 5.0
    step_cost: float = 0.01

    description: ClassVar[str] = "Collect: take all coins."

    def __post_init__(self) -> None:
        super().__post_init__()
        read_count("num_coins", self.num_coins)
        check_distances(self.near_metres, self.far_metres)
        self._check_positive("touch_metres")

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> CollectState:
        """Draw the coins among the waypoints."""
        bounds = self.near_metres, self.far_metres, _APART_METRES
        coins = draw_spots(waypoints, outcome.body_poses[0, -1, :2], self.num_coins, bounds, rng)
        return CollectState(coins, tuple(float(turn) for turn in rng.uniform(0.0, np.pi, len(coins))))

    def update(self, state: CollectState, outcome: Outcome) -> tuple[CollectState, StepResult]:
        """Take the coins that the body came near in any frame of the step."""
        left = [k for k, coin in enumerate(state.coins) if self._metres(coin, outcome) > self.touch_metres]
        taken = len(state.coins) - len(left)
        reward = self.coin_reward * taken + self.success_reward * (not left) - self.step_cost
        coins, headings = (tuple(rows[k] for k in left) for rows in (state.coins, state.headings))
        after = replace(state, coins=coins, headings=headings) if taken else state
        return after, StepResult(float(reward), not left)

    def markers(self, state: CollectState) -> tuple[Marker, ...]:
        """The coins that are left, over the floor."""
        z, rows = FLOOR_Z + _COIN_RISE_METRES, zip(state.coins, state.headings, strict=True)
        return tuple(Marker("coin", "gold", (*spot, z), _COIN_RADIUS_METRES, turn) for spot, turn in rows)

    def info(self, state: CollectState) -> dict[str, Any]:
        """`coins_left`."""
        return {"coins_left": len(state.coins)}

    @staticmethod
    def _metres(coin: Spot, outcome: Outcome) -> float:
        return min(metres_between(coin, pose) for pose in outcome.body_poses[0])
