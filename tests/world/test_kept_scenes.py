"""What a world keeps of scenes: no more than its settings say, and nothing once it is closed."""

import gc
from weakref import ref

import pytest

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.completion.pipeline import Completion
from wm_gym.completion.scene_bank import SceneBank
from wm_gym.scenes.named import SHIPPED, open_named
from wm_gym.world.world import World, WorldConfig

SIZE = (24, 32)
NAMES = ("park/19", "rooms/19", "city/9")


def opening(world, name):
    return open_named(world.spec, name, 0, "full", 1)


def test_a_scene_opened_again_has_the_same_capture_and_memory():
    world = World(MemoryOnlyModel.create(*SIZE))
    first = opening(world, NAMES[0])
    state, _ = world.start([first], [0])
    again = opening(world, NAMES[0])
    assert again.capture is first.capture and again.name == first.name and again.prompt == first.prompt
    shared = {id(row) for row in state.memories[0].rows}
    assert shared & {id(row) for row in world.start([again], [1])[0].memories[0].rows}


def test_a_world_keeps_at_most_so_many_memories():
    world = World(MemoryOnlyModel.create(*SIZE), WorldConfig(kept_memories=2))
    openings = [opening(world, name) for name in NAMES]
    captures = [ref(one.capture) for one in openings]
    world.start(openings, [0, 1, 2])
    del openings
    gc.collect()
    assert len(world.memories) == 2
    assert [capture() is None for capture in captures] == [True, False, False]


def test_closing_a_world_frees_captures_memories_and_the_scenes_of_its_bank(tmp_path):
    scene = tmp_path / "park-19.npz"
    scene.write_bytes((SHIPPED / "park-19.npz").read_bytes())
    bank = SceneBank([scene], *SIZE)
    world = World(MemoryOnlyModel.create(*SIZE), completion=Completion(scene_bank=bank))
    one = opening(world, NAMES[0])
    state, outcome = world.start([one], [0])
    held = [ref(one.capture), ref(state.memories[0].static[0].block), ref(bank.memory(0))]
    del one, state, outcome
    gc.collect()
    assert all(thing() is not None for thing in held)
    world.close()
    gc.collect()
    assert all(thing() is None for thing in held)


def test_a_bank_keeps_at_most_so_many_memories():
    bank = SceneBank([SHIPPED / f"{name.replace('/', '-')}.npz" for name in NAMES[:2]], *SIZE, kept=1)
    first = ref(bank.memory(0))
    assert bank.memory(0) is first()
    bank.memory(1)
    gc.collect()
    assert first() is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: World(MemoryOnlyModel.create(*SIZE), WorldConfig(kept_memories=0)),
            "kept_memories must be at least 1, got 0",
        ),
        (
            lambda: World(MemoryOnlyModel.create(*SIZE), WorldConfig(cache_bytes=-1)),
            "most_bytes must be at least 0, got -1",
        ),
        (lambda: SceneBank([SHIPPED / "park-19.npz"], *SIZE, kept=0), "kept_scenes must be at least 1, got 0"),
    ],
)
def test_bounds_that_keep_nothing_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
