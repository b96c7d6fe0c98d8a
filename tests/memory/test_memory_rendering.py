"""Rendering: exact where it was captured, and the same by three ways of computing it."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_splat import plain_hints
from ray_room import lens, look, pose_at, remember, see

from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.keyframes import build_memory
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import SAMPLES, render
from wm_gym.memory.render_torch import render_on_device
from wm_gym.memory.retrieve import View, retrieve
from wm_gym.memory.write import write
from wm_gym.reconstruction.open3d_bridge import import_open3d

HEIGHT, WIDTH = 48, 64
ANYWHERE = st.tuples(st.floats(-3, 1), st.floats(-3, 3), st.floats(-180, 180), st.floats(-25, 25))


def with_mover(memory: Memory, pose: torch.Tensor, *, frame: int = 0, appearance: int = 0) -> Memory:
    """The memory after a true frame in which a red thing stands 2 m ahead."""
    colour, depth = see(pose, HEIGHT, WIDTH)
    moving = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    moving[15:40, 25:35] = True
    colour[moving], depth[moving] = torch.tensor([255, 0, 0], dtype=torch.uint8), 1.0
    hints = look(memory, pose[None], HEIGHT, WIDTH, frame=frame)
    lists = colour[None], depth[None], moving[None], pose[None]
    return write(memory, *lists, lens(HEIGHT, WIDTH), hints, frame, appearance)


def full_memory() -> Memory:
    """Some places of the room, a mover, and two appearances."""
    memory = with_mover(Memory.empty(), pose_at(-2, 0, 0), frame=3, appearance=1)
    for number, (x, y, yaw) in enumerate([(0, 0, 60), (-3, 2, -40)]):
        memory = remember(memory, pose_at(x, y, yaw), HEIGHT, WIDTH, frame=10 * number)
    return memory


def assert_nearly_equal(ours: Hints, theirs: Hints, *, share: float = 0.999) -> None:
    """Masks equal on almost all pixels; where both see one surface, colours within 1 level and depth within 1e-3."""
    for name in ("seen", "moving", "same_appearance", "age", "from_behind"):
        assert (getattr(ours, name) == getattr(theirs, name)).float().mean() >= share, name
    both = ours.seen & theirs.seen & (ours.moving == theirs.moving)
    colour = (ours.colour[both].int() - theirs.colour[both].int()).abs().amax(-1)
    depth = (ours.log_depth[both] - theirs.log_depth[both]).abs()
    assert (colour <= 1).float().mean() >= share
    assert (depth <= 1e-3).float().mean() >= share
    area = (ours.area[both] - theirs.area[both]).abs() / theirs.area[both].clamp(min=0.1)
    assert (area <= 1e-2).float().mean() >= share


def open3d_or_skip():
    try:
        return import_open3d()
    except ImportError as error:
        pytest.skip(str(error))


def by_torch(memories, poses, intrinsics, frames, bits, size=(HEIGHT, WIDTH)) -> Hints:
    views = [View(p.double().numpy(), k.double().numpy(), *size) for p, k in zip(poses, intrinsics, strict=True)]
    scenes = [retrieve(memory, view) for memory, view in zip(memories, views, strict=True)]
    clocks = list(zip(frames, bits, strict=True))
    configs = [memory.config for memory in memories]
    return render_on_device(scenes, views, configs, clocks, SAMPLES, torch.device("cpu"))


@given(ANYWHERE)
@settings(max_examples=20, deadline=None)
def test_the_pose_of_capture_reproduces_the_frame_exactly(place):
    x, y, yaw, pitch = place
    pose = pose_at(x, y, yaw, pitch)
    colour, depth = see(pose, HEIGHT, WIDTH, samples=1)
    memory = remember(Memory.empty(), pose, HEIGHT, WIDTH)
    hints = look(memory, pose[None], HEIGHT, WIDTH)
    colour = see(pose, HEIGHT, WIDTH)[0]
    assert hints.seen.all() and not hints.moving.any()
    torch.testing.assert_close(hints.colour[0], colour, rtol=0, atol=0)
    torch.testing.assert_close(hints.log_depth[0].exp(), depth, rtol=1e-5, atol=0)


def test_the_pose_of_capture_reproduces_moving_objects_too():
    pose = pose_at(-2, 0, 0)
    memory = with_mover(Memory.empty(), pose)
    hints = look(memory, pose[None], HEIGHT, WIDTH)
    assert int(hints.moving.sum()) == 25 * 10 and (hints.colour[hints.moving] == torch.tensor([255, 0, 0])).all()
    torch.testing.assert_close(hints.log_depth[hints.moving].exp(), torch.ones(250), rtol=1e-5, atol=0)


@given(ANYWHERE, st.integers(0, 20), st.integers(0, 1))
@settings(max_examples=6, deadline=None)
def test_compiled_torch_and_plain_rendering_agree(place, frame, bits):
    x, y, yaw, pitch = place
    memory, pose = full_memory(), pose_at(x, y, yaw, pitch)
    size = HEIGHT // 2, WIDTH // 2  # some points are averaged to nodes
    intrinsics = lens(*size)
    compiled = look(memory, pose[None], *size, frame=frame, appearance=bits)
    view = View(pose[None].double().numpy(), intrinsics.double().numpy(), *size)
    arrays = view.world_from_camera[0], view.intrinsics, size
    plain = Hints(**plain_hints(retrieve(memory, view), *arrays, memory.config, frame, bits, SAMPLES))
    assert_nearly_equal(compiled, plain, share=0.997)
    batched = by_torch([memory], pose[None, None], intrinsics[None], [frame], [bits], size)
    assert_nearly_equal(compiled, batched.of_world(0), share=0.997)


def test_a_batch_of_different_sizes_equals_the_single_worlds_bit_for_bit():
    memories = [full_memory(), Memory.empty(), remember(Memory.empty(), pose_at(0, 0, 0), HEIGHT, WIDTH)]
    poses = torch.stack([torch.stack([pose_at(-2, 0.2 * n, 5.0 * t) for t in range(4)]) for n in range(3)])
    intrinsics, frames, bits = lens(HEIGHT, WIDTH).repeat(3, 1), [20, 0, 7], [0, 0, 1]
    for draw in (lambda *a: render(a[0], a[1], a[2], HEIGHT, WIDTH, a[3], a[4]), by_torch):
        batch = draw(memories, poses, intrinsics, frames, bits)
        for n in range(3):
            single = draw(
                memories[n : n + 1], poses[n : n + 1], intrinsics[n : n + 1], frames[n : n + 1], bits[n : n + 1]
            )
            for name, value in vars(single).items():
                assert torch.equal(value[0], vars(batch)[name][n]), name


def test_an_empty_memory_shows_nothing():
    hints = look(Memory.empty(), pose_at(0, 0, 0)[None], HEIGHT, WIDTH)
    assert not any(bool(value.any()) for value in vars(hints).values())


@given(st.tuples(st.floats(-50, 50), st.floats(-50, 50), st.floats(-9, 9)))
@settings(max_examples=10, deadline=None)
def test_the_sky_does_not_move_with_the_camera(shift):
    pose = pose_at(0, 0, 0, 25)
    memory = remember(Memory.empty(), pose, HEIGHT, WIDTH)
    memory = Memory(memory.config, (), memory.sky, memory.moving)
    moved = pose.clone()
    moved[:3, 3] += torch.tensor(shift)
    here, there = (look(memory, p[None], HEIGHT, WIDTH) for p in (pose, moved))
    assert here.seen.any() and torch.allclose(here.log_depth[here.seen].exp(), torch.tensor(100.0))
    for name, value in vars(here).items():
        assert torch.equal(value, getattr(there, name)), name


def test_age_and_appearance_are_those_of_the_write():
    pose = pose_at(-2, 0, 0)
    memory = with_mover(Memory.empty(), pose, frame=3, appearance=1)
    poses = pose.repeat(4, 1, 1)
    now = look(memory, poses, HEIGHT, WIDTH, frame=10, appearance=1)
    assert all((now.age[t] == 7 + t).all() for t in range(4)) and now.same_appearance.all()
    assert not look(memory, poses, HEIGHT, WIDTH, frame=10, appearance=0).same_appearance.any()


def test_a_wall_seen_from_near_has_no_holes():
    memory = remember(Memory.empty(), pose_at(0, 0, 0), HEIGHT, WIDTH)
    memory = remember(memory, pose_at(0, 0, 40), HEIGHT, WIDTH)
    for x in (2.0, 4.0, 5.5):
        hints = look(memory, pose_at(x, -1.0, 0)[None], HEIGHT, WIDTH)
        depth = see(pose_at(x, -1.0, 0), HEIGHT, WIDTH)[1]
        wall = (depth - (6.0 - x)).abs() < 1e-4
        wall[HEIGHT // 2 :] = False  # the crate hides what is below
        wall = wall[None]
        assert hints.seen[wall].float().mean() > 0.995
        right = (hints.log_depth.exp() / depth - 1).abs() < 0.02
        assert right[wall].float().mean() > 0.99


def test_a_slanted_surface_seen_from_the_front_has_no_holes():
    # The pillar's far side is first seen at a grazing angle.
    memory = remember(Memory.empty(), pose_at(0, 0, 20), HEIGHT, WIDTH)
    pose = pose_at(1.9, -0.6, 90)
    depth = see(pose, HEIGHT, WIDTH)[1]
    hints = look(memory, pose[None], HEIGHT, WIDTH)
    side = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    side[0, 10:40, 26:38] = True
    agree = (hints.log_depth.exp() / depth - 1).abs() < 0.05
    assert agree[side].float().mean() > 0.98


def test_a_memory_can_be_rendered_at_another_size_and_field_of_view():
    pose = pose_at(0, 0, 0)
    memory = remember(Memory.empty(), pose, 2 * HEIGHT, 2 * WIDTH)
    hints = render([memory], pose[None, None], lens(HEIGHT, WIDTH, 55.0)[None], HEIGHT, WIDTH, [0], [0])
    assert hints.seen.float().mean() > 0.999


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"world_from_camera": torch.eye(4)}, "world_from_camera must have shape (1, T, 4, 4), got (4, 4)"),
        ({"intrinsics": torch.ones(2, 4)}, "intrinsics must have shape (1, 4), got (2, 4)"),
        ({"height": 0}, "height and width must be at least 1, got 0 and 64"),
        ({"samples": 0}, "samples must be at least 1, got 0"),
        ({"frame_index": [1, 2]}, "frame_index must have one number for each of 1 worlds, got 2"),
        ({"intrinsics": torch.full((1, 4), torch.nan)}, "intrinsics must be finite, got NaN or infinity"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(change, message):
    good = {
        "memories": [Memory.empty()],
        "world_from_camera": torch.eye(4)[None, None],
        "intrinsics": lens(HEIGHT, WIDTH)[None],
        "height": HEIGHT,
        "width": WIDTH,
        "frame_index": [0],
        "appearance": [0],
    }
    with pytest.raises(ValueError, match=re.escape(message)):
        render(**(good | change))


def open3d_depth(memory: Memory, pose: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Open3D's projection of the same points, each into the one pixel that it falls in; 0 where none does."""
    open3d = open3d_or_skip()
    fx, fy, cx, cy = lens(height, width).tolist()
    matrix = np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1]])
    cloud = open3d.t.geometry.PointCloud(np.concatenate([row.points().positions for row in memory.static]))
    extrinsics = np.linalg.inv(pose.double().numpy())
    image = cloud.project_to_depth_image(width, height, matrix, extrinsics, depth_scale=1.0, depth_max=99.0)
    return torch.from_numpy(np.asarray(image.to_legacy())).squeeze()


def test_open3d_projects_the_same_depth_at_the_pose_of_capture():
    pose = pose_at(-2, 0.3, 12)
    memory = remember(Memory.empty(), pose, 96, 128)
    theirs, hints = open3d_depth(memory, pose, 96, 128), look(memory, pose[None], 96, 128)
    surface = hints.log_depth[0].exp() < 99
    assert (theirs > 0).float()[surface].mean() > 0.999 and not theirs[~surface].any()
    both = surface & (theirs > 0)
    torch.testing.assert_close(theirs[both], hints.log_depth[0].exp()[both], rtol=1e-4, atol=0)


def test_open3d_projects_the_same_depth_at_other_poses_except_through_holes():
    pose = pose_at(-1.0, 0.5, 10)
    memory = remember(remember(Memory.empty(), pose_at(-2, 0, 0), 96, 128), pose_at(-1, 1, 10), 96, 128)
    theirs, hints = open3d_depth(memory, pose, 96, 128), look(memory, pose[None], 96, 128)
    ours = hints.log_depth[0].exp()
    both = (theirs > 0) & hints.seen[0] & (ours < 99)
    ratio = (ours / theirs)[both]
    assert both.float().mean() > 0.5 and (ratio - 1).abs().median() < 0.005
    assert ((ratio - 1).abs() < 0.05).float().mean() > 0.9
    assert (ratio < 1.05).float().mean() > 0.99


@given(ANYWHERE)
@settings(max_examples=4, deadline=None)
def test_three_renderers_average_points_finer_than_pixels_alike(place):
    x, y, yaw, pitch = place
    pose, memory, intrinsics = pose_at(x, y, yaw, pitch), Memory.empty(), lens(HEIGHT, WIDTH)
    colour, depth = see(pose, 4 * HEIGHT, 4 * WIDTH, samples=1)
    colour[::2, ::2], colour[1::2, 1::2] = 0, 0  # a chequerboard of single source pixels
    still = torch.zeros(1, 4 * HEIGHT, 4 * WIDTH, dtype=torch.bool)
    memory = write(memory, colour[None], depth[None], still, pose[None], lens(4 * HEIGHT, 4 * WIDTH), None, 0, 0)
    shown = look(memory, pose[None], HEIGHT, WIDTH)
    blocks = colour.float().view(HEIGHT, 4, WIDTH, 4, 3).mean((1, 3))
    picked = (colour[1::4, 1::4].float() - blocks).abs().mean()
    assert (shown.colour[0].float() - blocks).abs().mean() < 0.4 * picked
    batched = by_torch([memory], pose[None, None], intrinsics[None], [0], [0])
    assert_nearly_equal(shown, Hints(**{name: value[0] for name, value in vars(batched).items()}))


def test_a_wall_is_seen_from_behind_from_its_other_side_alone():
    frame, depth = torch.full((1, HEIGHT, WIDTH, 3), 90, dtype=torch.uint8), torch.full((1, HEIGHT, WIDTH), 2.0)
    memory = build_memory(frame, depth, pose_at(0, 0, 0)[None], lens(HEIGHT, WIDTH), MemoryConfig())
    for pose, is_behind in ((pose_at(0.5, 0.3, 10), False), (pose_at(4, 0, 180), True)):
        shown = look(memory, pose[None], HEIGHT, WIDTH)
        assert shown.seen.float().mean() > 0.8
        assert (shown.from_behind[shown.seen] == is_behind).all() and not shown.from_behind[~shown.seen].any()
