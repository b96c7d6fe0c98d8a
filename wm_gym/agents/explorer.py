"""An explorer without end: one tour after another."""

from __future__ import annotations

import numpy as np

from wm_gym.agents.tour import Tour, TourConfig

LOOK_EVERY = 30  # steps between two looks aside, of 8 steps each
PATIENCE = 3  # a tour that takes this many times its steps out is stuck


class Explorer:
    """Walks tours; once it is home, or stuck, the next tour begins where it stands."""

    def __init__(self, waypoints: np.ndarray, seed: int, steps_out: int) -> None:
        """Plan the first tour.

        Args:
            waypoints: (W, 2) x, y in metres that can be stood on; they only set directions.
            seed: Of the first tour; each later one has the next.
            steps_out: Steps of a tour before it turns home.
        """
        self._waypoints, self._seed = waypoints, seed
        self._config = TourConfig(steps_out, LOOK_EVERY)
        self.tours = 0
        self._set_out()

    def act(self, body_pose: np.ndarray) -> np.ndarray:
        """The next twist (4,) at `body_pose` (5,)."""
        self._steps += 1
        twist = None if self._steps > PATIENCE * self._config.steps_out else self._tour.act(body_pose)
        if twist is None:
            self._set_out()
            twist = self._tour.act(body_pose)
        assert twist is not None  # a tour begins with a step out
        return twist

    def _set_out(self) -> None:
        self._tour, self._steps = Tour(self._waypoints, self._seed + self.tours, config=self._config), 0
        self.tours += 1
