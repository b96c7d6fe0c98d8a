"""Pairs of the twin: the same walk with and without events, from one pass of the engine."""

import numpy as np
import pytest
import torch
from twin_walks import active, all_bytes, condition

from wm_gym.backends.twin.counterfactuals import pair
from wm_gym.backends.twin.model import TwinModel, open_place
from wm_gym.world_model import Opening, Place

HEIGHT, WIDTH, STEPS = 24, 32, 6
SETS = (("night",), ("fog", "snowfall"), ("fireworks",), ("night", "fireworks", "snowfall"))


@pytest.fixture(scope="module")
def model():
    twin = TwinModel.create(HEIGHT, WIDTH, max_processes=2, save_every_steps=4)
    yield twin
    twin.close()


@pytest.fixture(scope="module")
def city() -> Opening:
    return open_place(Place("city", 3), HEIGHT, WIDTH)


def events_of(kinds, step):
    return tuple(active(kind, 4 * (step - 1), number) for number, kind in enumerate(kinds) if step >= 1)


def scheduled(model, city, kinds):
    state, _ = model.start([city], [5])
    chunks = []
    for step in range(STEPS):
        state, chunk = model.step(state, condition([city], step, [events_of(kinds, step)]))
        chunks.append(chunk)
    return chunks


@pytest.fixture(scope="module")
def pairs(model, city):
    state, _ = model.start([city], [5])
    paired, told = pair(state, len(SETS)), []
    for step in range(STEPS):
        sets = [[events_of(kinds, step)] for kinds in SETS]
        paired, base, others = model.step_with(paired, condition([city], step), sets)
        told.append((base, others))
    return told


def test_the_base_equals_a_run_without_events_to_the_byte(model, city, pairs):
    assert [all_bytes(base) for base, _ in pairs] == [all_bytes(chunk) for chunk in scheduled(model, city, ())]


@pytest.mark.parametrize("number", range(len(SETS)))
def test_an_alternative_equals_a_run_with_its_events_to_the_byte(model, city, pairs, number):
    told = [all_bytes(others[number]) for _, others in pairs]
    assert told == [all_bytes(chunk) for chunk in scheduled(model, city, SETS[number])]
    assert told != [all_bytes(base) for base, _ in pairs]


@pytest.mark.parametrize("number", range(len(SETS)))
def test_outside_the_masks_colour_depth_and_moving_are_those_without_events(pairs, number):
    for base, others in pairs:
        other = others[number]
        masks = list(other.truth[0].event_masks.values())
        outside = ~torch.from_numpy(np.any(masks or [np.zeros((4, HEIGHT, WIDTH), bool)], axis=0))
        for with_events, without in (
            (other.frames, base.frames),
            (other.depth, base.depth),
            (other.moving, base.moving),
        ):
            assert torch.equal(with_events[0][outside], without[0][outside])


def test_several_worlds_take_their_own_alternatives(model, city):
    state, _ = model.start([city, city], [5, 6])
    sets = [[(active("night", 4),), ()], [(), (active("fog", 4),)]]
    _, base, others = model.step_with(pair(state, 2), condition([city, city], 0), sets)
    told = [[all_bytes(chunk, world) for world in range(2)] for chunk in (base, *others)]
    assert told[0][1] == told[1][1] and told[0][0] == told[2][0]
    assert told[0][0] != told[1][0] and told[0][1] != told[2][1]


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ([], "alternatives must be 1 sets of events, got 0"),
        ([[(), ()]], "each alternative must give events for 1 worlds, got 2"),
        ([[(active("walker", 0),)]], "events of pairs must be drawn .* got 'walker', an actor of the engine"),
    ],
)
def test_alternatives_that_do_not_fit_are_refused(model, city, sets, message):
    state, _ = model.start([city], [5])
    with pytest.raises(ValueError, match=message):
        model.step_with(pair(state, 1), condition([city], 0), sets)


def test_worlds_with_a_bonfire_cannot_be_paired(model, city):
    state, _ = model.start([city], [5])
    state, _ = model.step(state, condition([city], 0, [(active("bonfire", 0),)]))
    with pytest.raises(ValueError, match="got 'bonfire', an actor of the engine"):
        pair(state, 1)
