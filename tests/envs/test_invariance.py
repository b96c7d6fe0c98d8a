"""A world among others is the world alone: nothing that goes on in a batch changes it, to the byte."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from wm_gym.envs.core import EnvCore, EpisodeConfig
from wm_gym.envs.options import ResetOptions, TimedEvent

SEED, EVENT = 7, TimedEvent(3, "night falls", 60)


@dataclass
class RecordedStep:
    """What one step showed of the watched world."""

    frames: torch.Tensor
    depth: torch.Tensor
    moving: torch.Tensor
    body_poses: np.ndarray
    reward: float

    def equals(self, other):
        pairs = ((self.frames, other.frames), (self.depth, other.depth), (self.moving, other.moving))
        return (
            all(torch.equal(a, b) for a, b in pairs)
            and np.array_equal(self.body_poses, other.body_poses)
            and self.reward == other.reward
        )


@pytest.fixture(scope="module")
def core():
    return EnvCore(EpisodeConfig(task="explore", backend="video", finer=1, action_mode="twist"))


def reset(core, seed, events=()):
    return core.open([ResetOptions(events=events)], [np.random.default_rng(seed)])[0]


def disturb(core, states, watched, rng):
    """Some neighbours begin anew, some become forks of another world of the batch."""
    after = list(states)
    for slot in set(range(len(states))) - {watched}:
        chance = rng.random()
        if chance < 0.08:
            after[slot] = reset(core, int(rng.integers(1000)))
        elif chance < 0.16:
            after[slot] = states[int(rng.integers(len(states)))]
        elif chance < 0.2:
            after[slot] = core.schedule_event(states[slot], "it starts to snow", steps=10)
    return after


def watch(core, num_worlds, steps):
    """What a world shows among `num_worlds - 1` restless neighbours."""
    walk, rng = np.random.default_rng(SEED).uniform(-1, 1, (steps, 4)), np.random.default_rng(0)
    watched = num_worlds // 2
    states = [reset(core, 100 + n) for n in range(num_worlds)]
    states[watched] = reset(core, SEED, (EVENT,))
    shown = []
    for twist in walk:
        states = disturb(core, states, watched, rng)
        actions = rng.uniform(-1, 1, (num_worlds, 4))
        actions[watched] = twist
        stepped = core.step(states, list(actions.astype(np.float32)))
        states = [state for state, _ in stepped]
        outcome, reward = states[watched].outcome, stepped[watched][1]
        chunk = outcome.chunk
        # Copies: a view would keep the whole batch.
        parts = [part[0].clone() for part in (chunk.frames, chunk.depth, chunk.moving)]
        shown.append(RecordedStep(*parts, outcome.body_poses[0].copy(), reward))
    return shown


def differing(core, num_worlds, steps):
    alone, among = watch(core, 1, steps), watch(core, num_worlds, steps)
    return [step for step, (one, other) in enumerate(zip(alone, among, strict=True)) if not one.equals(other)]


@pytest.mark.parametrize("num_worlds", [1, 3])
def test_neighbours_that_begin_anew_and_fork_do_not_change_a_world(core, num_worlds):
    assert differing(core, num_worlds, steps=12) == []


@pytest.mark.slow
@pytest.mark.parametrize("num_worlds", [1, 3, 8])
def test_neighbours_do_not_change_a_world_in_two_hundred_steps(core, num_worlds):
    assert differing(core, num_worlds, steps=200) == []
