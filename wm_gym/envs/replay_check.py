"""Generates a replay again and compares every frame.

On an equal fingerprint bytes must be equal. Elsewhere each frame must stay within a bound of the recorded one, and
generation starts afresh at every snapshot, so that small differences do not grow for longer than a snapshot lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch

from wm_gym.envs.episodes import EpisodeConfig, Episodes
from wm_gym.envs.options import read_options
from wm_gym.envs.replay import Replay, Shown, digests_of
from wm_gym.envs.state import EnvState
from wm_gym.events.scripts import EventScript
from wm_gym.world.files import check_weights
from wm_gym.world.fingerprint import Fingerprint

BOUND_DB = 20.0
"""Smallest peak signal-to-noise ratio of a frame against the recorded one where equal bytes are not promised."""


@dataclass(frozen=True)
class Comparison:
    """What became of a replay.

    Attributes:
        first_step: The first step that was compared; 0 is the opening.
        last_step: The last one.
        num_frames: Frames that were compared.
        fingerprint_differences: What differs between here and where it was made; with none, bytes must be equal.
        different: Step to the names of what differs there, to the byte.
        worst_psnr_db: Of all frames; infinite where all are equal.
        worst_step: Where that is.
        bound_db: That `worst_psnr_db` must keep where bytes need not be equal.
    """

    first_step: int
    last_step: int
    num_frames: int
    fingerprint_differences: tuple[str, ...]
    different: dict[int, tuple[str, ...]]
    worst_psnr_db: float
    worst_step: int
    bound_db: float

    @property
    def agrees(self) -> bool:
        """Whether the replay is what was recorded, as far as is promised."""
        if not self.different:
            return True
        return bool(self.fingerprint_differences) and self.worst_psnr_db >= self.bound_db

    def describe(self) -> str:
        """In words, for a terminal."""
        what = f"steps {self.first_step} to {self.last_step}, {self.num_frames} frames"
        elsewhere = "; ".join(self.fingerprint_differences)
        where = f" (made elsewhere: {elsewhere})" if elsewhere else ""
        if not self.different:
            return f"{what}: every byte is equal{where}"
        first = min(self.different)
        told = f"{what}: {len(self.different)} steps differ, the first is {first} ({', '.join(self.different[first])})"
        return f"{told}; the worst frame has {self.worst_psnr_db:.1f} dB, in step {self.worst_step}{where}"


def open_episodes(replay: Replay) -> Episodes:
    """The environment of a replay, to generate it with.

    Raises:
        ValueError: If its settings are none, or the weights are not those that it was made with.
    """
    try:
        episodes = Episodes(EpisodeConfig(**replay.settings))
    except TypeError as error:
        raise ValueError(f"a replay's settings must be those of EpisodeConfig, got: {error}") from error
    check_weights(replay.fingerprint.weights, episodes.world.model.spec, "a replay")
    return episodes


def state_at(replay: Replay, step: int, episodes: Episodes) -> EnvState:
    """The environment's state after `step` steps; step 0 is the opening.

    Raises:
        ValueError: If the replay has no such step.
    """
    if not 0 <= step <= replay.num_steps:
        raise ValueError(f"step must be from 0 to {replay.num_steps}, got {step}")
    begin = max((kept for kept in replay.states if kept <= step), default=0)
    state = episodes.read_state(replay.states[begin]) if begin else _opened(replay, episodes)
    for k in range(begin, step):
        state, _ = _advance(replay, episodes, state, k)
    return state


def verify(replay: Replay, from_step: int = 0, bound_db: float = BOUND_DB) -> Comparison:
    """Generate a replay again and compare it, step by step.

    Args:
        replay: Any.
        from_step: The first step that is compared; generation begins at the last snapshot before it, or the opening.
        bound_db: Of every frame, where equal bytes are not promised.

    Raises:
        ValueError: If there is no such step, or the replay cannot be generated here: other weights or settings.
    """
    if not 0 <= from_step <= replay.num_steps:
        raise ValueError(f"the first step must be from 0 to {replay.num_steps}, got {from_step}")
    with _threads(replay.fingerprint.threads):
        episodes = open_episodes(replay)
        try:
            return _compare(replay, episodes, from_step, bound_db)
        finally:
            episodes.world.close()


def _compare(replay: Replay, episodes: Episodes, from_step: int, bound_db: float) -> Comparison:
    spec = episodes.world.model.spec
    elsewhere = tuple(Fingerprint.of(spec).differences(replay.fingerprint))
    different, worst, num_frames = {}, (float("inf"), from_step), 0
    for step, state, reward in _generated(replay, episodes, from_step, afresh=bool(elsewhere)):
        recorded = replay.shown[step]
        names = _differences(state, reward, recorded)
        num_frames += state.outcome.chunk.frames.shape[1]
        if names:
            different[step] = names
            worst = min(worst, (_worst_psnr_db(state, recorded, spec.height), step))
    return Comparison(from_step, replay.num_steps, num_frames, elsewhere, different, *worst, bound_db)


def _generated(
    replay: Replay, episodes: Episodes, from_step: int, *, afresh: bool
) -> Iterator[tuple[int, EnvState, float]]:
    """Steps with their states and rewards."""
    if from_step == 0:
        state = _opened(replay, episodes)
        yield 0, state, 0.0
    else:
        state = state_at(replay, from_step - 1, episodes)
    for k in range(max(0, from_step - 1), replay.num_steps):
        if afresh and k in replay.states:
            state = episodes.read_state(replay.states[k])
        state, reward = _advance(replay, episodes, state, k)
        yield k + 1, state, reward


def _opened(replay: Replay, episodes: Episodes) -> EnvState:
    rng = np.random.default_rng()
    rng.bit_generator.state = dict(replay.rng_state)
    [state] = episodes.open([read_options(replay.options)], [rng])
    return replace(state, rng_state=rng.bit_generator.state)


def _advance(replay: Replay, episodes: Episodes, state: EnvState, k: int) -> tuple[EnvState, float]:
    if k in replay.scripts:
        state = replace(state, world=state.world.with_script(0, EventScript.from_json(dict(replay.scripts[k]))))
    return episodes.step([state], [replay.actions[k]])[0]


def _differences(state: EnvState, reward: float, recorded: Shown) -> tuple[str, ...]:
    digests = digests_of(state.outcome)
    names = [name for name, digest in digests.items() if digest != recorded.digests[name]]
    if (reward, state.is_success) != (recorded.reward, recorded.is_success):
        names.append("reward")
    return tuple(names)


def _worst_psnr_db(state: EnvState, recorded: Shown, height: int) -> float:
    """That of the worst frame of a step."""
    generated = state.outcome.chunk.frames[0].cpu().numpy().astype(np.float64)
    errors = np.square(generated - recorded.frames(height)).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(255**2 / errors.max()))


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Torch with as many threads as when the replay was made, since they decide the order of sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
