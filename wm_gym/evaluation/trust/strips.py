"""Film strips of the moments in which a world and the twin came apart most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.evaluation.trust.moments import Moment

SHOWN = 6
"""Most moments in a strip."""

_GAP = 2


@dataclass(frozen=True, eq=False)
class Strip:
    """Moments in a row.

    Attributes:
        picture: (2 h + gap, w, 3) uint8, the world above, the led twin below.
        first: Step of the first one; 0 is the opening.
        last: Step of the last one.
    """

    picture: np.ndarray
    first: int
    last: int


def strip_of(world: Sequence[Moment], twin: Sequence[Moment], depth_absrel: Sequence[float]) -> Strip:
    """The moments that end soon after the largest depth error.

    Args:
        world: S + 1 moments, the opening first.
        twin: S + 1 moments at the same poses.
        depth_absrel: S errors of depth; NaN where there is none.
    """
    errors = np.nan_to_num(np.asarray(depth_absrel, np.float64), nan=-1.0)
    worst = int(errors.argmax()) + 1 if len(errors) else 0
    first = max(0, min(worst - SHOWN + 2, len(world) - SHOWN))
    last = min(len(world), first + SHOWN) - 1
    rows = [_row([one.frame for one in moments[first : last + 1]]) for moments in (world, twin)]
    bar = np.zeros((_GAP, rows[0].shape[1], 3), np.uint8)
    return Strip(np.concatenate([rows[0], bar, rows[1]]), first, last)


def _row(frames: Sequence[np.ndarray]) -> np.ndarray:
    bar = np.zeros((frames[0].shape[0], _GAP, 3), np.uint8)
    return np.concatenate([part for frame in frames for part in (frame, bar)][:-1], axis=1)
