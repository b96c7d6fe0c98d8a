"""TorchRL: its specs on one world and on batches, worlds in processes, and collectors."""

import gymnasium as gym
import numpy as np
import pytest

pytestmark = pytest.mark.slow

ID = "wm_gym/PointGoal-v0"


@pytest.fixture
def envs():
    return pytest.importorskip("torchrl.envs")


@pytest.fixture
def world(memory):
    """One world as TorchRL's; a function without arguments that processes can take along."""
    torchrl = pytest.importorskip("torchrl.envs")
    return lambda: torchrl.GymWrapper(gym.make(ID, **memory))


def _close(env):
    if not env.is_closed:
        env.close()


def test_gym_env_makes_a_world_by_its_id(envs, memory):
    del memory["backend"]
    env = envs.GymEnv(ID, **memory)
    envs.check_env_specs(env)
    assert env.rollout(3)["next", "rgb"].shape == (3, 36, 48, 3)
    _close(env)


@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
def test_gym_wrapper_takes_any_world(envs, small, action_mode):
    env = envs.GymWrapper(gym.make(ID, action_mode=action_mode, **small))
    envs.check_env_specs(env)
    _close(env)


@pytest.mark.parametrize("output", ["numpy", "torch"])
@pytest.mark.parametrize("mode", ["SameStep", "Disabled"])
def test_gym_wrapper_takes_the_native_batch(envs, memory, mode, output):
    settings = {"autoreset_mode": mode, "output": output, "max_episode_steps": 3, **memory}
    env = envs.GymWrapper(gym.make_vec(ID, num_envs=2, **settings))
    envs.check_env_specs(env)
    done = env.rollout(7, break_when_any_done=False)["next", "done"].squeeze(-1)
    assert done.tolist() == [[False, False, True, False, False, True, False]] * 2
    _close(env)


ZEROS = "TorchRL 0.14 shows zeros for the last observation of an episode where it is a Dict, whatever the environment"


@pytest.mark.parametrize(
    "mode", ["Disabled", pytest.param("SameStep", marks=pytest.mark.xfail(reason=ZEROS, strict=False))]
)
def test_gym_wrapper_gives_the_worlds_own_last_observation(envs, memory, mode):
    batch = envs.GymWrapper(gym.make_vec(ID, num_envs=1, autoreset_mode=mode, max_episode_steps=2, **memory))
    batch.set_seed(3)
    row = batch.rollout(2, break_when_any_done=False)
    alone = gym.make(ID, **memory)
    alone.reset(seed=3)
    for action in row["action"][0].argmax(-1):
        shown, *_ = alone.step(int(action))
    alone.close()
    _close(batch)
    assert np.array_equal(row["next", "rgb"][0, -1].numpy(), shown["rgb"])


def test_worlds_stand_in_a_row(envs, world):
    env = envs.SerialEnv(2, world)
    envs.check_env_specs(env)
    _close(env)


def test_a_collector_collects_from_one_world(world):
    collectors = pytest.importorskip("torchrl.collectors")
    collector = collectors.Collector(world, None, frames_per_batch=8, total_frames=16)
    assert [batch.numel() for batch in collector] == [8, 8]
    collector.shutdown()


def test_a_collector_collects_from_the_native_batch(envs, memory):
    collectors = pytest.importorskip("torchrl.collectors")
    settings = {"autoreset_mode": "Disabled", "output": "torch", "max_episode_steps": 3, **memory}
    collector = collectors.Collector(
        lambda: envs.GymWrapper(gym.make_vec(ID, num_envs=2, **settings)), None, frames_per_batch=8, total_frames=16
    )
    assert [batch.shape for batch in collector] == [(2, 4), (2, 4)]
    collector.shutdown()


PROCESSES = """
import sys

import gymnasium as gym
import torch
from torchrl.envs import GymEnv, GymWrapper, ParallelEnv, check_env_specs

import wm_gym

PLACE = {"world": "rooms/9", "resolution": (36, 48), "finer": 1}


def make():
    return GymWrapper(gym.make("wm_gym/PointGoal-v0", backend="memory_only", **PLACE))


if __name__ == "__main__":
    if sys.argv[1] == "num_envs":
        env = GymEnv("wm_gym/PointGoal-v0", num_envs=2, **PLACE)
    elif sys.argv[1] == "num_workers":
        env = GymEnv("wm_gym/PointGoal-v0", num_workers=2, **PLACE)
    else:
        env = ParallelEnv(2, make, mp_start_method=sys.argv[1])
    check_env_specs(env)
    print(tuple(env.rollout(3, break_when_any_done=False).shape))
    env.close()
"""


@pytest.mark.parametrize("how", ["fork", "forkserver", "spawn", "num_envs", "num_workers"])
def test_worlds_live_in_processes_of_torchrl(run_program, how):
    pytest.importorskip("torchrl")
    assert "(2, 3)" in run_program(PROCESSES, how, timeout=180)
