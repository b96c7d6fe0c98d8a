import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.backends.twin.model import TwinModel
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import KEYS, Body, camera_pose, velocities_from_keys, walk
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.scenes.named import open_named
from wm_gym.scenes.openings import first_keyframes
from wm_gym.world.captures import memory_of_capture
from wm_gym.world.movement import keys_of, twists_of
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.world import World
from wm_gym.world_model import Capture, Chunk

SIZE = (48, 64)
NAMES = ("rooms/9", "park/9", "city/9")


@pytest.fixture(scope="module", params=[MemoryOnlyModel, TwinModel], ids=["memory_only", "twin"])
def world(request):
    world = World(request.param.create(*SIZE))
    yield world
    world.close()


def _open(world, names, seeds=None):
    openings = [open_named(world.model.spec, name, 0, "full", 1) for name in names]
    return world.start(openings, seeds or list(range(len(names))))


def _forward(count, yaw=0.0):
    return np.tile([1.0, 0.0, yaw, 0.0], (count, 4, 1))


def test_the_opening_shows_the_start_of_the_world(world):
    state, outcome = _open(world, NAMES[:1])
    assert outcome.chunk.frames.shape == (1, 1, *SIZE, 3)
    assert state.frame_index == (1,)
    np.testing.assert_array_equal(state.body_poses, np.zeros((1, 5)))


def test_a_state_can_be_stepped_twice_alike(world):
    state, _ = _open(world, NAMES[:1])
    state, _ = world.step(state, _forward(1))
    left, one = world.step(state, _forward(1, 0.5))
    right, other = world.step(state, _forward(1, 0.5))
    assert torch.equal(one.chunk.frames, other.chunk.frames)
    assert torch.equal(one.hints.log_depth, other.hints.log_depth)
    assert left.memories == right.memories


def test_a_world_of_three_equals_the_world_alone(world):
    together, outcome = _open(world, NAMES)
    alone, single = _open(world, NAMES[1:2], [1])
    for yaw in (0.0, 0.7, -0.3):
        together, outcome = world.step(together, _forward(3, yaw))
        alone, single = world.step(alone, _forward(1, yaw))
        assert torch.equal(outcome.chunk.frames[1:2], single.chunk.frames)
        assert torch.equal(outcome.chunk.depth[1:2], single.chunk.depth)
        np.testing.assert_array_equal(outcome.body_poses[1:2], single.body_poses)
    assert together.memories[1] == alone.memories[0]


def test_bytes_hold_the_whole_state(world):
    state, _ = _open(world, NAMES[:2])
    state, _ = world.step(state.schedule_event(1, "it starts to snow"), _forward(2))
    back, _ = from_bytes(to_bytes(state, world), world)
    assert back.scripts == state.scripts and back.seeds == state.seeds
    expected, got = (world.step(s, _forward(2, 0.2))[1] for s in (state, back))
    assert torch.equal(expected.chunk.frames, got.chunk.frames)
    assert torch.equal(expected.hints.age, got.hints.age)


def test_two_bodies_can_share_one_memory():
    world = World(MemoryOnlyModel.create(*SIZE))
    state, _ = _open(world, [NAMES[0], NAMES[0]])
    shared = replace(state, memories=state.memories[:1], world_of_view=(0, 0))
    after, outcome = world.step(shared, _forward(2))
    assert len(after.memories) == 1
    assert torch.equal(outcome.chunk.frames[0], outcome.chunk.frames[1])


def test_a_world_opens_at_another_pose_on_what_memory_shows_there():
    world = World(MemoryOnlyModel.create(*SIZE))
    at = np.array([[2.0, 0.5, 0.2, 0.3, 0.0]])
    opening = open_named(world.model.spec, NAMES[0], 0, "full", 1)
    state, outcome = world.start([opening], [0], at)
    np.testing.assert_array_equal(state.body_poses, at)
    seen = outcome.hints.seen
    assert seen.float().mean() > 0.8 and torch.equal(outcome.chunk.frames[seen], outcome.hints.colour[seen])
    with pytest.raises(ValueError) as raised:
        world.start([replace(opening, capture=None)], [0], at)
    assert str(raised.value) == "to open at another pose an opening must have a capture, got 'rooms/9' without"


def test_walls_stop_the_body_and_are_told(world):
    state, _ = _open(world, NAMES[:1])
    collided = []
    for _ in range(60):
        state, outcome = world.step(state, _forward(1))
        collided.append(outcome.collided[0])
    assert any(collided)
    assert np.isfinite(state.body_poses).all() and np.abs(state.body_poses[:, :2]).max() < 30


def test_trust_is_full_where_nothing_is_but_memory_seen_from_its_front():
    world = World(MemoryOnlyModel.create(*SIZE))
    state, _ = _open(world, NAMES[:1])
    _, outcome = world.step(state, np.zeros((1, 4, 4)))
    assert outcome.trust == pytest.approx((1.0 - float(outcome.hints.from_behind.float().mean()),), abs=1e-3)


def test_what_a_model_is_not_sure_of_is_shown_and_not_remembered():
    class Inpainter(MemoryOnlyModel):
        """Fills what memory lacks, and is sure of it or not."""

        write_mask = True

        def step(self, state, condition):
            state, chunk = super().step(state, condition)
            depth = torch.where(chunk.depth > 0, chunk.depth, 3.0)
            return state, replace(chunk, depth=depth, write_mask=torch.full(depth.shape, self.write_mask))

    behind = np.tile([0.0, 0.0, 1.0, 0.0], (1, 4, 1))
    points = {}
    for write_mask in (True, False):
        world = World(Inpainter.create(*SIZE))
        world.model.write_mask = write_mask
        state, _ = _open(world, NAMES[:1])
        state = replace(state, memories=(Memory.empty(world.config.memory),))
        state, outcome = world.step(state, behind)
        assert (outcome.chunk.depth > 0).all()
        points[write_mask] = state.memories[0].num_static
    assert points[True] > 1000 and points[False] == 0


def test_events_reach_the_prompt_and_the_appearance(world):
    state, _ = _open(world, NAMES[:1])
    state = state.schedule_event(0, "night falls")
    assert state.prompts()[0].endswith("It is night.")
    for _ in range(5):
        state, outcome = world.step(state, np.zeros((1, 4, 4)))
    seen = outcome.hints.seen & ~outcome.hints.moving
    # a model that cannot show night leaves memory in daylight
    assert outcome.hints.same_appearance[seen].all() == ("night" not in world.model.spec.shows_events)


def test_following_a_walk_shows_what_the_walk_showed(world):
    state, _ = _open(world, NAMES[:1])
    walked, one = world.step(state, _forward(1, 0.5))
    followed, other = world.follow(state, one.body_poses)
    assert torch.equal(one.chunk.frames, other.chunk.frames)
    np.testing.assert_array_equal(walked.body_poses, followed.body_poses)


def test_twists_are_read_off_a_path():
    twists = np.random.default_rng(0).uniform(-0.6, 0.6, (2, 6, 4))
    start = np.zeros((2, 5))
    path = np.concatenate([start[:, None], walk(start, twists, Body(), None)], 1)
    np.testing.assert_allclose(twists_of(path, Body()), twists, atol=1e-9)


def test_what_a_backend_does_not_give_is_reconstructed():
    class Colours(MemoryOnlyModel):
        """Gives frames alone."""

        def step(self, state, condition):
            state, chunk = super().step(state, condition)
            return state, Chunk(chunk.frames)

    model = Colours.create(*SIZE)
    model.spec = replace(model.spec, gives_depth=False, gives_moving=False)
    model.start = lambda openings, seeds: (
        (None,) * len(openings), Chunk(first_keyframes(openings, model.spec).frames)
    )  # fmt: skip
    world = World(model)
    state, _ = _open(world, NAMES[:1])
    _, outcome = world.step(state, _forward(1, 0.5))
    known = outcome.hints.seen
    torch.testing.assert_close(outcome.chunk.depth[known], outcome.hints.log_depth[known].exp())
    assert (outcome.chunk.depth > 0).all() and torch.equal(outcome.chunk.moving, known & outcome.hints.moving)
    assert torch.equal(
        outcome.chunk.world_from_camera[0, -1, :2, 3], torch.tensor(outcome.body_poses[0, -1, :2]).float()
    )


def test_keys_are_read_off_twists():
    for k in range(len(KEYS)):
        pressed = np.arange(len(KEYS)) == k
        np.testing.assert_array_equal(keys_of(velocities_from_keys(pressed)), pressed)


def test_of_a_wall_seen_from_afar_and_from_near_a_capture_is_remembered_as_seen_from_near():
    shape = 2, *SIZE
    frames, depth = torch.zeros(*shape, 3, dtype=torch.uint8), torch.empty(shape)
    frames[0, ..., 0], frames[1, ..., 2], depth[0], depth[1] = 200, 200, 9.0, 2.0
    body_poses = np.array([[0.0, 0, 0, 0, 0], [7.0, 0, 0, 0, 0]])
    poses = torch.from_numpy(camera_pose(body_poses)).float()
    lens = intrinsics_from_fov(75.0, *SIZE)
    memory = memory_of_capture(
        Capture(frames, depth, torch.zeros(shape, dtype=torch.bool), poses, lens), MemoryConfig()
    )
    hints = render([memory], poses[None, 1:], lens[None], *SIZE, frame_index=[0], appearance=[0])
    assert hints.seen.all() and (hints.colour[..., 2] > 190).all()


FRAMES = torch.zeros(1, 4, *SIZE, 3, dtype=torch.uint8)
DEPTH, MOVING = torch.ones(1, 4, *SIZE), torch.zeros(1, 4, *SIZE, dtype=torch.bool)


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (Chunk(FRAMES[:, :3], DEPTH, MOVING), f"must give frames (1, 4, {SIZE[0]}, {SIZE[1]}, 3) uint8, got (1, 3, "),
        (Chunk(FRAMES.float(), DEPTH, MOVING), f"must give frames (1, 4, {SIZE[0]}, {SIZE[1]}, 3) uint8, got (1, 4, "),
        (Chunk(FRAMES, None, MOVING), "must give depth as its spec says (gives_depth=True), got none"),
        (Chunk(FRAMES, DEPTH, MOVING.float()), f"must give moving (1, 4, {SIZE[0]}, {SIZE[1]}) bool, got (1, 4, "),
        (Chunk(FRAMES, DEPTH, MOVING, torch.eye(4)), "must give world_from_camera (1, 4, 4, 4) float32, got (4, 4)"),
    ],
)
def test_a_backend_that_gives_something_else_than_it_says_is_told_what_it_must_give(chunk, message):
    world = World(MemoryOnlyModel.create(*SIZE))
    state, _ = _open(world, NAMES[:1])
    world.model.step = lambda state, condition: (state, chunk)
    with pytest.raises(ValueError, match=re.escape(f"backend 'memory_only' {message}")):
        world.step(state, np.zeros((1, 4, 4)))
