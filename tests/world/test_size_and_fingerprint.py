import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.backends.video.model import VideoModel
from wm_gym.backends.video.weights import save_weights
from wm_gym.evaluation.preset import preset_hash
from wm_gym.scenes.named import open_named
from wm_gym.world import serialization as files
from wm_gym.world.fingerprint import Fingerprint
from wm_gym.world.guiding import completion_for
from wm_gym.world.size import nbytes, nbytes_beyond
from wm_gym.world.world import World


@pytest.fixture(scope="module")
def world():
    return World(VideoModel.create(48, 64))


@pytest.fixture(scope="module")
def state(world):
    state, _ = world.start([open_named(world.model.spec, "city", 3, "full")], [3])
    return world.step(state, np.tile([1.0, 0.0, 0.0, 0.0], (1, 4, 1)))[0]


def test_tensors_arrays_and_bytes_are_counted_once():
    numbers = torch.zeros(5, 2)
    assert nbytes((numbers, [numbers, numbers[1:]], {"a": np.zeros(3), "b": b"four", "c": "text", "d": 7})) == 40 + 28


def test_a_state_holds_its_memory_and_its_past(state):
    past = sum(block.keys.nbytes + block.values.nbytes for block in state.model[0].blocks)
    assert past > 0 and state.nbytes >= state.memories[0].nbytes + past
    assert state.nbytes == nbytes(state)


def test_forks_cost_next_to_nothing_until_they_go_their_own_ways(world, state):
    forks = world.select(state, [0] * 16)
    assert nbytes_beyond(forks, state) < 1000 < state.nbytes
    after = world.step(state, np.zeros((1, 4, 4)))[0]
    assert 0 < nbytes_beyond(after, state) < state.nbytes / 4
    assert nbytes_beyond(copy.deepcopy(state), state) == state.nbytes


def test_the_weights_of_a_model_are_named_by_the_hash_of_their_file(world, tmp_path):
    alone = world.model.spec
    assert save_weights(tmp_path / "weights.safetensors", world.model.network) == alone.weights
    assert world.spec.weights != alone.weights  # its layout is another part of what it is
    assert alone.arithmetic == "float32 on cpu"


def test_the_name_of_a_preset_tells_references_apart(world):
    without = World(world.model, completion=completion_for(world.model.spec, settings={"layout": "none"}))
    assert preset_hash(without) != preset_hash(world) == preset_hash(World(VideoModel.create(48, 64)))


def test_a_state_of_other_weights_is_refused(world, state):
    data = files.to_bytes(state, world)
    other = World(VideoModel.create(48, 64, num_steps=2))
    with pytest.raises(ValueError) as raised:
        files.from_bytes(data, other)
    ours, theirs = other.spec.weights, world.spec.weights
    assert str(raised.value) == f"a saved state must be of the weights {ours[:16]}..., got one of {theirs[:16]}..."


def test_a_fingerprint_tells_what_differs(world):
    here = Fingerprint.of(world.spec)
    assert here.differences(Fingerprint.from_json(here.to_json())) == []
    there = replace(here, program="9.9", arithmetic="bfloat16 on cpu")
    assert there.differences(here) == [
        f"program: 9.9 here, {here.program} there",
        "arithmetic: bfloat16 on cpu here, float32 on cpu there",
    ]


def test_a_backend_without_a_network_has_a_fingerprint_too():
    here = Fingerprint.of(MemoryOnlyModel.create(48, 64).spec)
    assert (here.backend, here.weights, here.arithmetic) == ("memory_only 48x64", "", "")
    assert here.packages["torch"].startswith(torch.__version__.split("+")[0])
