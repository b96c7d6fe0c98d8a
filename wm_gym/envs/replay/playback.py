"""Generates a replay again: its world, its task and its events, from any step on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.core import EnvCore
from wm_gym.envs.options import read_options
from wm_gym.envs.replay.format import Replay
from wm_gym.envs.state import EnvState
from wm_gym.events.scripts import EventScript
from wm_gym.world.serialization import check_weights


def open_core(replay: Replay) -> EnvCore:
    """The environment of a replay, to generate it with.

    Raises:
        ValueError: If its settings are none, or the weights are not those that it was made with.
    """
    try:
        config = EpisodeConfig.of(replay.settings)
    except ValueError as error:
        raise ValueError(f"a replay's settings must be those of EpisodeConfig, got: {error}") from error
    core = EnvCore(config)
    check_weights(replay.fingerprint.weights, core.world.spec, "a replay")
    return core


def state_at(replay: Replay, step: int, core: EnvCore) -> EnvState:
    """The environment's state after `step` steps; step 0 is the opening.

    Raises:
        ValueError: If the replay has no such step.
    """
    replay.check_step(step)
    reset, state = _nearest(replay, step, core)
    for k in range(reset, step):
        state, _ = _advance(replay, core, state, k)
    return state


def play(
    replay: Replay, core: EnvCore, from_step: int = 0, *, led: bool = False
) -> Iterator[tuple[int, EnvState, float]]:
    """Steps, the states after them and their rewards.

    Args:
        replay: Any.
        core: Of the replay.
        from_step: The first step that is given; generation begins at the last snapshot before it, or the opening.
        led: Whether the body follows the recorded path, whatever stands there, and generation goes on from every
            snapshot.

    Raises:
        ValueError: If the replay has no such step.
    """
    replay.check_step(from_step)
    reset, state = _nearest(replay, max(0, from_step - 1), core)
    if from_step == 0:
        yield 0, state, 0.0
    for k in range(reset, replay.num_steps):
        if led and k in replay.states:
            state = core.read_state(replay.states[k])
        state, reward = _advance(replay, core, state, k, led=led)
        if k + 1 >= from_step:
            yield k + 1, state, reward


def _nearest(replay: Replay, step: int, core: EnvCore) -> tuple[int, EnvState]:
    """The last snapshot up to a step, or the opening, and the number of its step."""
    kept = max((kept for kept in replay.states if kept <= step), default=None)
    return (0, _opened(replay, core)) if kept is None else (kept, core.read_state(replay.states[kept]))


def _opened(replay: Replay, core: EnvCore) -> EnvState:
    rng = np.random.default_rng()
    rng.bit_generator.state = dict(replay.rng_state)
    [state] = core.open([read_options(replay.options)], [rng], [replay.seed is not None])
    return replace(state, rng_state=rng.bit_generator.state)


def _advance(replay: Replay, core: EnvCore, state: EnvState, k: int, *, led: bool = False) -> tuple[EnvState, float]:
    paths = replay.shown[k + 1].body_poses[None] if led else None
    [stepped] = core.step([_with_events(replay, state, k)], [replay.actions[k]], paths)
    return stepped


def _with_events(replay: Replay, state: EnvState, k: int) -> EnvState:
    if k not in replay.scripts:
        return state
    script = EventScript.from_json(dict(replay.scripts[k]))
    return replace(state, world=state.world.with_script(0, script))
