"""Generates a replay again and compares every frame.

On an equal fingerprint bytes must be equal. Elsewhere each frame must stay within a bound of the recorded one; there
the body is led along the recorded path, and every snapshot is gone on from, so that small differences do not grow.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

import numpy as np

from wm_gym.envs.core import EnvCore
from wm_gym.envs.replay.format import RecordedStep, Replay, digests_of
from wm_gym.envs.replay.playback import open_core, play
from wm_gym.envs.state import EnvState
from wm_gym.world.fingerprint import Fingerprint


@dataclass(frozen=True)
class Bounds:
    """Least quality where equal bytes are not promised.

    Attributes:
        worst_db: Smallest peak signal-to-noise ratio of any frame against the recorded one.
        median_db: That of the middle one of all frames.
    """

    worst_db: float
    median_db: float


SAME_ARITHMETIC = Bounds(40.0, 60.0)
"""For the same number type, on another processor or with other versions."""

OTHER_ARITHMETIC = Bounds(12.0, 25.0)
"""For another number type or kind of device. Single frames may differ in falling snow; a world in which something else
happens keeps neither bound."""


@dataclass(frozen=True)
class Comparison:
    """Result of comparing a replay with its recording.

    Attributes:
        first_step: The first step that was compared; 0 is the opening.
        last_step: The last one.
        num_frames: Frames that were compared.
        fingerprint_differences: What differs between here and where it was made; with none, bytes must be equal.
        different: Step to the names of what differs there, to the byte.
        worst_psnr_db: Of all frames; infinite where all are equal.
        worst_step: Step of the worst frame.
        median_psnr_db: Of all frames.
        bounds: Least quality where bytes need not be equal.
    """

    first_step: int
    last_step: int
    num_frames: int
    fingerprint_differences: tuple[str, ...]
    different: dict[int, tuple[str, ...]]
    worst_psnr_db: float
    worst_step: int
    median_psnr_db: float
    bounds: Bounds = SAME_ARITHMETIC

    @property
    def agrees(self) -> bool:
        """Whether the replay equals the recording as far as is promised."""
        within = self.worst_psnr_db >= self.bounds.worst_db and self.median_psnr_db >= self.bounds.median_db
        return not self.different or (bool(self.fingerprint_differences) and within)

    def describe(self) -> str:
        """A sentence for a terminal."""
        what = f"steps {self.first_step} to {self.last_step}, {self.num_frames} frames"
        elsewhere = "; ".join(self.fingerprint_differences)
        where = f" (made elsewhere: {elsewhere})" if elsewhere else ""
        if not self.different:
            return f"{what}: every byte is equal{where}"
        first = min(self.different)
        words = f"{what}: {len(self.different)} steps differ, the first is {first} ({', '.join(self.different[first])})"
        worst = f"the worst frame has {self.worst_psnr_db:.1f} dB, in step {self.worst_step}"
        return f"{words}; {worst}, the middle one {self.median_psnr_db:.1f} dB{where}; {self._verdict()}"

    def _verdict(self) -> str:
        if not self.fingerprint_differences:
            return "every byte must be equal"
        return f"must be at least {self.bounds.worst_db:g} and {self.bounds.median_db:g} dB"


def verify(replay: Replay, from_step: int = 0) -> Comparison:
    """Generate a replay again and compare it, step by step.

    Args:
        replay: Any.
        from_step: The first step that is compared; generation begins at the last snapshot before it, or the opening.

    Raises:
        ValueError: If there is no such step, or the replay cannot be generated here: other weights or settings.
    """
    replay.check_step(from_step)
    core = open_core(replay)
    try:
        return _compare(replay, core, from_step)
    finally:
        core.world.close()


def _compare(replay: Replay, core: EnvCore, from_step: int) -> Comparison:
    spec = core.world.spec
    here, there = Fingerprint.of(spec), replay.fingerprint
    elsewhere = tuple(here.differences(there))
    bounds = SAME_ARITHMETIC if here.arithmetic == there.arithmetic else OTHER_ARITHMETIC
    different: dict[int, tuple[str, ...]] = {}
    ratios: list[tuple[float, int]] = []
    for step, state, reward in play(replay, core, from_step, led=bool(elsewhere)):
        recorded = replay.shown[step]
        if names := _differences(state, reward, recorded):
            different[step] = names
        ratios += [(ratio, step) for ratio in _psnr_db(state, recorded, spec.height)]
    worst, median = min(ratios), statistics.median(ratio for ratio, _ in ratios)
    return Comparison(from_step, replay.num_steps, len(ratios), elsewhere, different, *worst, median, bounds)


def _differences(state: EnvState, reward: float, recorded: RecordedStep) -> tuple[str, ...]:
    digests = digests_of(state.outcome)
    names = [name for name, digest in digests.items() if digest != recorded.digests[name]]
    if not np.array_equal(state.outcome.body_poses[0], recorded.body_poses):
        names.append("path")
    if (reward, state.is_success) != (recorded.reward, recorded.is_success):
        names.append("reward")
    return tuple(names)


def _psnr_db(state: EnvState, recorded: RecordedStep, height: int) -> list[float]:
    """Peak signal-to-noise ratio of each frame of a step, in dB."""
    generated = state.outcome.chunk.frames[0].cpu().numpy().astype(np.float64)
    errors = np.square(generated - recorded.frames(height)).mean(axis=(1, 2, 3))
    return [math.inf if error == 0 else 10 * math.log10(255**2 / error) for error in errors]
