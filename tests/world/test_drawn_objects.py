"""Crates, cars, birds, lamps and trees in generated worlds: drawn by depth, solid, and saved with the state."""

import numpy as np
import pytest
import torch

from wm_gym.backends.registry import load_backend
from wm_gym.entities.drawing import EventDrawing
from wm_gym.entities.motion import discs
from wm_gym.events.kinds import OBJECTS
from wm_gym.scenes.named import open_named
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.world import World

TEXTS = {
    "crate": "a crate drops ahead", "car": "a red car is parked ahead", "birds": "birds take off",
    "lamp_post": "a lamp post ahead", "tree": "a tree ahead",
}  # fmt: skip


@pytest.fixture(scope="module")
def world():
    world = World(load_backend("video", 36, 48), drawing=EventDrawing.create())
    yield world
    world.close()


@pytest.fixture(scope="module")
def opened(world):
    openings = [open_named(world.model.spec, name, 0, "full", 1) for name in ("city/9", "park/9")]
    return world.start(openings, [0, 1])[0]


def go(world, state, steps, forward=0.0, yaw=0.0):
    outcomes = []
    for _ in range(steps):
        state, outcome = world.step(state, np.tile([forward, 0.0, yaw, 0.0], (state.num_worlds, 4, 1)))
        outcomes.append(outcome)
    return state, outcomes


@pytest.fixture(scope="module")
def plain(world, opened):
    return go(world, world.select(opened, [0]), 7)[1]


@pytest.mark.parametrize("kind", OBJECTS)
def test_it_is_drawn_nearer_than_what_it_hides_and_told_as_a_thing(world, opened, plain, kind):
    state, shown = go(world, world.select(opened, [0]).schedule_event(0, TEXTS[kind]), 7)
    changed = (shown[-1].chunk.frames[0].float() - plain[-1].chunk.frames[0].float()).abs().amax(-1) > 24
    nearer = shown[-1].chunk.depth[0] < plain[-1].chunk.depth[0]
    assert (changed & nearer).float().mean() > 0.004
    assert shown[-1].chunk.moving[0][changed & nearer].all()
    assert kind in [thing.kind for thing in shown[-1].things[0]]
    [one] = [one for one in state.entities[0] if one.kind == kind]
    assert one.event_id == 0 and kind in world.spec.shows_events


def test_a_world_with_objects_forks_is_saved_and_stands_alone_in_a_batch(world, opened):
    state = opened
    for text in TEXTS.values():
        state = state.schedule_event(1, text)
    state, _ = go(world, state, 3)
    alone = world.select(state, [1])
    restored, _ = from_bytes(to_bytes(alone, world), world)
    assert restored.entities == alone.entities and len(restored.entities[0]) >= len(OBJECTS)
    runs = [go(world, one, 3, 0.2, 0.2)[1] for one in (state, world.select(state, [1, 1]), alone, restored)]
    assert all(torch.equal(run[-1].chunk.frames[-1], runs[2][-1].chunk.frames[0]) for run in runs)


def test_a_body_does_not_walk_through_a_crate(world, opened):
    state = world.select(opened, [0])
    free, _ = go(world, state, 16, forward=1.0)
    state, _ = go(world, state.schedule_event(0, "a crate stands ahead"), 1)
    [crate] = [one for one in state.entities[0] if one.kind == "crate"]
    [[x, y, radius]] = discs(crate)
    state, outcomes = go(world, state, 16, forward=1.0)
    ways = np.concatenate([outcome.body_poses[0, :, :2] for outcome in outcomes])
    apart = np.hypot(ways[:, 0] - x, ways[:, 1] - y)
    assert apart.min() >= radius + 0.3 - 1e-6 and apart.min() < radius + 0.6
    assert np.hypot(*free.body_poses[0, :2]) > np.hypot(x, y) + 0.5


def test_it_leaves_with_its_event(world, opened):
    state, _ = go(world, world.select(opened, [0]).schedule_event(0, TEXTS["crate"]), 2)
    state, outcomes = go(world, state.schedule_event(0, "the crate is taken away"), 2)
    assert "crate" not in [thing.kind for thing in outcomes[-1].things[0]]
