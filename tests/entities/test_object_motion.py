"""Crates, cars, birds, lamps and trees: how they move, where they are solid, what texts say of them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.entities.advancing import advance
from wm_gym.entities.colours import named_colour
from wm_gym.entities.motion import NUM_BIRDS, discs, discs_of, leaving, lifted, shown_at, stands_still, touches
from wm_gym.entities.placing import wanted_place
from wm_gym.events.kinds import OBJECTS, ActiveEvent
from wm_gym.geometry.motion import camera_pose


class Open:
    """Open ground with a wall where x is beyond `wall`."""

    def __init__(self, wall=np.inf):
        self.wall = wall

    def floor_z(self, position):
        return -1.6

    def blocked(self, positions, radius_metres):
        return np.asarray(positions)[:, 0] + radius_metres > self.wall

    def roof_z(self, position):
        return None


def no_looks(kind, seed, text):
    return ()


def poses(count, x=0.0):
    return np.tile(camera_pose(np.array([x, 0.0, 0.0, 0.0, 0.0])), (count, 1, 1))


def event(kind, age=0, frames=4, seed=9, text="", number=0, strength=1.0):
    return ActiveEvent(kind, (strength,) * frames, age, number, seed, text)


def run(kind, frames, seed=9, text="", around=None, step=4, strength=1.0):
    """The thing of one event in each of so many frames."""
    entities, seen = (), []
    for age in range(0, frames, step):
        told = [event(kind, age, step, seed, text, strength=strength)]
        made = advance(entities, told, OBJECTS, poses(step), around or Open(), no_looks)
        entities = made[-1]
        seen += [things[0] for things in made]
    return seen


@pytest.mark.parametrize("kind", OBJECTS)
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**31))
def test_steps_of_four_and_of_eight_frames_are_alike(kind, seed):
    assert run(kind, 32, seed) == run(kind, 32, seed, step=8)


def test_a_crate_falls_bounces_and_lies():
    heights = [lifted(one) for one in run("crate", 60, text="a crate drops")]
    assert heights[0] > 3.5 and heights[-1] == 0.0 and min(heights) >= 0.0
    assert np.diff(heights[:14]).max() < 0 and 0.0 < max(heights[16:]) < 0.5


def test_a_crate_that_stands_does_not_fall():
    assert {lifted(one) for one in run("crate", 8, text="a crate ahead")} == {0.0}


@pytest.mark.parametrize(
    ("kind", "text", "still"),
    [
        ("car", "a car is parked here", True),
        ("car", "a car drives through the park", False),
        ("car", "a car passes", False),
        ("crate", "a crate falls from the sky", False),
        ("crate", "put a crate in the way", True),
        ("birds", "birds stand there", False),
    ],
)
def test_a_text_says_whether_a_thing_moves(kind, text, still):
    assert stands_still(kind, text) == still


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**31))
def test_a_car_drives_at_its_pace_and_stays_out_of_walls(seed):
    cars = run("car", 160, seed, around=Open(wall=9.0))
    ways = [np.hypot(*np.subtract(b.position, a.position)[:2]) for a, b in pairwise(cars)]
    assert max(ways) <= 0.21 and sum(ways) > 3.0
    assert max(one.position[0] for one in cars) < 9.0


def test_a_car_waits_for_a_body():
    [car] = advance((), [event("car", frames=1)], OBJECTS, poses(1), Open(), no_looks)[-1]
    x, y, _ = car.position
    beside = np.array([[[x + np.cos(car.heading_radians), y + np.sin(car.heading_radians)]]])
    [held] = advance((car,), [event("car", 1, 1)], OBJECTS, poses(1), Open(), no_looks, beside)[-1]
    [free] = advance((car,), [event("car", 1, 1)], OBJECTS, poses(1), Open(), no_looks)[-1]
    assert held.position == car.position != free.position


def test_birds_sit_rise_and_are_off():
    flock = run("birds", 120)
    first, late = shown_at(flock[0]), shown_at(flock[-1])
    assert len(first) == NUM_BIRDS and (first[:, 2] == -1.6).all() and (late[:, 2] > 0.2).all()
    [going] = advance((flock[-1],), [event("birds", 120, 1, strength=0.25)], OBJECTS, poses(1), Open(), no_looks)[-1]
    assert leaving(flock[-1]) == 0.0 and leaving(going) == 0.75
    assert (shown_at(going)[:, 2] > late[:, 2] + 3.0).all()


def test_what_is_solid_is_where_it_stands():
    radii = {kind: [float(disc[2]) for disc in discs(run(kind, 4)[-1])] for kind in OBJECTS}
    assert [len(radii[kind]) for kind in ("crate", "car", "birds", "lamp_post", "tree")] == [1, 3, 0, 1, 1]
    solid = discs(run("crate", 4)[-1])
    assert touches(solid, solid[:, :2], 0.1).all() and not touches(solid, solid[:, :2] + 2.0, 0.3).any()
    assert len(discs_of(())) == 0


def test_a_second_thing_stands_beside_the_first_and_people_walk_round_it():
    told = [event("crate", number=0, frames=1), event("crate", number=1, frames=1)]
    first, second = advance((), told, OBJECTS, poses(1), Open(), no_looks)[-1]
    assert np.hypot(*np.subtract(first.position, second.position)[:2]) > 1.2
    entities, kinds = (first,), (*OBJECTS, "walker")
    for age in range(0, 120, 4):
        told = [event("crate", age + 1), event("walker", age, number=2, seed=5)]
        made = advance(entities, told, kinds, poses(4, x=first.position[0] - 2.5), Open(), no_looks)
        entities = made[-1]
        for crate, walker in made:
            assert np.hypot(*np.subtract(crate.position, walker.position)[:2]) > 0.6


def test_by_the_road_is_beside_the_line_of_sight():
    assert wanted_place("a tree by the road").turn_radians == pytest.approx(np.radians(14))
    assert wanted_place("a tree on the right by the road").turn_radians == pytest.approx(np.radians(-22))


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("a woman with grey hair in a red coat", "a red coat"),
        ("a man in a blue jacket by a white wall", "blue"),
        ("a crimson car", "a crimson one"),
        ("a wooden crate", "wooden"),
        ("a car", None),
    ],
)
def test_a_text_names_a_colour(text, like):
    assert named_colour(text) == (None if like is None else named_colour(like))


def test_dark_and_light_colours_differ():
    dark, plain, light = (np.array(named_colour(f"{word}blue")) for word in ("dark ", "", "light "))
    assert (dark < plain).all() and (light > plain).all()
