"""Saved states name the captures that their worlds opened on."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.scenes.captures import load_capture, save_capture
from wm_gym.scenes.named import SHIPPED, open_named
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.size import nbytes
from wm_gym.world.world import World

SIZE = (48, 64)
NAMED_BYTES, WHOLE_BYTES = 2e5, 1e6
TURN = np.tile([1.0, 0.0, 0.4, 0.0], (1, 4, 1))


@pytest.fixture(scope="module")
def world():
    return World(MemoryOnlyModel.create(*SIZE))


@pytest.fixture
def hall(tmp_path):
    """A user's own capture."""
    path = tmp_path / "hall.npz"
    path.write_bytes((SHIPPED / "park-19.npz").read_bytes())
    return path


def opened(world, name):
    return world.start([open_named(world.model.spec, name, 0, "full", 1)], [0])[0]


def stepped(world, state, steps=2):
    for _ in range(steps):
        state, outcome = world.step(state, TURN)
    return state, outcome.chunk.frames


def assert_goes_on_alike(world, state, data):
    back, _ = from_bytes(data, world)
    assert back.memories == state.memories
    assert torch.equal(stepped(world, state)[1], stepped(world, back)[1])
    return back


def test_a_saved_state_names_a_shipped_scene_and_shares_its_memory(world):
    first = opened(world, "park/19")
    state, _ = stepped(world, first)
    data = to_bytes(state, world)
    assert len(data) < NAMED_BYTES < WHOLE_BYTES < nbytes(state.memories)
    back = assert_goes_on_alike(world, state, data)
    known = {id(row) for row in first.memories[0].rows}
    assert sum(id(row) in known for row in back.memories[0].rows) > 0.8 * len(known)
    assert len(to_bytes(back, world)) == len(data)


def test_forks_of_several_scenes_name_each_scene_once(world):
    openings = [open_named(world.model.spec, name, 0, "full", 1) for name in ("park/19", "rooms/19")]
    state, _ = world.start(openings, [0, 1])
    state = world.select(state, [0, 1, 1])
    state, _ = world.step(state, np.concatenate([TURN, TURN, -TURN]))
    data = to_bytes(state, world)
    back, _ = from_bytes(data, world)
    assert len(data) < 2 * NAMED_BYTES and back.memories == state.memories


def test_a_saved_state_names_the_file_of_a_capture(world, hall):
    state, _ = stepped(world, opened(world, str(hall)))
    data = to_bytes(state, world)
    assert len(data) < NAMED_BYTES and str(hall).encode() in data
    assert_goes_on_alike(world, state, data)


def test_a_file_named_from_where_the_user_stood_is_found_from_elsewhere(world, hall, monkeypatch):
    monkeypatch.chdir(hall.parent)
    state = opened(world, "hall.npz")
    data = to_bytes(state, world)
    monkeypatch.chdir("/")
    assert_goes_on_alike(world, state, data)


def gone(hall: Path):
    hall.unlink()
    return "got no such file"


def damaged(hall: Path):
    hall.write_bytes(b"no capture")
    return f"got a file that cannot be opened: {hall} must be a capture (.npz), got a file that cannot be read"


def changed(hall: Path):
    opening = load_capture(hall, 192, 256)
    save_capture(hall, replace(opening, capture=replace(opening.capture, frames=255 - opening.capture.frames)))
    return "got a file that has changed"


@pytest.mark.parametrize("become", [gone, damaged, changed])
def test_a_capture_that_is_gone_or_changed_is_told(world, hall, become):
    data = to_bytes(opened(world, str(hall)), world)
    came = become(hall)
    with pytest.raises(ValueError) as raised:
        from_bytes(data, world)
    wanted = f"a saved state must find capture '{hall}' as it was when its world opened"
    assert str(raised.value) == f"{wanted}, {came}"


@pytest.mark.parametrize("become", [gone, damaged, changed])
def test_a_state_whose_capture_is_gone_or_changed_is_saved_whole(world, hall, become):
    state, _ = stepped(world, opened(world, str(hall)))
    become(hall)
    data = to_bytes(state, world)
    assert len(data) > WHOLE_BYTES
    assert_goes_on_alike(world, state, data)


def test_a_capture_that_is_not_what_its_file_holds_is_saved_whole(world):
    opening = open_named(world.model.spec, "park/19", 0, "full", 1)
    for capture in (
        replace(opening.capture, frames=255 - opening.capture.frames),
        replace(opening.capture, source=None),
    ):
        state, _ = world.start([replace(opening, capture=capture)], [0])
        data = to_bytes(state, world)
        assert len(data) > WHOLE_BYTES
        assert_goes_on_alike(world, state, data)


OLD_PROCESSOR = {
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3",
    "OPENBLAS_CORETYPE": "Nehalem",
    "ATEN_CPU_CAPABILITY": "default",
}

READ = """
import sys
from pathlib import Path
from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.world.serialization import from_bytes
from wm_gym.world.world import World
state, _ = from_bytes(Path(sys.argv[1]).read_bytes(), World(MemoryOnlyModel.create(48, 64)))
print(state.memories[0].num_static)
"""


def test_a_saved_scene_is_built_alike_with_the_kernels_of_an_older_processor(world, tmp_path, monkeypatch):
    state, _ = stepped(world, opened(world, "park/19"))
    path = tmp_path / "state"
    path.write_bytes(to_bytes(state, world))
    for name, value in OLD_PROCESSOR.items():
        monkeypatch.setenv(name, value)
    run = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    assert int(run.stdout) == state.memories[0].num_static
