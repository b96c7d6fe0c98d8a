import os
import signal

import gymnasium as gym
import pytest

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.backends.twin.client import EngineError


def test_a_killed_engine_is_told_once_and_the_environment_can_be_reset():
    env = gym.make("wm_gym/Explore-v0", backend="twin", world="park/1", resolution=(48, 64), disable_env_checker=True)
    env.reset(seed=1)
    env.step(1)
    for process_id in env.unwrapped.core.world.model.process_ids:
        os.kill(process_id, signal.SIGKILL)
    with pytest.raises(EngineError, match="engine") as raised:
        env.step(1)
    assert str(raised.value).count("\n") == 0
    env.reset(seed=1)
    observation, *_ = env.step(1)
    assert env.observation_space.contains(observation)
    env.close()


def test_a_world_goes_on_after_its_engine_died():
    env = gym.make("wm_gym/Explore-v0", backend="twin", world="park/1", resolution=(48, 64), disable_env_checker=True)
    env.reset(seed=1)
    before = env.unwrapped.get_state()
    expected = env.step(1)[0]["rgb"]
    for process_id in env.unwrapped.core.world.model.process_ids:
        os.kill(process_id, signal.SIGKILL)
    with pytest.raises(EngineError):
        env.step(1)
    env.unwrapped.set_state(before)
    assert (env.step(1)[0]["rgb"] == expected).all()
    env.close()
