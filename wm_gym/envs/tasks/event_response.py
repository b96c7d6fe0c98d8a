"""`EventResponse`: do what an event asks for, once it has begun."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from wm_gym.envs.checking import read_count
from wm_gym.envs.tasks.places import FLOOR_Z, Spot, metres_between
from wm_gym.envs.tasks.task import StepResult, Task, TimedEvent
from wm_gym.world.state import Outcome

RESPONSES: dict[str, tuple[str, str, str]] = {
    "rain": ("rain", "it starts to rain", "walk about; when it rains, take shelter at a wall"),
    "fire": ("bonfire", "a fire breaks out", "walk about; when a fire breaks out, go to it"),
    "fog": ("fog", "fog rolls in", "walk about; when fog rolls in, stand still"),
}
"""Event to its kind in `events.kinds.KINDS`, the text that begins it, and what is to be done."""

_NOT_YET = -1
_STILL_METRES = 0.02
_WALL_Z = (FLOOR_Z + 0.4, FLOOR_Z + 2.4)
"""What is lower than a step or higher than a storey is no wall."""
_WALL_SHARE = 0.15


@dataclass(frozen=True)
class EventResponseState:
    """How far the event and the response to it have come.

    Attributes:
        onset: Step at which the event is to begin.
        position: x, y of the body, metres, world frame.
        walked_metres: Before the event began.
        steps_since: Steps since it began, the first counted; -1 before it.
        steps_held: The last steps in which the body did as it should.
        place: x, y of the fire where it was last known, or None.
    """

    onset: int
    position: Spot
    walked_metres: float = 0.0
    steps_since: int = _NOT_YET
    steps_held: int = 0
    place: Spot | None = None


@dataclass(frozen=True)
class EventResponse(Task[EventResponseState]):
    """Walk about until an event begins, then do what it asks for, in time.

    Rain: stand at a wall (`is_at_wall`) for `hold_steps` steps. Fog: stand still for as many. Fire: come near to it.
    What is done before the event counts for nothing, but the body must have walked by then.

    Attributes:
        event: "rain", "fire" or "fog".
        first_onset: The first step at which it may begin.
        last_onset: The last one.
        deadline_steps: Steps from the beginning in which the response must be done; later is failure.
        hold_steps: Steps on end in which the body stands at a wall, or still.
        wall_metres: A wall this near is shelter.
        fire_metres: Standing this near to a fire is to have come to it.
        least_metres: A body that has walked less than this when the event begins fails.
        walk_reward: Earned by a metre walked before the event, up to `least_metres`.
        success_reward: Earned by success.
        failure_cost: Cost of failure.
        step_cost: Cost of a step once the event has begun.
    """

    event: str = "rain"
    first_onset: int = 6
    last_onset: int = 20
    deadline_steps: int = 30
    hold_steps: int = 3
    wall_metres: float = 1.0
    fire_metres: float = 1.5
    least_metres: float = 1.0
    walk_reward: float = 0.1
    success_reward: float = 5.0
    failure_cost: float = 5.0
    step_cost: float = 0.05

    description: ClassVar[str] = "EventResponse: walk about until something happens, then do what it asks for."

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.event not in RESPONSES:
            raise ValueError(f"event must be one of {sorted(RESPONSES)}, got {self.event!r}")
        read_count("first_onset", self.first_onset, 0)
        if self.last_onset < self.first_onset:
            raise ValueError(f"last_onset must be at least first_onset ({self.first_onset}), got {self.last_onset}")
        read_count("hold_steps", self.hold_steps)
        if self.deadline_steps < self.hold_steps:
            raise ValueError(
                f"deadline_steps must be at least hold_steps ({self.hold_steps}), got {self.deadline_steps}"
            )
        self._check_positive("wall_metres", "fire_metres")

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> EventResponseState:
        """Draw when the event begins."""
        return EventResponseState(int(rng.integers(self.first_onset, self.last_onset + 1)), _position(outcome))

    def events(self, state: EventResponseState) -> tuple[TimedEvent, ...]:
        """The event."""
        return (TimedEvent(state.onset, RESPONSES[self.event][1]),)

    def describe(self, state: EventResponseState) -> str:
        """Such as "walk about; when it rains, take shelter at a wall"."""
        return RESPONSES[self.event][2]

    def update(self, state: EventResponseState, outcome: Outcome) -> tuple[EventResponseState, StepResult]:
        """Count steps and metres, and see whether the body does as it should."""
        here, kind = _position(outcome), RESPONSES[self.event][0]
        moved = metres_between(state.position, outcome.body_poses[0, -1])
        has_begun = state.steps_since != _NOT_YET or any(one.kind == kind for one in outcome.events[0])
        if not has_begun:
            paid = min(moved, max(0.0, self.least_metres - state.walked_metres))
            after = replace(state, position=here, walked_metres=state.walked_metres + moved)
            return after, StepResult(self.walk_reward * paid)
        place = next((one.position[:2] for one in outcome.things[0] if one.kind == kind), state.place)
        held = state.steps_held + 1 if self._does_right(outcome, moved, place) else 0
        after = replace(state, position=here, steps_since=max(0, state.steps_since) + 1, steps_held=held, place=place)
        return after, self._result(state, after)

    def distance(self, state: EventResponseState, body_pose: np.ndarray) -> float | None:
        """Metres to the fire, where it is known."""
        return None if state.place is None else metres_between(state.place, body_pose)

    def info(self, state: EventResponseState) -> dict[str, Any]:
        """`steps_since_event`, -1 before it, and `steps_held`."""
        return {"steps_since_event": state.steps_since, "steps_held": state.steps_held}

    def _does_right(self, outcome: Outcome, moved: float, place: Spot | None) -> bool:
        if self.event == "rain":
            return is_at_wall(outcome, self.wall_metres)
        if self.event == "fog":
            return moved < _STILL_METRES
        return place is not None and metres_between(place, outcome.body_poses[0, -1]) <= self.fire_metres

    def _result(self, before: EventResponseState, after: EventResponseState) -> StepResult:
        """What a step after the beginning came to."""
        has_walked = after.walked_metres >= self.least_metres
        is_success = has_walked and after.steps_held >= (1 if self.event == "fire" else self.hold_steps)
        is_failure = not is_success and (not has_walked or after.steps_since >= self.deadline_steps)
        reward = self.success_reward * is_success - self.failure_cost * is_failure - self.step_cost
        if before.place is not None and after.place is not None:  # nearer to the fire
            reward += np.linalg.norm(np.subtract(before.place, before.position))
            reward -= np.linalg.norm(np.subtract(after.place, after.position))
        return StepResult(float(reward), is_success, is_failure)


def is_at_wall(outcome: Outcome, wall_metres: float) -> bool:
    """Whether a wall is near: the body bumps into it, or sees it.

    It sees one where at least 15 in 100 pixels of the last frame show still surfaces that are 0.4 to 2.4 m over the
    floor and at most `wall_metres` away on the ground.
    """
    chunk = outcome.chunk
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    if outcome.collided[0]:
        return True
    depth, moving = chunk.depth[0, -1].double().numpy(), chunk.moving[0, -1].numpy()
    pose, (fx, fy, cx, cy) = chunk.world_from_camera[0, -1].double().numpy(), outcome.intrinsics[0].double().numpy()
    rows, columns = np.indices(depth.shape) + 0.5
    rays = np.stack([(columns - cx) / fx, (rows - cy) / fy, np.ones_like(depth)], axis=-1) @ pose[:3, :3].T
    away = np.linalg.norm(rays[..., :2], axis=-1) * depth
    heights = pose[2, 3] + rays[..., 2] * depth
    is_wall = (depth > 0) & ~moving & (away <= wall_metres) & (heights >= _WALL_Z[0]) & (heights <= _WALL_Z[1])
    return bool(is_wall.mean() >= _WALL_SHARE)


def _position(outcome: Outcome) -> Spot:
    x, y = outcome.body_poses[0, -1, :2].tolist()
    return x, y
