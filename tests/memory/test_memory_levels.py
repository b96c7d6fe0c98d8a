"""Levels of detail: every point is drawn once, by itself or in one node, and nodes are averages of what is alive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ray_room import lens, pose_at, remember

from wm_gym.memory import table
from wm_gym.memory.blocks import Row
from wm_gym.memory.levels import FEWEST_POINTS, PAGE_POINTS
from wm_gym.memory.memory import Memory
from wm_gym.memory.packing import pack_memories
from wm_gym.memory.points import Points
from wm_gym.memory.retrieve import View, retrieve

HEIGHT, WIDTH = 48, 64


def view_from(x: float, y: float = 0.0, yaw: float = 0.0) -> View:
    return View(pose_at(x, y, yaw)[None].double().numpy(), lens(HEIGHT, WIDTH).double().numpy(), HEIGHT, WIDTH)


def floor_points(seed: int, count: int = 1500) -> Points:
    """Patches of a floor 1.5 m below, 0.5 to 60 m ahead, one in 8 marked as seen from elsewhere."""
    rng = np.random.default_rng(seed)
    ahead = 0.5 * 120.0 ** rng.uniform(0, 1, count)
    across = rng.uniform(-0.5, 0.5, count) * ahead
    size = 0.03 * ahead * 2.0 ** rng.uniform(-3, 1, count)
    geometry = np.stack([ahead, across, np.full(count, -1.5), size], axis=1).astype(np.float32)
    tangents = np.tile(np.array([[0, -1024, 0, -1024, 0, 0]], np.int16), (count, 1))  # across, and towards the camera
    record = rng.integers(0, 1 << 24, (count, 4)).astype(np.int32)
    return Points(geometry, tangents, record)


def memory_of(row: Row) -> Memory:
    empty = Memory.empty()
    return Memory(empty.config, (row,), (), empty.moving)


def cells(geometry: np.ndarray, side: np.ndarray) -> list[tuple[float, ...]]:
    return [(*np.floor(p[:3] / s), s) for p, s in zip(geometry.astype(float), side, strict=True)]


@given(st.integers(0, 99), st.floats(-5, 40), st.floats(-3, 3), st.booleans())
@settings(max_examples=25, deadline=None)
def test_every_point_is_drawn_once_by_itself_or_in_one_node(seed, x, y, carved):
    points = floor_points(seed).in_pages()
    alive = np.ones(len(points), bool)
    alive[:: 5 if carved else len(points)] = False
    row = table.with_alive((Row.of(points),), [0], [alive])[0]
    pages = row.levels.node_pages
    sides = np.repeat(pages.sides[:, 0], pages.bounds[:, 1] - pages.bounds[:, 0])
    known = {g.tobytes(): s for g, s in zip(row.levels.nodes.geometry, sides, strict=True)}
    drawn = retrieve(memory_of(row), view_from(x, y)).static_and_sky.geometry
    own = {g.tobytes() for g in row.points().geometry}
    nodes = [g for g in drawn if g.tobytes() in known]
    assert all(g.tobytes() in own or g.tobytes() in known for g in drawn)
    shown = set(cells(np.array(nodes).reshape(-1, 4), np.array([known[g.tobytes()] for g in nodes])))
    by_itself = {g.tobytes() for g in drawn} - known.keys()
    top = pages.sides[:, 0].max()
    inside = row.points().geometry
    ahead = inside[:, 0] - x
    view = (ahead > 1.0) & (np.abs(inside[:, 1] - y) < 0.5 * ahead) & (0.4 * ahead > 1.5)  # well inside the frame
    for g in inside[view]:
        side, times = 2.0 ** (np.frexp(g[3])[1] + 1), int(g.tobytes() in by_itself)
        while side <= top:
            times += (*np.floor(g[:3].astype(float) / side), side) in shown
            side *= 2
        assert times == 1


def test_nodes_are_the_means_of_the_points_alive():
    points = floor_points(0).in_pages()
    alive = points.geometry[:, 0] < 20.0
    assert FEWEST_POINTS <= alive.sum() < len(points)
    levels = table.with_alive((Row.of(points),), [0], [alive])[0].levels
    pages, nodes = levels.node_pages, levels.nodes
    sides = np.repeat(pages.sides[:, 0], pages.bounds[:, 1] - pages.bounds[:, 0])
    weight = points.geometry[:, 3].astype(float) ** 2
    for k in np.flatnonzero(sides == sides.max()):
        cell = np.floor(nodes.positions[k] / sides[k])
        of_it = alive & (np.floor(points.positions / sides[k]) == cell).all(1)
        of_it &= 2.0 ** (np.frexp(points.geometry[:, 3])[1] + 1) <= sides[k]
        mean = np.average(points.positions[of_it], axis=0, weights=weight[of_it])
        np.testing.assert_allclose(nodes.positions[k], mean, atol=1e-4)
        colour = np.average(points.colours[of_it], axis=0, weights=weight[of_it])
        assert np.abs(nodes.colours[k] - colour).max() <= 0.51


def test_pages_hold_neighbours_and_every_point_once():
    points = floor_points(1, 4000).in_pages()
    pages = Row.of(points).levels.pages
    assert np.array_equal(pages.bounds[1:, 0], pages.bounds[:-1, 1]) and pages.bounds[-1, 1] == len(points)
    assert (pages.bounds[:, 1] - pages.bounds[:, 0]).max() == PAGE_POINTS
    for (first, last), sphere in zip(pages.bounds, pages.spheres, strict=True):
        away = np.linalg.norm(points.positions[first:last] - sphere[:3], axis=1)
        assert (away + points.geometry[first:last, 3] <= sphere[3] * 1.001).all()
    assert np.median(pages.spheres[:, 3]) < 0.3 * Row.of(points).block.sphere[3]


def test_fewer_points_are_drawn_from_afar():
    memory = remember(Memory.empty(), pose_at(-2, 0, 0), 4 * HEIGHT, 4 * WIDTH)
    near, far = (retrieve(memory, view_from(x)) for x in (-2.0, -5.5))
    assert far.num_static < near.num_static < 0.5 * memory.num_static
    assert near.num_static < 12 * HEIGHT * WIDTH


def test_points_as_large_as_pixels_are_drawn_themselves():
    memory = remember(Memory.empty(), pose_at(0, 0, 0), HEIGHT, WIDTH)
    drawn = retrieve(memory, view_from(0.0)).static_and_sky
    assert len(drawn) == memory.num_static + memory.num_sky


def test_levels_are_shared_by_forks_and_never_saved():
    memory = remember(Memory.empty(), pose_at(0, 0, 0), HEIGHT, WIDTH)
    before = pack_memories([memory])
    size = memory.nbytes
    row = memory.static[0]
    fork = table.with_alive(memory.static, [0], [row.alive & False | row.alive])[0]
    assert fork.levels is row.levels and len(row.levels.nodes)
    after = pack_memories([memory])
    assert memory.nbytes == size and before.tensors.keys() == after.tensors.keys()
    assert all(before.tensors[name].equal(after.tensors[name]) for name in before.tensors)


@pytest.mark.parametrize("count", [1, 5, FEWEST_POINTS - 1])
def test_small_blocks_have_no_nodes(count):
    row = Row.of(floor_points(2, count).in_pages())
    assert not len(row.levels.nodes) and np.isinf(row.levels.pages.sides[:, 1]).all()
