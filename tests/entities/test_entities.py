"""Entities: where they appear, how they move, and how they are laid into a view."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.appearance.sight import Sight
from wm_gym.entities.adoption import find_people
from wm_gym.entities.advancing import advance
from wm_gym.entities.compositing import Layer, composite
from wm_gym.entities.crops import WINDOWS, box_of, crop_of, premultiplied, viewing_angle
from wm_gym.entities.entity import Entity
from wm_gym.entities.placing import ROOM_METRES, Wanted, place_thing, wanted_place
from wm_gym.entities.things import Things
from wm_gym.events.kinds import ActiveEvent
from wm_gym.geometry.motion import camera_pose

LOCAL = tuple(ROOM_METRES)


class Plain:
    """Open ground with walls: where x is beyond `wall`, or anywhere but a disc of `free` metres."""

    def __init__(self, wall=np.inf, roof=None):
        self.wall, self.roof = wall, roof

    def floor_z(self, position):
        return -1.6

    def blocked(self, positions, radius_metres):
        return positions[:, 0] + radius_metres > self.wall

    def roof_z(self, position):
        return self.roof


def no_looks(kind, seed, text):
    return (float(seed % 7),)


def active(kind, age=0, seed=9, frames=4, text="", number=0):
    return ActiveEvent(kind, (1.0,) * frames, age, number, seed, text)


def poses(count=4, yaw=0.0):
    return np.tile(camera_pose(np.array([0.0, 0.0, 0.0, yaw, 0.0])), (count, 1, 1))


@pytest.mark.parametrize(
    ("text", "degrees", "share"),
    [
        ("a bonfire is lit", 0, 1.0),
        ("a bonfire burns to the left", 22, 1.0),
        ("someone appears on my right", -22, 1.0),
        ("smoke rises behind me", 180, 1.0),
        ("fireworks in the distance", 0, 1.8),
        ("a fire close by on the left", 22, 0.65),
        ("there is nobody left", 0, 1.0),
        ("all right, let it snow", 0, 1.0),
    ],
)
def test_a_text_says_where(text, degrees, share):
    assert wanted_place(text) == Wanted(pytest.approx(np.radians(degrees)), share)


@pytest.mark.parametrize("kind", LOCAL)
@pytest.mark.parametrize("degrees", [0, 22, -22, 180])
def test_a_thing_appears_where_it_is_wanted(kind, degrees):
    (x, y, z), outdoors = place_thing(kind, Wanted(np.radians(degrees)), poses(1)[0], Plain())
    assert np.degrees(np.arctan2(y, x)) % 360 == pytest.approx(degrees % 360)
    assert outdoors and (z == -1.6 or kind == "fireworks")


@pytest.mark.parametrize("kind", LOCAL)
def test_a_thing_stands_on_free_ground(kind):
    (x, _, _), _ = place_thing(kind, Wanted(), poses(1)[0], Plain(wall=3.2))
    assert x + ROOM_METRES[kind] <= 3.2


def test_fireworks_stay_under_a_ceiling():
    (_, _, z), outdoors = place_thing("fireworks", Wanted(), poses(1)[0], Plain(roof=2.0))
    assert z <= 2.0 and not outdoors


@given(st.integers(0, 2**31), st.floats(-3, 3))
def test_equal_worlds_advance_alike_in_any_steps(seed, yaw):
    """Two steps of four frames are one of eight."""
    around, event = Plain(wall=4.0), active("walker", seed=seed, frames=8)
    whole = advance((), [event], LOCAL, poses(8, yaw), around, no_looks)
    first = advance((), [active("walker", seed=seed)], LOCAL, poses(4, yaw), around, no_looks)
    second = advance(first[-1], [active("walker", 4, seed)], LOCAL, poses(4, yaw), around, no_looks)
    assert whole == first + second


@given(st.integers(0, 2**31))
def test_walkers_stay_out_of_walls_and_at_their_pace(seed):
    around, entities, last = Plain(wall=5.0), (), None
    for age in range(0, 120, 4):
        for things in advance(entities, [active("walker", age, seed)], LOCAL, poses(), around, no_looks):
            [one] = things
            assert one.position[0] <= 5.0
            if last is not None:
                assert np.hypot(*np.subtract(one.position, last.position)[:2]) < 0.07
            last = one
        entities = things


def test_a_thing_is_gone_with_its_event():
    frames = advance((), [active("bonfire")], LOCAL, poses(), Plain(), no_looks)
    assert advance(frames[-1], [], LOCAL, poses(), Plain(), no_looks) == [()] * 4


def test_things_of_two_events_are_two():
    frames = advance((), [active("bonfire"), active("walker", number=1)], LOCAL, poses(), Plain(), no_looks)
    assert [one.kind for one in frames[-1]] == ["bonfire", "walker"]


def test_plain_data_gives_an_entity_back():
    one = Entity("walker", 3, 9, (1.0, 2.0, -1.6), False, 0.5, 7, 12, 0.5, (0.25, 1.0))
    assert Entity.from_json(one.to_json()) == one


RAYS = np.array([[0.0, 0.0, 1.0], [-0.02, 0.0, 0.64], [0.0, -0.02, 0.48]])
"""A camera that looks along x."""


def test_a_thing_ahead_stands_in_the_middle_of_the_view():
    (left, top, right, bottom), depth = box_of("walker", np.array([4.0, 0.0, -1.6]), np.zeros(3), RAYS)
    assert (left + right) / 2 == pytest.approx(32.0) and depth == pytest.approx(4.0)
    assert top < 24 + 1.6 / 4 / 0.02 < bottom
    assert box_of("walker", np.array([-4.0, 0.0, -1.6]), np.zeros(3), RAYS) is None


@pytest.mark.parametrize(("heading", "angle"), [(np.pi, 0.0), (0.0, np.pi), (np.pi / 2, np.pi / 2)])
def test_the_side_that_is_seen(heading, angle):
    assert viewing_angle(heading, np.array([4.0, 0.0, 0.0]), np.zeros(3)) == pytest.approx(angle)


def red(depth, strength=1.0):
    rgba = np.zeros((48, 32, 4), np.float32)
    rgba[8:40, 8:24] = (1.0, 0.0, 0.0, 1.0)
    return Layer(rgba, (10.0, 5.0, 20.0, 20.0), depth, strength)


def view(metres):
    frame = np.full((24, 32, 3), 90, np.uint8)
    return frame, np.full((24, 32), metres, np.float32), np.zeros((24, 32), np.bool_)


def test_what_is_nearer_hides_a_thing():
    frame, depth, moving = view(3.0)
    assert not composite(frame, depth, moving, [red(4.0)]).any()
    assert (frame == 90).all() and not moving.any()


def test_a_thing_hides_what_is_behind_it_and_is_seen_by_depth():
    frame, depth, moving = view(9.0)
    seen = composite(frame, depth, moving, [red(4.0)])
    assert seen.any() and (depth[moving] == 4.0).all() and (frame[12, 15] == (255, 0, 0)).all()
    assert (frame[~seen] == 90).all() and (depth[~seen] == 9.0).all()


def test_the_order_of_things_does_not_matter():
    pictures = []
    for layers in ([red(4.0), red(6.0, 0.5)], [red(6.0, 0.5), red(4.0)]):
        parts = view(9.0)
        composite(*parts, layers)
        pictures.append(parts)
    assert all(np.array_equal(a, b) for a, b in zip(*pictures, strict=True))


def test_a_faint_thing_is_no_obstacle_to_the_eye():
    frame, depth, moving = view(9.0)
    assert composite(frame, depth, moving, [red(4.0, 0.2)]).any()
    assert not moving.any() and (depth == 9.0).all()


def standing_person(width=0.5, height=1.75, metres=5.0, rows=96, columns=128):
    """A view along x of flat ground with a block as large as a person, and the block's mask."""
    rays = np.array([[0.0, 0.0, 1.0], [-0.01, 0.0, 0.64], [0.0, -0.01, 0.48]])
    v, u = np.mgrid[:rows, :columns] + 0.5
    down = -(rays[2, 1] * v + rays[2, 2])
    depth = np.where(down > 0, np.minimum(100.0, 1.6 / np.maximum(1e-6, down)), 100.0).astype(np.float32)
    side, up = metres * (rays[1, 0] * u + rays[1, 2]), -metres * down
    mask = (np.abs(side - 0.4) < width / 2) & (up > -1.6) & (up < height - 1.6)
    return Sight(np.where(mask, metres, depth).astype(np.float32), np.zeros(3), rays, 100.0), mask


def test_a_person_in_a_picture_is_found_where_it_stands():
    sight, mask = standing_person()
    [one] = find_people(sight, mask, -1.6)
    assert one.foot == pytest.approx((5.0, 0.4, -1.6), abs=0.1) and np.array_equal(one.mask, mask)


@pytest.mark.parametrize("changed", [{"width": 2.0}, {"height": 0.8}, {"height": 3.0}, {"metres": 40.0}], ids=str)
def test_what_is_no_person_is_left_alone(changed):
    sight, mask = standing_person(**changed)
    assert find_people(sight, mask, -1.6) == []


def test_what_floats_or_is_cut_off_is_left_alone():
    sight, mask = standing_person()
    assert find_people(sight, mask, -3.0) == []
    moved = np.roll(mask, -int(np.nonzero(mask)[1].min()), axis=1)
    assert find_people(sight, moved, -1.6) == []


def test_a_crop_holds_what_the_mask_shows_and_nothing_beyond_the_frame():
    frame, mask = np.full((20, 20, 3), 200, np.uint8), np.zeros((20, 20), np.bool_)
    mask[5:15, 8:12] = True
    crop = crop_of(frame, mask, (-10.0, -5.0, 30.0, 25.0))
    assert crop.shape == (48, 32, 4) and crop[..., 3].max() == 255 and crop[0].max() == 0
    assert (premultiplied(crop)[..., :3] <= premultiplied(crop)[..., 3:] + 1e-6).all()


def test_those_that_no_event_has_added_go_on():
    person = Entity("walker", -1, 5, (3.0, 0.0, -1.6))
    frames = advance((person,), [], LOCAL, poses(), Plain(), no_looks)
    assert [len(things) for things in frames] == [1] * 4 and frames[-1][0].position != person.position


@pytest.fixture(scope="module")
def things():
    return Things.create()


def test_people_differ_by_seed_and_wear_what_the_text_says(things):
    first, again, other = (things.looks("walker", seed) for seed in (1, 1, 2))
    assert first == again != other
    reds = [things.looks("walker", seed, "a woman in red") for seed in range(4)]
    assert len(set(reds)) > 1 and reds[0] != things.looks("walker", 0, "a man in green")


def test_a_person_that_was_drawn_is_recognised(things):
    looks = things.looks("walker", 3)
    crop = things._made("walker", looks, 2, 1)
    rgba = np.concatenate([crop[..., :3] / np.maximum(crop[..., 3:], 1e-3), crop[..., 3:]], -1).clip(0, 1)
    found, angle, _ = things.recognise((255 * rgba).round().astype(np.uint8))
    assert np.corrcoef(found, looks)[0, 1] > 0.8 and abs(angle - np.pi / 2) < 0.8


@pytest.mark.parametrize("kind", WINDOWS)
def test_each_picture_of_a_cycle_is_shown_as_long_as_the_others(kind):
    window = WINDOWS[kind]
    shown = [window.state_at(frame) for frame in range(int(window.period_frames))]
    assert sorted(set(shown)) == list(range(window.states))
    assert {shown.count(state) for state in shown} == {window.period_frames / window.states}
