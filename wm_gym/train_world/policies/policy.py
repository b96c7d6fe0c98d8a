"""A scripted policy: body pose to twist, by a row of moves, a glance up or down, and a controller model.

Equal seeds and body poses give equal twists.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wm_gym.geometry.motion import Body
from wm_gym.train_world.policies.context import Moves, PolicyContext
from wm_gym.train_world.policies.controllers import CONTROLLER_SHARES, make_controller
from wm_gym.train_world.policies.filming import film
from wm_gym.train_world.policies.ground import Ground
from wm_gym.train_world.policies.roaming import free, loop, transition
from wm_gym.train_world.policies.watching import backward, look_back, orbit, stand_and_pan

POLICIES: dict[str, Callable[[PolicyContext], Moves]] = {
    "free": free,
    "loop": loop,
    "transition": transition,
    "orbit": orbit,
    "stand": stand_and_pan,
    "backward": backward,
    "look_back": look_back,
    "film": film,
}

SHARES: dict[str, float] = {
    "free": 0.26,
    "loop": 0.20,
    "transition": 0.14,
    "orbit": 0.12,
    "stand": 0.08,
    "backward": 0.08,
    "look_back": 0.12,
    "film": 0.0,
}
"""Share of recorded clips of each policy."""

WATCHING_SHARES: dict[str, float] = {
    "free": 0.15,
    "loop": 0.05,
    "transition": 0.05,
    "orbit": 0.20,
    "stand": 0.25,
    "backward": 0.15,
    "look_back": 0.15,
    "film": 0.0,
}
"""The same for clips in which an event appears ahead: policies that keep it in view are more frequent."""

CONTROLLERS = tuple(CONTROLLER_SHARES)

_GLANCE_CHANCE = 0.09
_GLANCE_DEGREES = 9.0


class ScriptedPolicy:
    """One row of `POLICIES` through one controller."""

    def __init__(
        self,
        name: str,
        ground: Ground,
        seed: int,
        *,
        num_steps: int,
        frames_per_step: int,
        controller: str = "smooth",
        body: Body | None = None,
    ) -> None:
        """Prepare to act.

        Args:
            name: A row of `POLICIES`.
            ground: Spots and free straight walks between them.
            seed: Seed of every choice.
            num_steps: Steps in all, by which a loop turns back in time.
            frames_per_step: Frames for which one twist is held.
            controller: A name in `CONTROLLERS`.
            body: Speeds of the body.

        Raises:
            ValueError: If there is no such policy or controller.
        """
        if name not in POLICIES:
            raise ValueError(f"policy must be one of {sorted(POLICIES)}, got {name!r}")
        rng = np.random.default_rng(seed)
        self._controller = make_controller(controller, rng)
        pace, turn_pace = self._controller.draw_paces(rng)
        self._me = PolicyContext(
            ground, rng, num_steps, pace, turn_pace, frames_per_step, self._controller.level_degrees,
            self._controller.turns_walking, body or Body(),
        )  # fmt: skip
        self._moves = POLICIES[name](self._me)
        self._gaze_rng = np.random.default_rng([seed, 1])
        self._gaze_radians = 0.0

    def act(self, body_pose: np.ndarray, collided: bool) -> np.ndarray:
        """The twist of the next step, (4,) float32 in -1..1.

        Args:
            body_pose: (5,) x, y, z, yaw, pitch.
            collided: Whether the body collided in the step before.
        """
        me = self._me
        me.body_pose, me.bumps = np.asarray(body_pose, np.float64), me.bumps + 1 if collided else 0
        me.trail.append(me.here.copy())
        twist = next(self._moves)
        twist[3] = self._pitch_speed()
        me.steps += 1
        return self._controller.steer(twist).astype(np.float32)

    def _pitch_speed(self) -> float:
        """Pitch speed of a glance up or down at random steps, and of its return to level."""
        if self._gaze_rng.random() < _GLANCE_CHANCE:
            level = self._gaze_radians != 0.0 and self._gaze_rng.random() < 0.7
            self._gaze_radians = 0.0 if level else float(np.radians(self._gaze_rng.normal(0.0, _GLANCE_DEGREES)))
        body, me = self._me.body, self._me
        limit = np.radians(body.max_pitch_degrees)
        per_step = me.frames_per_step * np.radians(body.pitch_degrees_per_frame)
        error = float(np.clip(self._gaze_radians, -limit, limit)) - float(me.body_pose[4])
        return float(np.clip(0.6 * error / per_step, -0.8, 0.8))
