"""Moving objects: their velocities, and their extrapolated positions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from ray_room import lens, look, pose_at

from wm_gym.memory.memory import Memory
from wm_gym.memory.motion import (
    MAX_FRAMES,
    MAX_GROWTH,
    MAX_SPEED,
    MIN_RADIUS_METRES,
    VELOCITY_UNIT,
    moved,
    objects_in,
    track,
    velocities,
    with_velocities,
)
from wm_gym.memory.motion_kernels import NO_OBJECT, label_objects
from wm_gym.memory.points import Points
from wm_gym.memory.render import SAMPLES, render
from wm_gym.memory.write import write

HEIGHT, WIDTH = 48, 64
BODY_METRES = 0.6
SPEED = st.floats(-MAX_SPEED, MAX_SPEED)


def _points(positions: np.ndarray, frame: int = 0) -> Points:
    geometry = np.concatenate([positions, np.full((len(positions), 1), 0.1)], 1).astype(np.float32)
    record = np.zeros((len(positions), 4), np.int32)
    record[:, 1] = frame
    return Points(geometry, np.zeros((len(positions), 6), np.int16), record)


def _walker(memory: Memory, first: int, metres_per_frame: float, start: float = 0.0) -> Memory:
    """Four frames of a thing four metres ahead that walks to the left, before a wall."""
    depth, moving = torch.full((4, HEIGHT, WIDTH), 8.0), torch.zeros(4, HEIGHT, WIDTH, dtype=torch.bool)
    fx, _, cx, _ = lens(HEIGHT, WIDTH).tolist()
    for t in range(4):
        left = start + (first + t) * metres_per_frame
        columns = cx - fx * np.array([left + BODY_METRES, left]) / 4.0
        moving[t, 10:40, round(columns[0]) : round(columns[1])] = True
    depth[moving] = 4.0
    frames = torch.full((4, HEIGHT, WIDTH, 3), 90, dtype=torch.uint8)
    poses = pose_at(0, 0, 0)[None].expand(4, -1, -1)
    hints = look(memory, poses, HEIGHT, WIDTH, frame=first)
    return write(memory, frames, depth, moving, poses, lens(HEIGHT, WIDTH), hints, first, 0)


@given(SPEED, SPEED)
def test_velocities_survive_being_stored(x, y):
    stored = velocities(with_velocities(_points(np.zeros((3, 3))), np.tile([x, y], (3, 1))))
    np.testing.assert_allclose(stored, np.tile([x, y], (3, 1)), atol=VELOCITY_UNIT)


@given(SPEED, st.integers(0, 200))
def test_an_object_is_extrapolated_for_a_while_and_then_stands(speed, frame):
    points = with_velocities(_points(np.zeros((2, 3)), frame=5), np.tile([speed, 0.0], (2, 1)))
    expected = speed * np.clip(frame - 5, 0, MAX_FRAMES)
    np.testing.assert_allclose(moved(points, frame).positions[:, 0], expected, atol=MAX_FRAMES * VELOCITY_UNIT)


def _plain_labels(positions: np.ndarray, radius: float, fewest: int, most: int) -> list[int]:
    labels, free, count = [NO_OBJECT] * len(positions), list(range(len(positions))), 0
    plane = positions[:, :2].astype(np.float64)
    while free and count < most:
        kin = [k for k in free if np.square(plane[k] - plane[free[0]]).sum() < radius**2]
        centre = plane[kin].mean(0)
        obj = [k for k in free if k == free[0] or np.square(plane[k] - centre).sum() < radius**2]
        free = [k for k in free if k not in obj]
        if len(obj) >= fewest:
            for k in obj:
                labels[k] = count
            count += 1
    return labels


@given(st.integers(0, 40), st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 6))
def test_labels_equal_those_of_a_plain_search(size, seed, fewest, most):
    positions = np.random.default_rng(seed).uniform(-3, 3, (size, 3)).astype(np.float32)
    assert label_objects(positions, 0.8, fewest, most).tolist() == _plain_labels(positions, 0.8, fewest, most)


def test_distant_points_are_separate_objects_and_single_points_are_none():
    two = np.concatenate([np.full((6, 3), 0.0), np.full((5, 3), 3.0), np.full((2, 3), -3.0)])
    assert [obj.centre.tolist() for obj in objects_in(_points(two))] == [[0, 0], [3, 3]]


def test_a_walker_is_rendered_at_its_extrapolated_position():
    memory = Memory.empty()
    for first in (0, 4, 8):
        memory = _walker(memory, first, 0.06, start=-0.6)
    speed = velocities(memory.moving.points()).mean(0)
    np.testing.assert_allclose(speed, [0.0, 0.06], atol=0.02)
    ahead = look(memory, pose_at(0, 0, 0)[None], HEIGHT, WIDTH, frame=19)
    seen = look(memory, pose_at(0, 0, 0)[None], HEIGHT, WIDTH, frame=11)
    centre = [torch.where(hints.moving[0])[1].float().mean().item() for hints in (seen, ahead)]
    fx = lens(HEIGHT, WIDTH)[0].item()
    assert abs(centre[0] - centre[1] - fx * 8 * 0.06 / 4.0) < 3


def test_an_object_that_stands_stays():
    memory = _walker(_walker(Memory.empty(), 0, 0.0), 4, 0.0)
    assert np.abs(velocities(memory.moving.points())).max() < 1e-3, velocities(memory.moving.points())


@pytest.mark.parametrize("shift", [0.0, 0.01, 0.02])
def test_an_object_that_is_shown_and_written_again_and_again_does_not_grow(shift):
    memory, areas = _walker(Memory.empty(), 0, 0.0), []
    for step in range(1, 13):
        pose = pose_at(0, shift * (step % 2), 0)[None].expand(4, -1, -1)
        hints = look(memory, pose, HEIGHT, WIDTH, frame=4 * step)
        areas.append(hints.moving[-1].sum().item())
        depth = torch.where(hints.seen, hints.log_depth.exp(), 8.0)
        memory = write(memory, hints.colour, depth, hints.moving, pose, lens(HEIGHT, WIDTH), hints, 4 * step, 0)
    assert areas[-1] <= areas[0], areas


def test_torch_extrapolates_as_the_kernels_do():
    memory = _walker(_walker(Memory.empty(), 0, 0.06), 4, 0.06)
    poses, lenses = pose_at(0, 0, 0)[None, None].expand(1, 3, -1, -1), lens(HEIGHT, WIDTH)[None]
    ours = render([memory], poses, lenses, HEIGHT, WIDTH, frame_index=[12], appearance=[0])
    from wm_gym.memory.render_torch import render_on_device
    from wm_gym.memory.retrieve import View, retrieve

    view = View(poses[0].double().numpy(), lenses[0].double().numpy(), HEIGHT, WIDTH)
    arguments = [retrieve(memory, view)], [view], [memory.config], [(12, 0)], SAMPLES, torch.device("cpu")
    theirs = render_on_device(*arguments)
    assert (ours.moving != theirs.moving).float().mean() < 0.002
    assert ours.moving.any()


def _disc(x: float, radius: float, frame: int) -> Points:
    """Points all over a disc on the ground, the same ones whatever the frame."""
    angle, share = 2.4 * np.arange(60), np.sqrt((np.arange(60) + 0.5) / 60)
    spots = np.stack([x + radius * share * np.cos(angle), radius * share * np.sin(angle), np.zeros(60)], 1)
    return _points(spots, frame)


@given(st.floats(0.2, 0.7), st.floats(0.3, 2.0), st.integers(0, 59), st.integers(1, 8))
def test_an_object_does_not_grow_however_many_points_appear_around_it(radius, farther, start, times):
    """Each time a ring is seen around it as well, wide enough to be things of its own."""
    kept, objects = track(_disc(0.0, radius, 0), np.ones(60, bool), [])
    first = max(objects[0].radius, MIN_RADIUS_METRES)
    for k in range(1, times + 1):
        angle = 2 * np.pi * (np.arange(60) + start) / 60
        ring = (radius + farther) * np.stack([np.cos(angle), np.sin(angle), np.zeros(60)], 1)
        cloud = Points.cat([_disc(0.0, radius, 4 * k), _points(ring[np.hypot(ring[:, 0], ring[:, 1]) < 1.6], 4 * k)])
        kept, objects = track(cloud, np.ones(len(cloud), bool), [objects])
        assert len(objects) == 1 and objects[0].radius <= MAX_GROWTH**k * first + 1e-6
    assert np.linalg.norm(kept.positions[:, :2] - objects[0].centre, axis=1).max() <= objects[0].radius + 1e-6


def test_separate_objects_stay_separate_and_a_distant_one_is_new():
    pair = Points.cat([_disc(0.0, 0.3, 0), _disc(1.2, 0.3, 0)])
    _, before = track(pair, np.ones(len(pair), bool), [])
    now = Points.cat([_disc(0.0, 0.3, 4), _disc(1.2, 0.3, 4), _disc(9.0, 0.3, 4), _disc(-1.2, 0.3, 4)])
    kept, objects = track(now, np.ones(len(now), bool), [before])
    assert sorted(round(float(obj.centre[0]), 0) for obj in objects) == [0, 1, 9]
    assert kept.positions[:, 0].min() > -0.5
