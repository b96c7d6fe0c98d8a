"""Captures read into plans: lattices, what stays unknown, and pictures of which nothing can be read."""

import numpy as np
import pytest
import torch
from tiny_layout import tiny_imagination

from wm_gym.geometry.motion import camera_pose
from wm_gym.layout.cells import INDEX, SHOWN_ELSEWHERE, UNKNOWN, UNSURE
from wm_gym.layout.entry import read_capture, with_walls
from wm_gym.layout.growing import Watcher
from wm_gym.layout.plan import object_places
from wm_gym.layout.reading import BANDS_METRES, CHANNELS, SIDE, Points, border_table, features_of, points_of
from wm_gym.train_world.layout.samples import draw_window
from wm_gym.world_model import Capture

H, W, FAR = 24, 32, 100.0


def capture(depth, pitch=0.0, seed=0):
    rng = np.random.default_rng(seed)
    pose = camera_pose(np.array([0.0, 0.0, 0.0, 0.0, pitch]))
    frames = torch.from_numpy(rng.integers(0, 256, (1, H, W, 3), np.uint8))
    return Capture(
        frames, torch.as_tensor(depth, dtype=torch.float32).expand(1, H, W).clone(),
        torch.zeros(1, H, W, dtype=torch.bool), torch.from_numpy(pose).float()[None],
        torch.tensor([25.0, 25.0, 16.0, 12.0]),
    )  # fmt: skip


@pytest.mark.parametrize("pitch", [0.0, 0.4, -0.4])
@pytest.mark.parametrize("depth", [0.0, FAR, 3.0])
def test_any_capture_gives_a_plan(depth, pitch):
    plan = tiny_imagination().read(capture(depth, pitch), "a street", 3, FAR)
    assert plan.is_read and plan.place.seed == 3
    grown = tiny_imagination().continued(plan, Watcher())
    assert grown is not plan


def test_nothing_is_read_of_the_sky():
    reading = read_capture(tiny_imagination().reader, capture(FAR), FAR)
    assert (reading.cells == UNKNOWN).all() and reading.colours == {}


def test_what_a_prompt_says_counts_before_what_is_read():
    one = capture(3.0)
    assert tiny_imagination().read(one, "a warehouse", 0, FAR).place.family == "warehouse"


def test_a_wall_falls_into_the_cell_behind_its_face():
    one = capture(3.0)
    points = points_of(
        one.frames, one.depth, one.moving, one.world_from_camera, one.intrinsics, ground_z=-1.6, far_metres=FAR
    )
    assert (points.places[:, 0] > 3.0).all() and (points.places[:, 0] < 3.1).all()


def test_features_count_points_over_cells():
    points = Points(np.array([[0.2, 0.2, 1.0], [0.3, 0.3, 0.0]]), np.full((2, 3), 0.75, np.float32))
    features = features_of(points, (0.0, 0.0))
    assert features.shape == (CHANNELS, SIDE, SIDE) and (features[-1] > 0).sum() == 1
    assert features[0::4][: len(BANDS_METRES) - 1, 0, 0].sum() == pytest.approx(1.0)


def test_borders_of_plans_lie_on_their_lattice():
    table = border_table(draw_window(np.random.default_rng(n), family=1).cells for n in range(8))
    likely = np.exp(table[INDEX["pavement"], INDEX["house2_0"]])
    assert likely[0] == likely.max() > 0.9


def test_objects_of_what_was_seen_stay_where_memory_shows_them():
    plan = tiny_imagination().read(capture(3.0), "", 0, FAR)
    cells, objects = plan.region((-SIDE // 2, -SIDE // 2), SIDE, SIDE)
    assert set(np.unique(objects)) <= {UNSURE, SHOWN_ELSEWHERE}
    assert len(object_places(plan, (0, 0), objects)) == 0
    assert ((cells != UNKNOWN).any()) == (objects == SHOWN_ELSEWHERE).any()


def test_the_walls_of_a_class_are_the_solid_and_unknown_cells_that_touch_it():
    rows = (
        ["lawn", "room_1", "solid", "solid"],
        ["room_1", "solid", "lawn", "solid"],
        ["solid", "solid", "lawn", "solid"],
    )
    cells = np.array([[INDEX[name] for name in row] for row in rows], np.uint8)
    cells[2, 0] = UNKNOWN
    expected = [[0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    assert with_walls(cells, INDEX["room_1"]).astype(int).tolist() == expected
    assert not with_walls(cells, INDEX["corridor"]).any()
