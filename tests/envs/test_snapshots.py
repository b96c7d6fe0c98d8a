import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

import wm_gym  # noqa: F401  (registers the ids)

SETTINGS = {"world": "warehouse/9", "resolution": (48, 64), "finer": 1, "obs_mode": "rgb+depth+points+pose"}
ACTIONS = [1, 1, 6, 1, 8, 2, 1, 0]

CONTINUE = """
import sys, numpy as np, gymnasium as gym, wm_gym
env_id, backend, path = sys.argv[1:]
env = gym.make(env_id, backend=backend, world="warehouse/9", resolution=(48, 64), finer=1,
               obs_mode="rgb+depth+points+pose", disable_env_checker=True)
observation, _ = env.reset(options={"state": open(path, "rb").read()})
frames = [observation["rgb"]] + [env.step(a)[0]["rgb"] for a in [1, 1, 6, 1, 8, 2, 1, 0]]
np.save(path + ".npy", np.stack(frames))
env.close()
"""


PAIRS = [
    pytest.param((env_id, backend), id=f"{env_id}-{backend}", marks=[pytest.mark.slow] * is_slow)
    for env_id, backend, is_slow in (
        ("wm_gym/Explore-v0", "memory_only", False),
        ("wm_gym/Explore-v0", "twin", False),
        ("wm_gym/Explore-v0", "video", False),
        ("wm_gym/PointGoal-v0", "memory_only", False),
        ("wm_gym/PointGoal-v0", "twin", True),
        ("wm_gym/PointGoal-v0", "video", True),
    )
]


@pytest.fixture(params=PAIRS)
def pair(request):
    return request.param


@pytest.fixture
def backend(pair):
    return pair[1]


@pytest.fixture
def env(pair):
    env = gym.make(pair[0], backend=pair[1], disable_env_checker=True, **SETTINGS)
    yield env
    env.close()


def _go_on(env):
    return [env.step(action) for action in ACTIONS]


def test_a_restored_world_goes_on_as_it_would_have(env):
    env.reset(seed=3, options={"events": [{"at": 2, "text": "night falls"}]})
    _go_on(env)
    saved = env.unwrapped.get_state()
    first = _go_on(env)
    env.unwrapped.set_state(saved)
    for one, other in zip(first, _go_on(env), strict=True):
        assert data_equivalence(one[:4], other[:4], exact=True)
        assert data_equivalence(one[4], other[4], exact=True)


def test_a_snapshot_survives_bytes_and_another_process(env, backend, tmp_path):
    env.reset(seed=3)
    _go_on(env)
    env.unwrapped.trigger_event("a bonfire is lit ahead")
    env.step(0)
    saved = env.unwrapped.get_state()
    path = tmp_path / "state"
    path.write_bytes(env.unwrapped.state_to_bytes(saved))
    expected = [saved.outcome.chunk.frames[0, -1].numpy()]
    expected += [row[0]["rgb"] for row in _go_on(env)]
    subprocess.run([sys.executable, "-c", CONTINUE, env.spec.id, backend, str(path)], check=True)
    assert np.array_equal(np.load(f"{path}.npy"), np.stack(expected))


def test_a_state_of_another_version_is_refused(env):
    env.reset(seed=3)
    data = env.unwrapped.state_to_bytes(env.unwrapped.get_state())
    older = data.replace(b'\\"version\\": 12', b'\\"version\\": 11')
    assert older != data
    with pytest.raises(ValueError) as raised:
        env.unwrapped.set_state(older)
    message = "a saved state must be wm_gym.world_state version 12, got wm_gym.world_state version 11"
    assert str(raised.value) == message


def test_a_state_of_another_backend_is_refused(env, backend):
    env.reset(seed=3)
    data = env.unwrapped.state_to_bytes(env.unwrapped.get_state())
    other_backend = "memory_only" if backend == "twin" else "twin"
    other = gym.make(env.spec.id, backend=other_backend, disable_env_checker=True, **SETTINGS)
    with pytest.raises(ValueError, match="a saved state must be of backend"):
        other.unwrapped.set_state(data)
    other.close()


def test_forks_share_memory_and_go_their_own_ways(env):
    env.reset(seed=3)
    _go_on(env)
    saved = env.unwrapped.get_state()
    env.step(1)
    left = env.unwrapped.get_state()
    env.unwrapped.set_state(saved)
    env.step(6)
    right = env.unwrapped.get_state()
    blocks = [{id(row.block) for row in state.world.memories[0].static[:-1]} for state in (saved, left, right)]
    assert blocks[0] & blocks[1] & blocks[2]
    assert not np.array_equal(left.outcome.chunk.frames, right.outcome.chunk.frames)
