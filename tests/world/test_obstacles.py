"""What stands in a body's way where memory is silent."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.backends.registry import load_backend
from wm_gym.geometry.motion import camera_pose
from wm_gym.layout.cells import CELL_METRES, INDEX, PATCH
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.keyframes import build_memory
from wm_gym.memory.memory import Memory
from wm_gym.memory.occupancy import Nearby
from wm_gym.scenes.named import open_named
from wm_gym.world.guiding import completion_for
from wm_gym.world.obstacles import is_solid, touches
from wm_gym.world.world import World


@pytest.fixture(scope="module")
def opened():
    """A captured room whose memory and plan are known."""
    model = load_backend("memory_only", 36, 48)
    world = World(model, completion=completion_for(model.spec, True))
    return world, world.start([open_named(world.model.spec, "rooms/9", 0, "full", 1)], [0])[0]


def walled(state, i, j):
    """The state, with a plan that holds one patch of wall and nothing else; and that plan."""
    plan = state.completions[0].plan
    assert plan is not None and plan.is_read
    cells, objects = plan.region((i, j), PATCH, PATCH)
    plan = replace(plan, blocks={}).with_region((i, j), np.full_like(cells, INDEX["solid"]), objects)
    return replace(state, completions=(replace(state.completions[0], plan=plan),)), plan


def middle_of(plan, i, j):
    return np.array([[i + PATCH / 2, j + PATCH / 2]]) * CELL_METRES + np.array(plan.offset)


def patch_near(plan, metres):
    return tuple(int(cell) // PATCH * PATCH for cell in plan.cell_at(metres, 0.0))


def test_a_wall_of_the_plan_blocks_where_memory_saw_no_floor(opened):
    world, state = opened
    state = replace(state, memories=(Memory.empty(MemoryConfig()),))
    at = patch_near(state.completions[0].plan, 4.0)
    state, plan = walled(state, *at)
    assert world.solid_round(state, 0)(middle_of(plan, *at), 0.25).all()


def test_where_memory_saw_floor_the_plan_is_not_believed(opened):
    world, state = opened
    at = patch_near(state.completions[0].plan, 2.0)
    before = world.solid_round(state, 0, 6.0)
    state, plan = walled(state, *at)
    spots = middle_of(plan, *at) + np.random.default_rng(0).uniform(-0.8, 0.8, (200, 2))
    free = spots[~before(spots, 0.05)]
    still_free = ~world.solid_round(state, 0, 6.0)(free, 0.05)
    assert 0.2 < still_free.mean() < 1  # floor is seen between what stands on it


def test_a_body_that_stands_in_a_wall_of_the_plan_is_not_held(opened):
    world, state = opened
    state = replace(state, memories=(Memory.empty(MemoryConfig()),))
    at = patch_near(state.completions[0].plan, 0.0)
    state, plan = walled(state, *at)
    assert not world.solid_round(state, 0)(middle_of(plan, *at), 0.25).any()


def test_positions_in_and_beside_a_solid_cell(opened):
    _, state = opened
    at = patch_near(state.completions[0].plan, 4.0)
    _, plan = walled(state, *at)
    inside = middle_of(plan, *at)
    assert is_solid(plan, np.concatenate([inside, inside + 0.3])).all()
    assert is_solid(plan, np.zeros((0, 2))).shape == (0,)


def test_a_body_that_touches_a_sparse_wall_is_stopped_and_one_that_is_wedged_may_leave():
    frames = torch.full((1, 48, 64, 3), 128, dtype=torch.uint8)
    lens, pose = torch.tensor([48.0, 48.0, 32.0, 24.0]), torch.from_numpy(camera_pose(np.zeros((1, 5)))).float()
    memory = build_memory(frames, torch.full((1, 48, 64), 2.0), pose, lens, MemoryConfig())
    near = Nearby(memory, np.zeros(2), 3.0, -1.2, 0.0)
    here, touching = np.zeros(3), np.array([[1.69, 0.0], [1.66, 0.0]])
    assert touches(near, here, touching, 0.3).tolist() == [True, False]
    assert near.occupied(touching, 0.3).tolist() == [False, False]
    wedged = np.array([1.8, 0.0, 0.0])
    assert touches(near, wedged, np.array([[1.8, 0.5], [1.9, 0.0]]), 0.3).tolist() == [False, True]
    assert not touches(near, np.array([2.0, 0.0, 0.0]), np.array([[2.0, 0.1]]), 0.3).any()
