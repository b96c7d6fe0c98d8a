import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from twin_walks import active

from wm_gym.backends.twin.capture import capture_place
from wm_gym.backends.twin.frame import MapFrame
from wm_gym.backends.twin.opening import draw_fov, open_place
from wm_gym.backends.twin.placement import place_events
from wm_gym.backends.twin.plan_view import draw_plan
from wm_gym.backends.twin.site import site_of
from wm_gym.geometry.motion import START_BODY_POSE, Body, camera_pose
from wm_gym.scenes.families import FAMILIES
from wm_gym.world_model import Place

numbers = st.floats(-100.0, 100.0)
HEIGHT, WIDTH = 24, 32


@pytest.fixture(scope="module")
def site():
    return site_of("city", 2, "full")


@given(
    frame=st.builds(MapFrame, numbers, numbers, numbers, st.floats(-7.0, 7.0)),
    point=st.tuples(numbers, numbers, numbers),
)
def test_world_to_map_and_back_is_the_identity(frame, point):
    there = frame.map_from_world(np.array(point))
    assert np.allclose(frame.world_from_map(there), point, atol=1e-9)


def test_a_metre_is_32_units_across_and_fewer_up():
    frame = MapFrame(5.0, 6.0, 42.0, np.pi / 2)
    assert np.allclose(frame.map_from_world(np.array([1.0, 0.0, 1.2])), [5.0, 38.0, 74.0])


def test_the_field_of_view_is_drawn_from_the_place():
    views = [draw_fov(Place("park", seed)) for seed in range(50)]
    assert min(views) >= 55.0 and max(views) <= 75.0 and np.std(views) > 4.0
    assert views == [draw_fov(Place("park", seed)) for seed in range(50)]


def test_an_opening_has_free_waypoints(site):
    opening = open_place(Place("city", 2), HEIGHT, WIDTH)
    assert opening.capture is None and opening.prompt
    assert torch.allclose(opening.waypoints[0], torch.zeros(2), atol=1e-5)
    assert not site.obstacles.blocked(opening.waypoints.double().numpy(), 0.3).any()


def test_obstacles_are_segments_and_discs_with_a_radius(site):
    x1, y1, x2, y2 = site.place.lines[site.place.blocking][0]
    middle = site.frame.world_from_map(np.array([(x1 + x2) / 2, (y1 + y2) / 2, 0.0]))[:2]
    assert site.obstacles.blocked(middle[None], 0.01).all()
    with pytest.raises(ValueError, match=r"positions must have shape \(M, 2\), got \(2,\)"):
        site.obstacles.blocked(middle, 0.3)


@pytest.mark.parametrize("family", ["city", "rooms", "warehouse"])
def test_actors_appear_ahead_on_free_ground_and_disappear_with_their_event(family):
    site = site_of(family, 2, "full")
    poses = np.repeat(camera_pose(START_BODY_POSE)[None], 4, axis=0)
    events = [active("bonfire", -2, 0), active("walker", 0, 1), active("fireworks", 0, 2), active("fog", 0, 3)]
    placed, commands = place_events((), events, poses, site)
    assert [len(lines) for lines in commands] == [1, 0, 1, 0]
    for placement in placed:
        x, y, _ = site.frame.world_from_map(np.array(placement.position))
        assert 1.0 < np.hypot(x, y) < 11.0 and x > 0
        assert not site.obstacles.blocked(np.array([[x, y]]), 0.1).any()
    left, commands = place_events(placed, [], poses, site)
    assert left == () and len(commands[0]) == 2


def test_a_capture_covers_the_surroundings_and_begins_at_the_opening():
    opening = capture_place(Place("rooms", 1), HEIGHT, WIDTH, 12)
    capture = opening.capture
    assert opening.place is None and capture is not None
    assert capture.frames.shape == (12, HEIGHT, WIDTH, 3) and capture.moving.dtype == torch.bool
    assert torch.equal(capture.world_from_camera[0], torch.from_numpy(camera_pose(START_BODY_POSE)).float())
    headings = torch.atan2(capture.world_from_camera[:, 1, 2], capture.world_from_camera[:, 0, 2])
    assert headings.unique().numel() > 4
    assert capture_place(Place("rooms", 1), HEIGHT, WIDTH, 12) is opening
    with pytest.raises(ValueError, match="num_keyframes must be at least 1, got 0"):
        capture_place(Place("rooms", 1), HEIGHT, WIDTH, 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_texture_heights_are_powers_of_two_so_that_the_engine_never_reads_past_them(family):
    wad = site_of(family, 1, "full").place.wad
    textures = wad[: wad.rindex(b"S_START")].split(b"\x89PNG")[1:]
    sprites = sum(b"grAb" in picture[:60] for picture in textures)
    heights = [int.from_bytes(picture[16:20], "big") for picture in textures if b"grAb" not in picture[:60]]
    assert sprites and heights and all(height & (height - 1) == 0 for height in heights)


def test_the_plan_has_walls_and_the_start(site):
    plan = draw_plan(site.place, 90, 120)
    assert plan.shape == (90, 120, 3) and len(np.unique(plan.reshape(-1, 3), axis=0)) > 4


def test_bodies_stay_out_of_tree_crowns_and_every_waypoint_is_free():
    for family in ("city", "courtyard", "park"):
        site = site_of(family, 3, "full")
        waypoints = open_place(Place(family, 3, "full"), 48, 64).waypoints.numpy()
        assert not site.obstacles.blocked(waypoints, Body().radius_metres).any()
