"""A scripted explorer: walks out, looks around, and comes home along its own trail to exactly where it began.

It acts by body twists and knows only the pose of its body, so it walks in any world. Knows nothing of how the world is
made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.geometry.motion import Body, wrapped


@dataclass(frozen=True)
class TourConfig:
    """Settings of a tour.

    Attributes:
        steps_out: Steps before it turns home.
        look_every: Steps of walking between two looks aside.
        frames_per_step: Frames for which one twist is held.
        near_metres: A waypoint this near counts as reached.
        stuck_metres: A walking step shorter than this counts as stuck.
    """

    steps_out: int = 40
    look_every: int = 12
    frames_per_step: int = 4
    near_metres: float = 0.5
    stuck_metres: float = 0.1


class Tour:
    """Walks a tour; ask `act` for the next twist until it gives None."""

    def __init__(self, waypoints: np.ndarray, seed: int, body: Body | None = None, config: TourConfig | None = None):
        """Plan a tour.

        Args:
            waypoints: (W, 2) x, y in metres that can be stood on; they only set directions.
            seed: Of every choice on the way.
            body: The body that is steered.
            config: Settings of the tour.
        """
        self._body, self._config = body or Body(), config or TourConfig()
        self._rng = np.random.default_rng(seed)
        self._waypoints = np.asarray(waypoints, np.float64)
        self._trail: list[np.ndarray] = []
        self._targets: list[np.ndarray] | None = None  # the way home, once it is taken
        self._target = self._draw_target(np.zeros(2))
        self._turns: list[float] = []  # twists of a look aside that is going on
        self._steps = 0
        self._moved_from: np.ndarray | None = None
        self._start: np.ndarray | None = None

    def act(self, body_pose: np.ndarray) -> np.ndarray | None:
        """The next body twist at `body_pose` (5,), or None once the tour is home."""
        here = np.asarray(body_pose, np.float64)
        if self._start is None:
            self._start = here
        self._steps += 1
        if self._targets is None and self._steps > self._config.steps_out:
            self._targets = [*self._thinned_trail()[::-1], self._start[:2]]
        return self._go_out(here) if self._targets is None else self._go_home(here)

    def _go_out(self, here: np.ndarray) -> np.ndarray:
        self._trail.append(here[:2])
        if self._turns:
            return np.array([0.0, 0.0, self._turns.pop(), 0.0])
        if self._steps % self._config.look_every == 0:
            side = float(self._rng.choice([-1.0, 1.0]))
            self._turns = [-side] * 4 + [side] * 4
        if self._is_stuck(here) or np.linalg.norm(self._target - here[:2]) < self._config.near_metres:
            self._target = self._draw_target(here[:2])
        return self._drive(here, self._target)

    def _go_home(self, here: np.ndarray) -> np.ndarray | None:
        assert self._targets is not None and self._start is not None
        while len(self._targets) > 1 and (self._reached(here) or self._is_stuck(here)):
            self._targets.pop(0)
            self._moved_from = None
        if np.linalg.norm(self._targets[0] - here[:2]) > 1e-6:
            return self._drive(here, self._targets[0])
        turn = wrapped(self._start[3] - here[3])
        return None if abs(turn) < 1e-9 else np.array([0.0, 0.0, self._yaw_speed(turn), 0.0])

    def _reached(self, here: np.ndarray) -> bool:
        assert self._targets is not None
        return bool(np.linalg.norm(self._targets[0] - here[:2]) < self._config.near_metres)

    def _drive(self, here: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Turn towards the target, and walk while it lies ahead; exact within the last step."""
        way = target - here[:2]
        distance, error = float(np.linalg.norm(way)), wrapped(np.arctan2(way[1], way[0]) - here[3])
        stride = self._config.frames_per_step * self._body.walk_metres_per_frame
        is_last = distance <= 2 * stride
        if abs(error) > (1e-7 if is_last else np.radians(40)):
            self._moved_from = None
            return np.array([0.0, 0.0, self._yaw_speed(error), 0.0])
        self._moved_from = here[:2]
        return np.array([min(1.0, distance / stride), 0.0, 0.0 if is_last else self._yaw_speed(error), 0.0])

    def _yaw_speed(self, turn_radians: float) -> float:
        per_step = self._config.frames_per_step * np.radians(self._body.turn_degrees_per_frame)
        return float(np.clip(turn_radians / per_step, -1.0, 1.0))

    def _is_stuck(self, here: np.ndarray) -> bool:
        return self._moved_from is not None and bool(
            np.linalg.norm(here[:2] - self._moved_from) < self._config.stuck_metres
        )

    def _draw_target(self, here: np.ndarray) -> np.ndarray:
        distances = np.linalg.norm(self._waypoints - here, axis=1)
        far = np.flatnonzero(distances > 2.0)
        return self._waypoints[int(self._rng.choice(far))] if len(far) else self._waypoints[int(distances.argmax())]

    def _thinned_trail(self) -> list[np.ndarray]:
        """Trail points about a stride apart, so that the way home keeps to what was walked."""
        kept = [self._trail[0]]
        for point in self._trail[1:]:
            if np.linalg.norm(point - kept[-1]) >= self._config.near_metres:
                kept.append(point)
        return kept
