"""Carriers: what chance and place decide of an event, drawn into a view."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.appearance.carriers import CARRIERS, draw_carriers
from wm_gym.appearance.sight import GEOMETRY, FrameEvent, Sight, geometry_of, normals_of, rays_of
from wm_gym.events.kinds import KINDS
from wm_gym.geometry.motion import camera_pose

FAR = 100.0
LOCAL = ("bonfire", "smoke", "explosion", "fireworks")
CARRIED = {
    "night": "stars", "snowfall": "flakes", "rain": "drops", "snow_cover": "snow_patch", "autumn": "leaf_hue",
    "golden_light": "sun", "bonfire": "firelight", "smoke": "smoke", "explosion": "burning", "fireworks": "spark",
    "pixel_art": "cell_red",
}  # fmt: skip
"""For each kind that has one, a carrier that it draws."""


def room(height=24, width=32, yaw=0.0, eye=(0.0, 0.0, 1.6)):
    """A view of flat ground at z = 0 under an open sky."""
    pose = camera_pose(np.array([*eye, yaw, 0.0]))
    rays = rays_of(pose[:3, :3], np.array([width / 1.3, width / 1.3, width / 2, height / 2]))
    v, u = np.mgrid[:height, :width] + 0.5
    down = np.einsum("k,khw->hw", rays[2], np.stack([u, v, np.ones_like(u)]))
    depth = np.where(down < 0, np.minimum(FAR, eye[2] / np.maximum(1e-6, -down)), FAR).astype(np.float32)
    return Sight(depth, np.array(eye), rays, FAR)


def event(kind, seed=5, age=6, strength=1.0):
    return FrameEvent(kind, strength, age, seed, (4.0, 0.0, 0.0) if kind in LOCAL else None)


def maps(sight, *events, lamps=None):
    frame = np.full((*sight.depth.shape, 3), 128, np.uint8)
    return draw_carriers(sight, frame, events, np.zeros((0, 3)) if lamps is None else lamps)


def row(drawn, name):
    return drawn.maps[CARRIERS.index(name)]


def test_where_nothing_is_at_work_there_is_nothing():
    drawn = maps(room())
    assert not drawn.maps.any() and not drawn.moving.any()
    assert not maps(room(), *(event(kind, strength=0.0) for kind in KINDS if kind != "walker")).maps.any()


@pytest.mark.parametrize("kind", CARRIED)
def test_a_kind_draws_its_carrier(kind):
    assert row(maps(room(), event(kind)), CARRIED[kind]).any()


@pytest.mark.parametrize("kind", CARRIED)
def test_chance_follows_the_seed(kind):
    first, again, other = (maps(room(), event(kind, seed)).maps for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other) or kind in ("night", "pixel_art", "bonfire")


@given(st.floats(-3, 3), st.floats(-2, 2), st.integers(0, 1000))
def test_flakes_hang_in_the_world(yaw, step, seed):
    """A camera that is moved and turned with the world sees the same flakes; only its own motion moves them."""
    here, there = room(yaw=0.0), room(yaw=0.0, eye=(step, 0.0, 1.6))
    assert np.array_equal(here.ray_from_pixel, there.ray_from_pixel)
    same = np.array_equal(maps(here, event("snowfall", seed)).maps, maps(there, event("snowfall", seed)).maps)
    assert same == (step == 0.0) or abs(step) < 0.02


@pytest.mark.parametrize("kind", ["smoke", "explosion", "fireworks", "snowfall"])
def test_what_is_near_hides_particles(kind):
    sight = room()
    wall = Sight(np.full_like(sight.depth, 0.5), sight.eye, sight.ray_from_pixel, FAR)
    assert not row(maps(wall, event(kind)), CARRIED[kind]).any()


def test_only_sparks_and_flames_are_seen_by_depth():
    sight = room()
    for kind in CARRIED:
        changed = not np.array_equal(maps(sight, event(kind)).depth, sight.depth)
        assert changed == (kind in ("fireworks", "explosion")), kind


def test_lamps_shine_only_where_they_are_lit():
    lamp = np.array([[6.0, 0.0, 3.0]])
    for kind in KINDS:
        if kind == "walker":
            continue
        lit = row(maps(room(), event(kind), lamps=lamp), "pools").any()
        assert lit == (kind in ("night", "dusk", "lamps_on")), kind


def test_flat_ground_faces_up_and_the_sky_has_no_surface():
    sight = room()
    normals, ground = normals_of(sight), sight.depth < FAR - 0.5
    near = sight.depth < 10.0
    assert np.allclose(normals[near][:, 2], 1.0, atol=1e-3)
    assert not normals[~ground].any()
    geometry = geometry_of(sight)
    assert geometry.shape == (len(GEOMETRY), *sight.depth.shape)
    assert np.array_equal(geometry[GEOMETRY.index("sky")] > 0, ~ground)
