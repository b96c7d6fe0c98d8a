from itertools import pairwise

import flat_room
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.backends.twin.effects import Ground, Scene, draw_effects
from wm_gym.backends.twin.messages import Effect
from wm_gym.backends.twin.optics import fit_lens
from wm_gym.backends.twin.raycast import FLOOR, SKY, Surfaces
from wm_gym.events.kinds import KINDS, OBJECTS

HEIGHT, WIDTH, FAR = 48, 64, 100.0
UNITS = np.array([32.0, 32.0, 32.0 / 1.2])
OPEN_AIR = Surfaces(
    flat_room.LINES, flat_room.SIDES.astype(np.int32), flat_room.FLOORS, flat_room.CEILINGS, np.ones(3, np.bool_)
)
POSITION = (-330.0, 40.0, 70.0)
GLOBAL = ("night", "fog", "snowfall")
PLACED = ("bonfire", "fireworks", "smoke", "explosion")
DRAWN = sorted(KINDS.keys() - {"walker", *OBJECTS})
IDLE = ("autumn", "lamps_off")
"""Change nothing in a grey room by day without lamps that burn."""


def scene_of(surfaces: Surfaces = OPEN_AIR) -> Scene:
    """A grey room looked at along +x: floor below the middle row, a wall 8 m off in the middle, sky above."""
    lens = fit_lens((46.0, 46.0, WIDTH / 2, HEIGHT / 2), HEIGHT, WIDTH)
    view = lens.view(0.0, 0.0)
    ray = view.map_from_camera @ np.linalg.inv(np.array([[46.0, 0, WIDTH / 2], [0, 46.0, HEIGHT / 2], [0, 0, 1]]))
    depth = np.full((HEIGHT, WIDTH), FAR, np.float32)
    surface_ids = np.full((HEIGHT, WIDTH), SKY, np.int16)
    rows = np.arange(HEIGHT) + 0.5 - HEIGHT / 2
    depth[20:28], surface_ids[20:28] = 8.0, 4
    depth[28:], surface_ids[28:] = (46.0 * 1.6 / rows[28:])[:, None], FLOOR
    return Scene(
        Ground(surfaces, UNITS, np.array([[-10.0, 1.0, 3.0]])), np.full((HEIGHT, WIDTH, 3), 120.0, np.float32), depth,
        np.zeros((HEIGHT, WIDTH), np.bool_), surface_ids, np.zeros((HEIGHT, WIDTH), np.uint8), {},
        np.array([-450.0, 0.0, 42.0]) / UNITS, ray, FAR,
    )  # fmt: skip


def effect(kind: str, strength: float = 1.0, age: int = 40, seed: int = 3) -> Effect:
    return Effect(kind, (strength,), age, seed, 0, POSITION if kind in PLACED else None)


@pytest.mark.parametrize("kind", [*GLOBAL, "fireworks", "bonfire"])
def test_the_mask_holds_every_pixel_that_an_event_changes(kind):
    scene, untouched = scene_of(), scene_of()
    mask = draw_effects(scene, [effect(kind)], 0)[kind]
    changed = np.abs(scene.colour - untouched.colour).max(axis=-1) > 12.0
    assert mask.any() and not (changed & ~mask).any()


@pytest.mark.parametrize("kind", [*GLOBAL, "fireworks", "bonfire"])
def test_an_event_follows_from_its_seed_and_age_alone(kind):
    first, second, other = scene_of(), scene_of(), scene_of()
    draw_effects(first, [effect(kind)], 0)
    draw_effects(second, [effect(kind)], 0)
    draw_effects(other, [effect(kind, seed=4, age=47)], 0)
    assert np.array_equal(first.colour, second.colour)
    if kind in ("snowfall", "fireworks"):
        assert not np.array_equal(first.colour, other.colour)


@pytest.mark.parametrize("kind", [*GLOBAL, "bonfire"])
def test_a_little_more_strength_changes_a_little(kind):
    pictures = []
    for strength in np.linspace(0.0, 1.0, 21):
        scene = scene_of()
        draw_effects(scene, [effect(kind, float(strength))], 0)
        pictures.append(scene.colour)
    steps = [float(np.abs(after - before).mean()) for before, after in pairwise(pictures)]
    assert np.array_equal(pictures[0], scene_of().colour)
    assert max(steps) < 0.25 * sum(steps)


def test_night_darkens_all_but_the_pool_of_a_lamp():
    scene = scene_of()
    draw_effects(scene, [effect("night")], 0)
    red = scene.colour[28:, :, 0]
    assert np.median(scene.colour[21:27]) < 50 and red.max() > 2 * red.min()


def test_fog_hides_far_surfaces_more_and_the_sky_completely():
    scene = scene_of()
    draw_effects(scene, [effect("fog")], 0)
    wall, near = scene.colour[24, 32, 0], scene.colour[-1, 32, 0]
    assert scene.colour[5, 32, 0] > wall > near > 120.0


def test_flakes_move_without_depth_and_sparks_change_depth():
    snow, sparks, untouched = scene_of(), scene_of(), scene_of()
    draw_effects(snow, [effect("snowfall")], 0)
    draw_effects(sparks, [effect("fireworks")], 0)
    assert snow.moving.any() and np.array_equal(snow.depth, untouched.depth)
    assert sparks.moving.any() and (sparks.depth[sparks.moving] < untouched.depth[sparks.moving]).all()


def test_nearer_surfaces_occlude_particles():
    scene = scene_of()
    scene.depth[:] = 0.5
    masks = draw_effects(scene, [effect("fireworks")], 0)
    assert not masks["fireworks"].any() and not scene.moving.any()


def test_it_does_not_snow_under_a_roof():
    scene = scene_of(flat_room.SURFACES)
    masks = draw_effects(scene, [effect("snowfall")], 0)
    assert not scene.moving.any()
    assert masks["snowfall"][:20].any()


def test_snow_lies_thicker_with_time_on_floors_alone():
    young, old = scene_of(), scene_of()
    draw_effects(young, [effect("snowfall", age=4)], 0)
    draw_effects(old, [effect("snowfall", age=200)], 0)
    assert old.colour[30:].mean() > young.colour[30:].mean() + 30
    assert abs(old.colour[21:27].mean() - young.colour[21:27].mean()) < 10


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(DRAWN), min_size=1, max_size=5, unique=True),
    strength=st.sampled_from([0.06, 0.5, 1.0]),
    age=st.integers(0, 90),
    seed=st.integers(0, 9),
)
def test_outside_the_masks_a_frame_is_the_one_without_events_to_the_byte(kinds, strength, age, seed):
    scene, untouched = scene_of(), scene_of()
    masks = draw_effects(scene, [effect(kind, strength, age, seed) for kind in kinds], 0)
    outside = ~np.any(list(masks.values()), axis=0)
    assert masks.keys() == set(kinds)
    for name in ("colour", "depth", "moving"):
        np.testing.assert_array_equal(getattr(scene, name)[outside], getattr(untouched, name)[outside])


@pytest.mark.parametrize("kind", sorted(set(DRAWN) - {*IDLE, "explosion"}))
def test_an_event_at_its_height_is_seen_and_stays_in_range(kind):
    scene, untouched = scene_of(), scene_of()
    mask = draw_effects(scene, [effect(kind)], 0)[kind]
    assert (scene.colour[mask] != untouched.colour[mask]).any(axis=-1).any()
    assert scene.colour.min() >= 0.0 and scene.colour.max() <= 255.5


def test_an_explosion_flashes_burns_and_is_gone():
    strengths = {}
    for age in (0, 6, 60, 105):
        scene = scene_of()
        strengths[age] = draw_effects(scene, [effect("explosion", age=age)], 0)["explosion"].mean()
    assert strengths[6] > strengths[60] > strengths[105] == 0.0


def test_lamps_that_are_out_leave_the_night_darker():
    lit, dark = scene_of(), scene_of()
    draw_effects(lit, [effect("night")], 0)
    draw_effects(dark, [effect("night"), effect("lamps_off")], 0)
    assert (dark.colour <= lit.colour).all() and (dark.colour < lit.colour).any()
