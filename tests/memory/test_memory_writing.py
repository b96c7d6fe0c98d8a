"""Writing: only what is new, erasing what is seen through, movers by time, and everything bounded."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ray_room import lens, look, pose_at, remember, see

from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.memory import Memory, nbytes
from wm_gym.memory.write import write

HEIGHT, WIDTH = 48, 64
ANYWHERE = st.tuples(st.floats(-3, 1), st.floats(-3, 3), st.floats(-180, 180), st.floats(-25, 25))
ORIGIN = pose_at(0, 0, 0)


def flat_wall(distance: float) -> torch.Tensor:
    """Depth (H, W) of a wall that fills the view."""
    return torch.full((HEIGHT, WIDTH), distance)


def show(
    memory: Memory,
    depth: torch.Tensor,
    *,
    moving: torch.Tensor | None = None,
    colour: int = 90,
    pose: torch.Tensor = ORIGIN,
    frame: int = 0,
    appearance: int = 0,
) -> Memory:
    """The memory after one frame of one colour."""
    frames = torch.full((1, HEIGHT, WIDTH, 3), colour, dtype=torch.uint8)
    moving = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool) if moving is None else moving
    hints = look(memory, pose[None], HEIGHT, WIDTH, frame=frame)
    view = pose[None], lens(HEIGHT, WIDTH), hints
    return write(memory, frames, depth[None], moving[None], *view, frame, appearance)


def mover(columns: slice, distance: float, background: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Depth and mask of a thing before a wall."""
    depth, mask = flat_wall(background), torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    depth[10:40, columns], mask[10:40, columns] = distance, True
    return depth, mask


@given(ANYWHERE)
@settings(max_examples=15, deadline=None)
def test_looking_back_is_not_new(place):
    x, y, yaw, pitch = place
    pose = pose_at(x, y, yaw, pitch)
    once = remember(Memory.empty(), pose, HEIGHT, WIDTH)
    again = remember(once, pose, HEIGHT, WIDTH, frame=9)
    assert again == once and again.static == once.static


def test_replaced_pixels_are_carved_away_and_written_again():
    wall = flat_wall(4.0)
    far = show(Memory.empty(), wall, colour=10)
    nearer = pose_at(2.0, 0, 0)
    hints = look(far, nearer[None], HEIGHT, WIDTH, frame=1)
    assert hints.area.min() > 2.0
    frames = torch.full((1, HEIGHT, WIDTH, 3), 200, dtype=torch.uint8)
    anew = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    anew[..., : WIDTH // 2] = True
    view = nearer[None], lens(HEIGHT, WIDTH), hints
    after = write(far, frames, flat_wall(2.0)[None], ~anew & anew, *view, 1, 0, anew)
    seen = look(after, nearer[None], HEIGHT, WIDTH, frame=2)
    inner = seen.colour[:, 1:-1, 1:-1]  # at the border what stands just outside the frame shows a little
    left, right = inner[:, :, : WIDTH // 2 - 3], inner[:, :, WIDTH // 2 + 2 :]
    assert (left == 200).all() and (right == 10).all()
    assert seen.area[..., : WIDTH // 2 - 2].max() < 1.5
    assert (
        write(far, frames, 0 * wall[None], ~anew & anew, *view, 1, 0, anew) == far
    )  # depth unknown: nothing is let go


def test_occupied_voxels_are_not_written_twice_even_without_hints():
    colour, depth = see(ORIGIN, HEIGHT, WIDTH)
    still = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    once = remember(Memory.empty(), ORIGIN, HEIGHT, WIDTH)
    again = write(once, colour[None], depth[None], still, ORIGIN[None], lens(HEIGHT, WIDTH), None, 5, 0)
    assert again == once


def test_frames_of_one_call_do_not_write_the_same_surface_twice():
    poses = torch.stack([pose_at(0.02 * t, 0, 1.0 * t) for t in range(4)])
    shots = [see(pose, HEIGHT, WIDTH) for pose in poses]
    frames, depth = (torch.stack(values) for values in zip(*shots, strict=True))
    still = torch.zeros(4, HEIGHT, WIDTH, dtype=torch.bool)
    together = write(Memory.empty(), frames, depth, still, poses, lens(HEIGHT, WIDTH), None, 0, 0)
    assert together.num_static + together.num_sky < 1.2 * HEIGHT * WIDTH


def test_points_keep_the_colour_they_were_first_written_with():
    memory = show(show(Memory.empty(), flat_wall(4.0), colour=90), flat_wall(4.1), colour=200, frame=4)
    assert (look(memory, ORIGIN[None], HEIGHT, WIDTH).colour == 90).all()


def test_a_new_surface_in_front_of_another_is_written_and_both_stay():
    memory = show(show(Memory.empty(), flat_wall(4.0), colour=90), flat_wall(3.0), colour=200, frame=4)
    assert memory.num_static == 2 * HEIGHT * WIDTH
    assert (look(memory, ORIGIN[None], HEIGHT, WIDTH).colour == 200).all()


def test_points_seen_through_are_carved_away_and_the_surface_behind_is_written_at_once():
    memory = show(show(Memory.empty(), flat_wall(3.0), colour=90), flat_wall(4.0), colour=200, frame=4)
    assert memory.num_static == HEIGHT * WIDTH
    assert (look(memory, ORIGIN[None], HEIGHT, WIDTH).colour == 200).all()


def test_sky_carves_too():
    memory = show(show(Memory.empty(), flat_wall(3.0)), flat_wall(100.0), frame=4)
    assert memory.num_static == 0 and memory.num_sky == HEIGHT * WIDTH


def test_occluded_points_are_not_carved_away():
    memory = show(Memory.empty(), flat_wall(4.0))
    assert show(memory, flat_wall(3.0), frame=4).num_static == 2 * HEIGHT * WIDTH
    moving = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    assert show(memory, flat_wall(3.0), moving=moving, frame=4).num_static == HEIGHT * WIDTH


def test_an_edge_shifted_by_one_pixel_carves_nothing():
    depth = flat_wall(6.0)
    depth[:, :30] = 2.0
    slipped = flat_wall(6.0)
    slipped[:, :29] = 2.0
    memory = show(Memory.empty(), depth)
    assert show(memory, slipped, frame=4).num_static >= memory.num_static


def test_unknown_depth_writes_and_carves_nothing():
    memory = show(Memory.empty(), flat_wall(3.0))
    assert show(memory, flat_wall(0.0), frame=4) == memory
    assert show(Memory.empty(), flat_wall(0.0)) == Memory.empty()


def test_a_moving_object_leaves_no_trail():
    memory = Memory.empty()
    for step, start in enumerate((5, 20, 40)):
        depth, mask = mover(slice(start, start + 10), 2.0, 5.0)
        memory = show(memory, depth, moving=mask, frame=4 * step)
    assert all((row.points().geometry[:, 0] > 4.0).all() for row in memory.static)
    assert memory.num_moving == 300 and (memory.moving.points().frames == 8).all()
    hints = look(memory, ORIGIN[None], HEIGHT, WIDTH, frame=8)
    assert torch.equal(hints.moving[0], mask) and (hints.age[hints.moving] == 0).all()


def test_moving_objects_out_of_view_or_occluded_stay_as_last_detected():
    depth, mask = mover(slice(5, 15), 4.0, 8.0)
    memory = show(Memory.empty(), depth, moving=mask, frame=3)
    assert show(memory, flat_wall(8.0), pose=pose_at(0, 0, 180), frame=7).num_moving == 300
    assert show(memory, flat_wall(2.0), frame=7).num_moving == 300
    assert show(memory, flat_wall(0.0), frame=7).num_moving == 300
    assert show(memory, flat_wall(8.0), frame=7).num_moving == 0


def test_a_fork_shares_blocks_and_writing_in_one_leaves_the_other_as_it_was():
    config = MemoryConfig(block_points=512)
    memory = remember(Memory.empty(config), ORIGIN, HEIGHT, WIDTH)
    copies = [row.alive.copy() for row in memory.rows]
    fork = remember(memory, pose_at(0, 0, 30), HEIGHT, WIDTH, frame=4)
    assert fork != memory and fork.num_static > memory.num_static
    assert all(np.array_equal(row.alive, alive) for row, alive in zip(memory.rows, copies, strict=True))
    assert memory == remember(Memory.empty(config), ORIGIN, HEIGHT, WIDTH)
    shared = {id(row.block) for row in memory.rows} & {id(row.block) for row in fork.rows}
    assert len(shared) >= len(memory.rows) - 3  # all but the last, small ones, which new points may join
    assert nbytes([memory, fork]) < 0.7 * (memory.nbytes + fork.nbytes)
    assert nbytes([memory, memory]) == memory.nbytes


def test_carving_shares_the_block_and_changes_only_the_mask():
    memory = show(Memory.empty(), flat_wall(3.0))
    depth = flat_wall(3.0)
    depth[10:20, 10:20] = 0.0
    depth[30:40, 30:40] = 100.0
    erased = show(memory, depth, frame=4)
    assert erased.static[0].block is memory.static[0].block
    # The rim stays: not all pixels around it are seen through.
    assert memory.static[0].count - erased.static[0].count == 8 * 8


def test_points_remember_frame_and_appearance():
    memory = show(Memory.empty(), flat_wall(3.0), frame=17, appearance=5)
    points = memory.static[0].points()
    assert (points.record[:, 1] == 17).all() and (points.record[:, 2] == 5).all()
    assert (points.colours == 90).all()


@pytest.mark.parametrize("steps", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_rows_and_points_stay_bounded_after_many_writes(steps):
    config = MemoryConfig(block_points=512, max_points=6000, max_sky_points=2000, max_moving_points=300)
    memory, rng = Memory.empty(config), np.random.default_rng(0)
    slots, rows = [], []
    for step in range(steps):
        depth = flat_wall(float(rng.uniform(2, 20)))
        depth[: HEIGHT // 3], mask = 100.0, torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
        mask[20:30, 20:40] = True
        pose = pose_at(0.2 * step, float(rng.uniform(-5, 5)), float(rng.uniform(-180, 180)))
        memory = show(memory, depth[::, ::], moving=mask, pose=pose, frame=4 * step)
        assert memory.num_static <= 6000 and memory.num_sky <= 2000 and memory.num_moving <= 300
        slots.append(sum(len(row.alive) for row in memory.rows))
        rows.append(len(memory.rows))
    assert max(slots) < 2 * (6000 + 2000) + 1024 and max(rows) < 80
    points = np.concatenate([row.points().positions for row in memory.static])
    assert np.linalg.norm(points[:, :2] - [0.2 * step, 0], axis=1).max() < 60.0


def test_the_farthest_blocks_are_dropped_first():
    config = MemoryConfig(max_points=2 * HEIGHT * WIDTH)
    memory = Memory.empty(config)
    for x in (0.0, 50.0, 100.0):
        memory = show(memory, flat_wall(5.0), pose=pose_at(x, 0, 0))
    assert memory.num_static == 2 * HEIGHT * WIDTH
    assert min(row.points().geometry[:, 0].min() for row in memory.static) == pytest.approx(55.0, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": torch.zeros(1, 8, 8, 3)}, "frames must be (T, H, W, 3) uint8, got (1, 8, 8, 3) torch.float32"),
        ({"depth": torch.zeros(8, 8)}, "depth must have shape (1, 8, 8), got (8, 8)"),
        ({"moving": torch.zeros(1, 8, 8)}, "moving must be bool, got torch.float32"),
        ({"depth": torch.full((1, 8, 8), torch.nan)}, "depth must be finite, got NaN or infinity"),
        ({"world_from_camera": torch.eye(4)}, "world_from_camera must have shape (1, 4, 4), got (4, 4)"),
    ],
)
def test_bad_frames_are_refused_in_one_sentence(change, message):
    good = {
        "frames": torch.zeros(1, 8, 8, 3, dtype=torch.uint8),
        "depth": torch.ones(1, 8, 8),
        "moving": torch.zeros(1, 8, 8, dtype=torch.bool),
        "world_from_camera": torch.eye(4)[None],
        "intrinsics": lens(8, 8),
        "hints": None,
        "frame_index": 0,
        "appearance": 0,
    }
    with pytest.raises(ValueError, match=re.escape(message)):
        write(Memory.empty(), **(good | change))


def test_hints_of_several_worlds_are_refused():
    hints = look(Memory.empty(), ORIGIN[None], 8, 8)
    batched = replace(hints, seen=hints.seen[None])
    frames = torch.zeros(1, 8, 8, 3, dtype=torch.uint8), torch.ones(1, 8, 8), torch.zeros(1, 8, 8, dtype=torch.bool)
    with pytest.raises(ValueError, match=re.escape("hints must be of one world, (1, 8, 8), got (1, 1, 8, 8)")):
        write(Memory.empty(), *frames, ORIGIN[None], lens(8, 8), batched, 0, 0)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("max_points", 0, "max_points must be at least 1, got 0"),
        ("erase_tolerance", 1.5, "erase_tolerance must be between 0 and 1, got 1.5"),
        ("near_metres", 200.0, "near_metres must be positive and under far_metres, got 200.0 and 100.0"),
        ("max_splat_widths", 1.5, "max_splat_widths must be over 0 and at most 1, got 1.5"),
    ],
)
def test_bad_settings_are_refused_in_one_sentence(field, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        MemoryConfig(**{field: value})
