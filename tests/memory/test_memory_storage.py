"""Packing, tables, retrieval, clouds and occupancy."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ray_room import HIGH, lens, look, pose_at, remember, see
from safetensors.torch import load_file, save_file

from wm_gym.memory import table
from wm_gym.memory.cloud import point_cloud, sample_points
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.memory import Memory, nbytes
from wm_gym.memory.occupancy import Nearby, occupied
from wm_gym.memory.packing import PackedMemories, pack_memories, sources_of, unpack_memories, with_origin
from wm_gym.memory.points import Points
from wm_gym.memory.retrieve import View, VisiblePoints, retrieve
from wm_gym.memory.write import write

HEIGHT, WIDTH = 48, 64


def room(*, config: MemoryConfig | None = None) -> Memory:
    """Four looks around, the last with a mover."""
    memory = Memory.empty(config)
    for yaw in (0, 90, 180):
        memory = remember(memory, pose_at(0, 0, yaw), HEIGHT, WIDTH, frame=yaw)
    pose = pose_at(0, 0, 270)
    colour, depth = see(pose, HEIGHT, WIDTH)
    moving = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    moving[:, 20:30, 20:30] = True
    return write(memory, colour[None], depth[None], moving, pose[None], lens(HEIGHT, WIDTH), None, 270, 2)


def some_points(rng: np.random.Generator, count: int) -> Points:
    geometry = rng.normal(size=(count, 4)).astype(np.float32)
    return Points(geometry, np.zeros((count, 6), np.int16), rng.integers(0, 99, (count, 4)).astype(np.int32))


@given(st.lists(st.integers(1, 400), max_size=60), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_a_table_keeps_every_point_in_few_full_blocks(counts, seed):
    rng, rows, everything = np.random.default_rng(seed), (), []
    for count in counts:
        points = some_points(rng, count)
        everything.append(points)
        rows = table.add(rows, points, 128)
    total = sum(counts)
    assert sum(row.count for row in rows) == total and all(len(row.alive) <= 128 for row in rows)
    assert len(rows) <= 4 * total / 128 + 10
    ours, theirs = Points.cat([row.points() for row in rows]), Points.cat(everything)
    assert np.array_equal(np.sort(ours.geometry[:, 0]), np.sort(theirs.geometry[:, 0]))


def test_rows_mostly_carved_away_are_compacted_and_others_shared():
    rows = table.add((), some_points(np.random.default_rng(0), 64), 16)
    alive = np.ones(64, bool)
    alive[:10] = False
    changed = table.with_alive(rows, range(4), np.split(alive, 4))
    assert all(a is b for a, b in zip(rows[1:], changed[1:], strict=True)) and changed[0].count == 6
    kept, scattered = table.compacted(changed)
    assert kept == changed[1:] and len(scattered) == 6


def test_unpacked_memories_are_equal_and_share_the_same_blocks():
    memory = room(config=MemoryConfig(block_points=512))
    fork = remember(memory, pose_at(-3, 2, 45), HEIGHT, WIDTH, frame=300)
    packed = pack_memories([memory, fork, memory])
    assert sum(t.numel() * t.element_size() for t in packed.tensors.values()) < 1.1 * nbytes([memory, fork])
    back = unpack_memories(PackedMemories(packed.tensors, json.loads(json.dumps(packed.meta))))
    assert back == (memory, fork, memory) and back[0] != back[1]
    assert nbytes(back) == nbytes([memory, fork, memory])


def test_blocks_with_an_origin_are_named_and_shared_with_what_is_built_again():
    built = room(config=MemoryConfig(block_points=512))
    ours, again = with_origin(built, "a room"), with_origin(built, "a room")
    after = remember(ours, pose_at(-3, 2, 45), HEIGHT, WIDTH, frame=300)
    assert after != ours and sources_of([after, ours]) == ["a room"]
    packed = pack_memories([after, ours], ["a room"])
    size = sum(t.numel() * t.element_size() for t in packed.tensors.values())
    assert size < 0.3 * nbytes([after, ours])
    back = unpack_memories(packed, [again])
    assert back == (after, ours) and all(a is b for a, b in zip(back[1].rows, again.rows, strict=True))
    # what is read can be saved again
    assert sources_of(back) == ["a room"]
    assert unpack_memories(pack_memories(back, ["a room"]), [built]) == back


def test_blocks_of_an_origin_that_is_not_asked_for_are_packed_whole():
    memory = with_origin(room(), "a room")
    packed = pack_memories([memory])
    assert not len(packed.tensors["named"]) and unpack_memories(packed) == (memory,)


def test_a_memory_that_was_built_otherwise_is_refused():
    memory = with_origin(room(), "a room")
    packed = pack_memories([memory], ["a room"])
    for other in (Memory.empty(), room(config=MemoryConfig(block_points=512))):
        with pytest.raises(ValueError) as raised:
            unpack_memories(packed, [other], "a saved state")
        assert str(raised.value) == (
            "a saved state must be read where the memory of its scene is built as it was when it was saved, got "
            "another: it was saved by another version of wm-gym, or on a processor that rounds otherwise"
        )


def test_an_empty_memory_and_none_at_all_survive_packing():
    assert unpack_memories(pack_memories([Memory.empty()])) == (Memory.empty(),)
    assert unpack_memories(pack_memories([])) == ()


def test_a_packed_memory_shows_the_same_in_another_process(tmp_path):
    memory = room()
    packed = pack_memories([memory])
    save_file(packed.tensors, tmp_path / "memory.safetensors")
    (tmp_path / "meta.json").write_text(json.dumps(packed.meta))
    script = """
import json, sys, torch
from safetensors.torch import load_file, save_file
from wm_gym.memory.packing import PackedMemories, unpack_memories
from wm_gym.memory.render import render
folder = sys.argv[1]
with open(folder + "/meta.json") as file:
    packed = PackedMemories(load_file(folder + "/memory.safetensors"), json.load(file))
view = load_file(folder + "/view.safetensors")
hints = render(unpack_memories(packed), view["poses"], view["intrinsics"], 48, 64, [400], [2])
save_file(dict(vars(hints)), folder + "/hints.safetensors")
"""
    poses = torch.stack([pose_at(-1, 0.3 * t, 20 * t) for t in range(4)])
    save_file({"poses": poses[None], "intrinsics": lens(HEIGHT, WIDTH)[None]}, tmp_path / "view.safetensors")
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    there = load_file(tmp_path / "hints.safetensors")
    for name, value in vars(look(memory, poses, HEIGHT, WIDTH, frame=400, appearance=2)).items():
        assert torch.equal(value, there[name][0]), name


def static_positions(scene: VisiblePoints) -> np.ndarray:
    """Positions of the static points of a scene."""
    return scene.static_and_sky.positions[: scene.num_static]


def test_retrieval_drops_points_behind_the_camera_and_keeps_points_in_view():
    memory = room(config=MemoryConfig(block_points=256))
    pose, intrinsics = pose_at(0, 0, 0), lens(HEIGHT, WIDTH)
    view = View(pose[None].double().numpy(), intrinsics.double().numpy(), HEIGHT, WIDTH)
    scene = retrieve(memory, view)
    assert 0 < scene.num_static < 0.7 * memory.num_static
    alone = look(remember(Memory.empty(), pose, HEIGHT, WIDTH), pose[None], HEIGHT, WIDTH)
    assert torch.equal(look(memory, pose[None], HEIGHT, WIDTH).colour, alone.colour)


def test_culling_point_by_point_changes_no_pixel():
    poses = torch.stack([pose_at(-1, 0.1 * t, 4.0 * t) for t in range(4)])
    loose = room()
    total = loose.num_static + loose.num_sky
    tight = room(config=MemoryConfig(cull_points=int(0.7 * total)))
    ours, theirs = look(loose, poses, HEIGHT, WIDTH), look(tight, poses, HEIGHT, WIDTH)
    for name, value in vars(ours).items():
        assert torch.equal(value, getattr(theirs, name)), name


def test_retrieval_is_bounded_and_prefers_near_blocks():
    config = MemoryConfig(block_points=256, cull_points=2000)
    memory = room(config=config)
    view = View(pose_at(0, 0, 0)[None].double().numpy(), lens(HEIGHT, WIDTH).double().numpy(), HEIGHT, WIDTH)
    scene = retrieve(memory, view)
    assert len(scene.static_and_sky) + len(scene.moving) <= 2000
    everything = retrieve(room(config=MemoryConfig(block_points=256)), view)
    kept, known = (static_positions(part) for part in (scene, everything))
    assert np.median(kept[:, 0]) < np.median(known[:, 0])


def test_walls_and_crates_block_a_body_and_free_floor_does_not():
    memory = room()
    places = np.array([[0.0, 0.0], [HIGH[0], 0.0], [1.5, 1.0], [2.9, -1.5], [4.0, 0.0], [0.0, -4.9]])
    blocked = occupied(memory, places, 0.3, -1.2, 0.0)
    assert blocked.tolist() == [False, True, True, True, False, True]
    assert not occupied(memory, places, 0.3, 5.0, 9.0).any()
    assert not occupied(Memory.empty(), places, 0.3, -1.2, 0.0).any()
    assert occupied(memory, np.zeros((0, 2)), 0.3, -1.2, 0.0).shape == (0,)


def test_nearby_points_give_the_same_occupancy_as_the_whole_memory():
    memory, rng = room(), np.random.default_rng(0)
    nearby = Nearby(memory, np.array([1.0, 0.5]), 1.5, -1.2, 0.0)
    for spread in (0.5, 4.0):  # within the range and beyond it
        places = np.array([1.0, 0.5]) + rng.uniform(-spread, spread, (200, 2))
        np.testing.assert_array_equal(nearby.occupied(places, 0.3), occupied(memory, places, 0.3, -1.2, 0.0))


def test_a_few_floaters_do_not_block():
    points = np.tile(np.array([[1.0, 0.0, -1.0, 0.01]], np.float32), (3, 1))
    few = Points(points, np.zeros((3, 6), np.int16), np.zeros((3, 4), np.int32))
    memory = Memory.empty()
    memory = Memory(memory.config, table.add((), few, 4096), (), memory.moving)
    assert not occupied(memory, np.array([[1.0, 0.0]]), 0.3, -1.2, 0.0).any()
    memory = Memory(memory.config, table.add(memory.static, few, 4096), (), memory.moving)
    assert occupied(memory, np.array([[1.0, 0.0]]), 0.3, -1.2, 0.0).all()


def test_the_cloud_lies_on_the_surfaces_and_has_no_sky():
    memory = room()
    cloud = point_cloud(memory)
    assert len(cloud.positions) == memory.num_static == len(cloud.colours) == len(cloud.frames)
    assert cloud.positions.dtype == np.float32 and cloud.colours.dtype == np.uint8
    assert np.abs(cloud.positions).max() < 6.001
    assert len(point_cloud(memory, with_moving=True).positions) == memory.num_static + memory.num_moving


def test_a_sample_is_steady_and_near():
    memory = room()
    sample = sample_points(memory, 500, np.zeros(3))
    assert sample.positions.shape == (500, 3) and sample.colours.shape == (500, 3)
    more = remember(memory, pose_at(-2, -2, 30), HEIGHT, WIDTH, frame=400)
    again = sample_points(more, 500, np.zeros(3))
    kept = {tuple(p) for p in sample.positions} & {tuple(p) for p in again.positions}
    assert len(kept) > 300
    near = sample_points(memory, 10_000, np.array([0.0, 0.0, -1.6]), radius_metres=2.0)
    assert 0 < len(near.positions) < memory.num_static
    assert np.linalg.norm(near.positions - [0, 0, -1.6], axis=1).max() < 2.001
    assert len(sample_points(Memory.empty(), 5, np.zeros(3)).positions) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: sample_points(m, 0, np.zeros(3)), "count must be at least 1 and position (3,), got 0 and (3,)"),
        (lambda m: occupied(m, np.zeros((2, 3)), 0.3, -1, 0), "positions must have shape (M, 2), got (2, 3)"),
        (
            lambda m: occupied(m, np.zeros((2, 2)), 0.0, -1, 0),
            "radius_metres must be positive and z_low under z_high, got 0.0, -1 and 0",
        ),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(Memory.empty())
