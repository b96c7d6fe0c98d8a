"""Crates, cars, birds, lamps and trees in the twin: exact, in its truth, solid, and without an effect on the rest."""

import numpy as np
import pytest
import torch
from twin_walks import all_bytes, condition, stances_of

from wm_gym.backends.twin import acs
from wm_gym.backends.twin.model import TwinModel, open_place
from wm_gym.backends.twin.objects import place_objects
from wm_gym.backends.twin.placement import place_events
from wm_gym.backends.twin.site import site_of
from wm_gym.entities.colours import named_colour, nearest_colour
from wm_gym.events.kinds import OBJECTS, ActiveEvent
from wm_gym.geometry.motion import camera_pose
from wm_gym.world_model import Place

HEIGHT, WIDTH, STEPS, ONSET = 24, 32, 7, 2
TEXTS = {
    "crate": "a crate drops ahead", "car": "a blue car passes", "birds": "birds take off",
    "lamp_post": "a lamp post by the road", "tree": "a tree ahead",
}  # fmt: skip


def events_of(kinds, step):
    age = 4 * (step - ONSET)
    return tuple(
        ActiveEvent(kind, (1.0,) * 4, age, number, 40 + number, TEXTS[kind])
        for number, kind in enumerate(kinds)
        if age >= 0
    )


@pytest.fixture(scope="module")
def model():
    twin = TwinModel.create(HEIGHT, WIDTH, max_processes=2, save_every_steps=3)
    yield twin
    twin.close()


@pytest.fixture(scope="module")
def walk(model):
    """(kinds) to the states and chunks of a walk in which things of these kinds are put down."""
    city, made = open_place(Place("city", 3), HEIGHT, WIDTH), {}

    def run(*kinds, state=None, first=0):
        key = kinds, state is None
        if key not in made or state is not None:
            now, chunks, states = model.start([city], [5])[0] if state is None else state, [], []
            for step in range(first, STEPS):
                now, chunk = model.step(now, condition([city], step, [events_of(kinds, step)]))
                chunks.append(chunk)
                states.append(now)
            made[key] = states, chunks
        return made[key]

    return run


@pytest.mark.parametrize("kind", OBJECTS)
def test_outside_its_mask_nothing_differs_from_a_world_without_it(walk, kind):
    _, plain = walk()
    _, chunks = walk(kind)
    seen = 0
    for step, (one, other) in enumerate(zip(chunks, plain, strict=True)):
        mask = torch.from_numpy(one.truth[0].event_masks.get(kind, np.zeros((4, HEIGHT, WIDTH), bool)))
        seen += int(mask.sum())
        assert step >= ONSET or all_bytes(one) == all_bytes(other)
        for name in ("frames", "depth", "moving"):
            assert torch.equal(getattr(one, name)[0][~mask], getattr(other, name)[0][~mask])
    assert seen > 0


@pytest.mark.parametrize("kind", OBJECTS)
def test_it_is_moving_nearer_than_what_it_hides_and_has_a_pose(walk, kind):
    _, plain = walk()
    _, chunks = walk(kind)
    truth, actor = chunks[-1].truth[0], acs.OBJECT_ACTORS[kind]
    numbers = [number for number, name in truth.instance_names.items() if name.startswith(actor)]
    shown = np.isin(truth.instances, numbers)
    assert truth.event_strengths[kind].tolist() == [1.0] * 4
    assert all(np.isfinite(truth.thing_poses[number]).any() for number in numbers)
    assert (truth.event_masks[kind] >= shown).all()
    assert chunks[-1].moving[0].numpy()[shown].all()
    assert (chunks[-1].depth[0].numpy()[shown] <= plain[-1].depth[0].numpy()[shown]).all()


def test_a_walk_with_all_of_them_goes_on_alike_from_bytes(model, walk):
    states, chunks = walk(*OBJECTS)
    half = STEPS // 2
    again = model.unpack(model.pack(states[half - 1]))
    assert [one.kind for one in again.worlds[0].objects] == list(OBJECTS)
    _, rest = walk(*OBJECTS, state=again, first=half)
    assert [all_bytes(one) for one in rest] == [all_bytes(one) for one in chunks[half:]]


def test_it_is_gone_with_its_event(model, walk):
    states, _ = walk("crate")
    city = open_place(Place("city", 3), HEIGHT, WIDTH)
    after, chunk = model.step(states[-1], condition([city], STEPS))
    assert after.worlds[0].objects == ()
    assert not any(name.startswith("Placed") for name in chunk.truth[0].instance_names.values())


def test_what_is_solid_stands_in_the_way_of_bodies(model, walk):
    for kind, is_solid in (("crate", True), ("tree", True), ("lamp_post", True), ("car", True), ("birds", False)):
        state = walk(kind)[0][-1]
        [one] = state.worlds[0].objects
        found = [model.obstacles(s, 0).blocked(np.array([one.position[:2]]), 0.1)[0] for s in (state, walk()[0][-1])]
        assert found == [is_solid, False]


def test_a_crate_falls_and_a_car_drives():
    site = site_of("city", 3, "full")
    heights, places, objects = [], [], ()
    for step in range(12):
        poses = camera_pose(stances_of(step))
        events = tuple(
            ActiveEvent(kind, (1.0,) * 4, 4 * step, number, 9, TEXTS[kind])
            for number, kind in enumerate(("crate", "car"))
        )
        objects, commands = place_objects(objects, events, poses, site)
        for line in (line for lines in commands for line in lines):
            script, *numbers = (int(word) for word in line.removeprefix("puke -").split())
            if script in (acs.SPAWN["PlacedCrate0"], acs.SHIFT) and numbers[3] == acs.FIRST_OBJECT_TID:
                heights.append(numbers[2])
            if script in (acs.SPAWN["PlacedCar1"], acs.SHIFT) and numbers[3] == acs.FIRST_OBJECT_TID + 8:
                places.append(numbers[:2])
    falls = np.diff(heights) < 0
    assert falls[:12].all() and not falls.all() and heights[-1] == min(heights)
    assert len(places) > 20 and np.ptp(np.array(places), axis=0).max() > 3.0 * 32 * 65536


@pytest.mark.parametrize(
    ("kind", "text", "actor"),
    [
        ("car", "a red car passes", "PlacedCar0"),
        ("car", "an azure car passes", "PlacedCar1"),
        ("crate", "a crate", "PlacedCrate0"),
        ("crate", "a blue crate drops", "PlacedCrate2"),
        ("tree", "a pine tree", "PlacedTree2"),
        ("tree", "a tall tree", "PlacedTree1"),
        ("lamp_post", "a lamp post", "PlacedLamp"),
    ],
)
def test_its_looks_are_those_that_the_text_asks_for(kind, text, actor):
    event = ActiveEvent(kind, (1.0,) * 4, 0, 0, 9, text)
    _, commands = place_objects((), [event], camera_pose(stances_of(0)), site_of("city", 3, "full"))
    assert commands[0][0].startswith(f"puke -{acs.SPAWN[actor]} ")


def test_people_wear_what_a_text_says_as_far_as_the_place_has_it():
    site, pose = site_of("city", 3, "full"), camera_pose(stances_of(0))
    for text, actor in (("someone appears", "Visitor"), *((f"a woman in {word}", None) for word in ("red", "blue"))):
        [placement], commands = place_events((), [ActiveEvent("walker", (1.0,) * 4, 0, 0, 9, text)], pose, site)
        assert placement.actor == (actor or f"Visitor{nearest_colour(named_colour(text), site.place.clothes)}")
        assert commands[0][0].startswith(f"puke -{acs.SPAWN[placement.actor]} ")
