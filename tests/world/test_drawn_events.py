"""Events drawn on the clean frames of a world: memory never sees them, and worlds do not depend on one another."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.backends.registry import load_backend
from wm_gym.entities.drawing import EventDrawing
from wm_gym.memory.packing import pack_memories
from wm_gym.scenes.named import open_named
from wm_gym.world.bodies import other_bodies
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.showing import with_bodies
from wm_gym.world.world import World

NAMES = ("city/9", "rooms/9", "park/9")
TEXTS = ("night falls", "a bonfire is lit", "someone appears", "it starts to snow")


@pytest.fixture(scope="module")
def drawing():
    return EventDrawing.create()


@pytest.fixture(scope="module")
def world(drawing):
    world = World(load_backend("video", 48, 64), drawing=drawing)
    yield world
    world.close()


def start(world, names=NAMES[:1], seeds=None):
    openings = [open_named(world.model.spec, name, 0, "full", 1) for name in names]
    return world.start(openings, seeds or list(range(len(names))))[0]


def go(world, state, steps=3, yaw=0.2):
    outcomes = []
    for _ in range(steps):
        state, outcome = world.step(state, np.tile([0.5, 0.0, yaw, 0.0], (state.num_worlds, 4, 1)))
        outcomes.append(outcome)
    return state, outcomes


def scheduled(state, *texts):
    for text in texts:
        state = state.schedule_event(0, text)
    return state


def same_memory(one, other):
    packed = [pack_memories(state.memories, []).tensors for state in (one, other)]
    return packed[0].keys() == packed[1].keys() and all(
        torch.equal(t, packed[1][name]) for name, t in packed[0].items()
    )


def test_an_event_leaves_no_trace_in_memory(world):
    state = start(world)
    plain, _ = go(world, state)
    eventful, outcomes = go(world, scheduled(state, *TEXTS))
    assert same_memory(plain, eventful)
    assert len(eventful.entities[0]) == len(plain.entities[0]) + 2 and outcomes[-1].chunk.moving is not None


def test_without_an_event_every_byte_is_as_without_a_drawing(world):
    """In a place where nobody is seen at first."""
    bare = World(world.model, drawing=EventDrawing())
    _, ours = go(world, start(world, ["warehouse/9"]))
    _, theirs = go(bare, start(bare, ["warehouse/9"]))
    assert all(torch.equal(a.chunk.frames, b.chunk.frames) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("text", TEXTS)
def test_an_event_is_seen(world, text):
    state = start(world)
    _, plain = go(world, state)
    _, drawn = go(world, scheduled(state, text))
    assert not torch.equal(plain[-1].chunk.frames, drawn[-1].chunk.frames)


def test_a_world_among_others_is_the_world_alone(world):
    together = start(world, NAMES)
    for n, text in enumerate(TEXTS[:3]):
        together = together.schedule_event(n, text)
    alone = world.select(together, [1])
    after, many = go(world, together)
    lonely, one = go(world, alone)
    assert all(torch.equal(a.chunk.frames[1], b.chunk.frames[0]) for a, b in zip(many, one, strict=True))
    assert after.entities[1] == lonely.entities[0]


def test_a_fork_and_a_saved_state_go_on_alike(world):
    state, _ = go(world, scheduled(start(world), *TEXTS))
    forks = world.select(state, [0, 0])
    restored, _ = from_bytes(to_bytes(state, world), world)
    assert restored.entities == state.entities and forks.entities == state.entities * 2
    (_, a), (_, b), (_, c) = go(world, state), go(world, forks), go(world, restored)
    assert torch.equal(a[-1].chunk.frames[0], b[-1].chunk.frames[1])
    assert torch.equal(a[-1].chunk.frames, c[-1].chunk.frames)


def test_things_are_still_there_after_a_look_away(world):
    state, _ = go(world, scheduled(start(world), "a bonfire is lit"), yaw=0.0)
    [before] = [one for one in state.entities[0] if one.kind == "bonfire"]
    state, _ = go(world, state, 6, yaw=1.0)
    state, back = go(world, state, 6, yaw=-1.0)
    [after] = [one for one in state.entities[0] if one.kind == "bonfire"]
    assert after.position == before.position
    depth, moving = back[-1].chunk.depth, back[-1].chunk.moving
    assert depth is not None and moving is not None and moving.any()


def test_a_drawing_serves_any_backend(drawing):
    world = World(MemoryOnlyModel.create(48, 64), drawing=drawing)
    state = start(world)
    _, plain = go(world, state)
    _, drawn = go(world, scheduled(state, "fog rolls in"))
    assert not torch.equal(plain[-1].chunk.frames, drawn[-1].chunk.frames)
    assert set(world.spec.shows_events) == set(drawing.kinds)


def test_drawn_kinds_are_left_out_of_what_the_model_is_told(world):
    state = scheduled(start(world), "night falls", "a dragon flies over the square")
    state, _ = go(world, state, 1)
    [prompt] = state.prompts(world.drawing.kinds)
    assert "dragon" in prompt and "night" not in prompt.lower().replace(state.openings[0].prompt.lower(), "")


def test_people_in_the_opening_walk_on(world):
    state = start(world, ["city/9"])
    people = [one for one in state.entities[0] if one.event_id < 0]
    after, _ = go(world, state, 4)
    assert people and all(a.looks == b.looks for a, b in zip(people, after.entities[0], strict=True))
    assert any(a.position != b.position for a, b in zip(people, after.entities[0], strict=True))


def test_lamps_of_a_scene_burn_at_night(world):
    state = start(world, ["city/9"])
    assert len(state.openings[0].lamps) == 32
    dark = replace(state, openings=tuple(replace(one, lamps=torch.zeros(0, 3)) for one in state.openings))
    night = scheduled(state, "night falls")
    frames = [go(world, one, 6)[1][-1].chunk.frames for one in (night, scheduled(dark, "night falls"))]
    assert frames[0].float().mean() > frames[1].float().mean()


def test_bodies_of_one_world_see_one_another(world):
    poses = np.zeros((2, 4, 5))
    poses[1, :, 0], poses[1, :, 3] = 4.0 - 0.1 * np.arange(4), np.pi
    bodies = other_bodies((0, 0), (0, 1), poses, (7, 7))
    seen = with_bodies(world.drawing, (5, 5), bodies, [[()] * 4] * 2)
    assert [[one.position[0] for [one] in own] for own in seen] == [pytest.approx([4.0, 3.9, 3.8, 3.7]), [0.0] * 4]
    assert seen[0][0][0].looks != seen[1][0][0].looks
    assert [one.phase_frames for [one] in seen[1]] == [0] * 4 and [one.phase_frames for [one] in seen[0]] == [
        7,
        8,
        9,
        10,
    ]
    assert other_bodies((0, 1), (0, 0), poses, (7, 7)) == [(), ()]


def test_a_body_stands_on_the_ground_and_keeps_its_looks_when_others_leave(world):
    low, poses = -0.4, np.zeros((3, 4, 5))
    poses[..., 2] = low
    [first, *_], [later, *_] = (
        with_bodies(
            world.drawing,
            (5,) * count,
            other_bodies((0,) * count, numbers, poses[:count], (7,) * count),
            [[()] * 4] * count,
        )
        for count, numbers in ((3, (0, 1, 2)), (2, (0, 2)))
    )
    assert first[0][1] == later[0][0] and first[0][1].position[2] == -1.6
