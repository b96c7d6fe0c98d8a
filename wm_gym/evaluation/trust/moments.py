"""What a world showed at the end of each step of an episode, kept small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from wm_gym.envs.core import EnvCore
from wm_gym.envs.state import EnvState
from wm_gym.evaluation.fidelity import depth_absrel, psnr_db
from wm_gym.geometry.motion import wrapped

EVENTS = ("event_kind", "event_strength", "event_realised")


@dataclass(frozen=True, eq=False)
class Moment:
    """The end of one step.

    Attributes:
        frame: (H, W, 3) uint8.
        depth: (H, W) float32 metres.
        moving: (H, W) bool.
        body_poses: (T, 5), the way of the step.
        collided: Whether something stood in the way.
        trust: As `info["trust"]`.
        events: (3, 8) kinds, strengths and whether they are shown.
    """

    frame: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    body_poses: np.ndarray
    collided: bool
    trust: float
    events: np.ndarray

    @classmethod
    def of(cls, core: EnvCore, state: EnvState) -> Moment:
        """That of an episode as it stands."""
        outcome, info = state.outcome, core.info(state)
        chunk = outcome.chunk
        assert chunk.depth is not None and chunk.moving is not None
        frame, depth, moving = (one[0, -1].cpu().numpy().copy() for one in (chunk.frames, chunk.depth, chunk.moving))
        return cls(
            frame=frame,
            depth=depth,
            moving=moving,
            body_poses=outcome.body_poses[0].copy(),
            collided=bool(outcome.collided[0]),
            trust=float(outcome.trust[0]),
            events=np.stack([np.asarray(info[name], np.float64) for name in EVENTS]),
        )

    def depth_error(self, true: Moment) -> float:
        """Mean of |depth - true| / true where neither shows what moves, which chance leads elsewhere in each world.

        NaN where nothing true is near enough to score.
        """
        still = torch.from_numpy(~(self.moving | true.moving))
        return depth_absrel(torch.from_numpy(self.depth)[None], torch.from_numpy(true.depth)[None], still[None])

    def psnr_db(self, true: Moment) -> float:
        """Likeness of the frames."""
        return float(psnr_db(torch.from_numpy(self.frame)[None], torch.from_numpy(true.frame)[None])[0])

    def metres_from(self, other: Moment) -> float:
        """On the ground, between the bodies."""
        return float(np.linalg.norm(self.body_poses[-1, :2] - other.body_poses[-1, :2]))

    def degrees_from(self, other: Moment) -> float:
        """Between the headings of the bodies, 0..180."""
        return float(np.degrees(abs(wrapped(self.body_poses[-1, 3] - other.body_poses[-1, 3]))))

    def events_unlike(self, other: Moment) -> int:
        """Slots of events that differ in kind, strength or in whether they are shown."""
        return int((np.abs(self.events - other.events) > 1e-6).any(0).sum())
