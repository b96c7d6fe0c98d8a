"""Bodies of shared worlds as entries of an SB3 vector environment."""

import numpy as np
import pytest

import wm_gym
from wm_gym.agents.sb3_bodies import BodiesVecEnv, make_sb3_bodies
from wm_gym.envs.parallel_vector_env import ParallelVectorEnv

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (36, 48), "finer": 1}


@pytest.mark.parametrize("backend", ["memory_only", pytest.param("video", marks=pytest.mark.slow)])
def test_a_world_of_many_equals_it_alone(backend):
    settings = SMALL | {"backend": backend, "task": "tag", "max_episode_steps": 3}
    many, alone = ParallelVectorEnv(3, 2, **settings), wm_gym.parallel_env(2, **settings)
    [_, (shown, _), _] = many.reset([3, 8, 5])
    expected, _ = alone.reset(seed=8)
    many.worlds[2].remove_agent("agent_0")
    for step in range(3):
        for agent, observation in expected.items():
            for name, value in observation.items():
                np.testing.assert_array_equal(shown[agent][name], value)
        actions = [dict.fromkeys(env.agents, (step + 1) % 9) for env in many.worlds]
        _, (shown, rewards, _, truncations, _), _ = many.step(actions)
        expected, earned, *_ = alone.step(actions[1])
        assert rewards == earned
    assert all(truncations.values())
    many.close()
    alone.close()


def test_a_world_opens_anew_when_an_episode_ends():
    worlds = make_sb3_bodies("tag", 2, 3, max_episode_steps=4, **SMALL)
    worlds.seed(0)
    observation = worlds.reset()
    assert worlds.num_envs == 6 and observation["goal"].shape == (6, 3)
    assert observation["goal"][:, 2].reshape(2, 3).sum(1).tolist() == [1.0, 1.0]
    for step in range(1, 6):
        observation, rewards, dones, infos = worlds.step(np.zeros(6, np.int64))
        assert dones.all() == (step == 4) == dones.any() and rewards.shape == (6,)
        if step == 4:
            assert all(info["TimeLimit.truncated"] and "terminal_observation" in info for info in infos)
            assert infos[0]["episode"]["l"] == 4
    assert [env.steps for env in worlds.unwrapped.worlds.worlds] == [1, 1]
    worlds.close()


def test_when_one_is_out_the_others_are_truncated():
    settings = {"task": "tag", "task_settings": {"swaps": False, "touch_metres": 50.0}, "obs_mode": "sb3"}
    worlds = BodiesVecEnv(ParallelVectorEnv(1, 3, **SMALL | settings))
    worlds.seed(0)
    worlds.reset()
    *_, dones, infos = worlds.step(np.zeros(3, np.int64))
    assert dones.all() and sum(info["TimeLimit.truncated"] for info in infos) == 2
    worlds.close()


def test_seeds_and_actions_of_another_number_of_worlds_are_refused():
    worlds = ParallelVectorEnv(2, 2, task="tag", **SMALL)
    with pytest.raises(ValueError) as raised:
        worlds.reset([1])
    assert str(raised.value) == "seeds must be 2, got 1"
    worlds.reset([1, 2])
    with pytest.raises(ValueError) as raised:
        worlds.step([{}])
    assert str(raised.value) == "actions must be for 2 worlds, got 1"
    worlds.close()
