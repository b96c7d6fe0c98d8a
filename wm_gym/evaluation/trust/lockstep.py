"""The twin takes the actions of an episode in another world, step for step, from the same start.

Two twins do. The free one acts: it says what the actions would have come to in truth. The led one goes where the body
of the world went, whatever stands there: it shows what was there to be seen, also after a collision of only one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from gymnasium.utils import seeding

from wm_gym.agents.episodes import Start
from wm_gym.envs.core import EnvCore
from wm_gym.envs.options import read_options
from wm_gym.envs.state import EnvState
from wm_gym.evaluation.trust.moments import Moment

STEPWISE = (
    "trust", "depth_absrel", "psnr_db", "pose_metres", "pose_degrees", "collided_world", "collided_twin",
    "events_unlike",
)  # fmt: skip
"""Fields of a `Divergence` that have a value for each step."""


@dataclass(frozen=True)
class Divergence:
    """How a world and the twin came apart over S steps.

    Attributes:
        is_success: Whether the free twin reached the aim at one of the steps.
        total_reward: Of the free twin, up to its end.
        trust: The world's own, by step.
        depth_absrel: Error of the world's depth against the led twin; NaN where nothing can be scored, as where the
            world's body stands in a wall of the twin.
        psnr_db: Of the world's frames against the led twin's; NaN likewise.
        pose_metres: Between the bodies of the world and of the free twin; of the free twin's last one after its end.
        pose_degrees: Between their headings.
        collided_world: Whether something stood in the way in the world.
        collided_twin: The same of the free twin; False after its end.
        events_unlike: Slots of events in which the led twin differs.
    """

    is_success: bool
    total_reward: float
    trust: tuple[float, ...]
    depth_absrel: tuple[float, ...]
    psnr_db: tuple[float, ...]
    pose_metres: tuple[float, ...]
    pose_degrees: tuple[float, ...]
    collided_world: tuple[bool, ...]
    collided_twin: tuple[bool, ...]
    events_unlike: tuple[int, ...]

    def row(self) -> dict[str, Any]:
        """As JSON holds it, rounded; NaN as None."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, eq=False)
class Lockstep:
    """What the twin made of an episode.

    Attributes:
        divergence: By step.
        led: S + 1 moments of the led twin, the opening first; the one before where it cannot stand.
    """

    divergence: Divergence
    led: Sequence[Moment]


def lockstep(twin: EnvCore, start: Start, actions: np.ndarray, moments: Sequence[Moment]) -> Lockstep:
    """Take S actions in the twin.

    Args:
        twin: The twin's environment, of the task that was played.
        start: Of the episode.
        actions: (S, ...).
        moments: S + 1 of the world, the opening first.

    Raises:
        ValueError: If a step of the world is of another length than the twin's, or the bodies start apart.
    """
    frames = twin.world.spec.frames_per_step
    if len(moments) > 1 and len(moments[1].body_poses) != frames:
        raise ValueError(f"a step must be of {frames} frames, as the twin's are, got {len(moments[1].body_poses)}")
    free = led = open_start(twin, start)
    opened = Moment.of(twin, led)
    if not np.allclose(opened.body_poses[-1], moments[0].body_poses[-1], atol=1e-6):
        raise ValueError(f"world {start.world} must open where the twin does, got {moments[0].body_poses[-1]}")
    shown, stands, freely, total = [opened], [], [opened], 0.0
    is_success = False
    for action, moment in zip(actions, moments[1:], strict=True):
        after = _led(twin, led, action, moment.body_poses)
        led = led if after is None else after
        shown.append(shown[-1] if after is None else Moment.of(twin, led))
        stands.append(after is not None)
        if free.is_over:
            freely.append(freely[-1])
            continue
        [(free, reward)] = twin.step([free], [action])
        freely.append(Moment.of(twin, free))
        total, is_success = total + reward, is_success or free.is_success
    divergence = _divergence(moments[1:], shown[1:], stands, freely[1:], is_success=is_success, total=total)
    return Lockstep(divergence, shown)


def open_start(core: EnvCore, start: Start) -> EnvState:
    """The episode of a start, as a vector environment opens it."""
    rng, _ = seeding.np_random(start.seed)
    return core.open([read_options(start.reset_options())], [rng], [True])[0]


def _led(twin: EnvCore, state: EnvState, action: np.ndarray, poses: np.ndarray) -> EnvState | None:
    """The twin led along poses (T, 5), or None where one of them is in a wall, in which no engine shows anything."""
    try:
        [(after, _)] = twin.step([state], [action], poses[None])
    except RuntimeError:
        return None
    return after


def _divergence(
    world: Sequence[Moment], led: Sequence[Moment], stands: Sequence[bool], free: Sequence[Moment], *,
    is_success: bool, total: float,
) -> Divergence:  # fmt: skip
    rows = list(zip(world, led, free, strict=True))
    ended = [k > 0 and free[k] is free[k - 1] for k in range(len(free))]
    return Divergence(
        is_success=is_success,
        total_reward=total,
        trust=tuple(a.trust for a in world),
        depth_absrel=tuple(
            a.depth_error(b) if is_led else np.nan for (a, b, _), is_led in zip(rows, stands, strict=True)
        ),
        psnr_db=tuple(a.psnr_db(b) if is_led else np.nan for (a, b, _), is_led in zip(rows, stands, strict=True)),
        pose_metres=tuple(a.metres_from(c) for a, _, c in rows),
        pose_degrees=tuple(a.degrees_from(c) for a, _, c in rows),
        collided_world=tuple(a.collided for a in world),
        collided_twin=tuple(c.collided and not over for c, over in zip(free, ended, strict=True)),
        events_unlike=tuple(a.events_unlike(b) for a, b, _ in rows),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 5) if np.isfinite(value) else None
    return value
