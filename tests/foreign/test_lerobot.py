"""LeRobot rolls policies out on the native batch, and makes worlds from a config of its own kind."""

import dataclasses
import warnings

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.wrappers import vector as V

pytestmark = pytest.mark.slow

ID = "wm_gym/PointGoal-v0"
STEPS = 3


@pytest.fixture
def lerobot():
    """What LeRobot evaluates with."""
    utils = pytest.importorskip("lerobot.envs.utils")
    pytest.importorskip("lerobot.scripts.lerobot_eval")
    return utils


class _Random(torch.nn.Module):
    """A policy that moves at random; it keeps what it was shown."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def reset(self):
        self.shown.clear()

    def select_action(self, observation):
        self.shown.append(observation)
        rows = len(observation["task"])
        return torch.rand(rows, 4) * 2 - 1


def _named_as_lerobot_does(envs):
    """`rgb` as `pixels` and `pose` as `agent_pos`, which LeRobot's policies look for."""
    parts = envs.single_observation_space.spaces
    one = gym.spaces.Dict({"pixels": parts["rgb"], "agent_pos": parts["pose"]})
    return V.TransformObservation(envs, lambda seen: {"pixels": seen["rgb"], "agent_pos": seen["pose"]}, None, one)


def _rollout(envs, policy, **settings):
    from lerobot.scripts.lerobot_eval import rollout

    same = {
        name: lambda row: row for name in ("env_preprocessor", "env_postprocessor", "preprocessor", "postprocessor")
    }
    return rollout(envs, policy, **same, seeds=[0, 1], **settings)


def test_the_attributes_that_lerobot_looks_for_are_there(lerobot, make_vec, memory):
    envs = make_vec(ID, num_envs=2, **memory)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lerobot.check_env_attributes_and_types(envs)
    assert all(isinstance(text, str) for text in envs.call("task_description"))
    assert list(envs.call("_max_episode_steps")) == [256, 256]


def test_observations_have_lerobots_names_and_shapes(lerobot, make_vec, memory):
    envs = _named_as_lerobot_does(make_vec(ID, num_envs=2, **memory))
    seen = lerobot.preprocess_observation(envs.reset(seed=0)[0])
    assert seen["observation.image"].shape == (2, 3, 36, 48) and seen["observation.image"].max() <= 1
    assert seen["observation.state"].shape == (2, 7)


def test_other_parts_pass_through_as_they_are(lerobot, make_vec, memory):
    seen = lerobot.preprocess_observation(make_vec(ID, num_envs=2, **memory).reset(seed=0)[0])
    assert {name: tuple(part.shape) for name, part in seen.items()} == {
        "observation.rgb": (2, 36, 48, 3),
        "observation.depth": (2, 36, 48, 1),
        "observation.pose": (2, 7),
        "observation.goal": (2, 2),
    }


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_lerobot_rolls_a_policy_out_on_the_native_batch(lerobot, make_vec, small, mode):
    settings = {"action_mode": "twist", "max_episode_steps": STEPS, "autoreset_mode": mode, **small}
    policy = _Random()
    told = _rollout(make_vec(ID, num_envs=2, **settings), policy, return_observations=True)
    assert told["action"].shape == (2, STEPS, 4) and told["observation"]["observation.rgb"].shape[:2] == (2, STEPS + 1)
    assert told["done"].tolist() == [[False, False, True]] * 2 and not told["success"].any()
    assert all(text and isinstance(text, str) for text in policy.shown[0]["task"])


def test_a_rollout_is_recorded_as_a_data_set(lerobot, make_vec, memory, tmp_path):
    datasets = pytest.importorskip("lerobot.datasets.lerobot_dataset")
    configs = pytest.importorskip("lerobot.configs")
    features = {
        "action": configs.PolicyFeature(configs.FeatureType.ACTION, (4,)),
        "pose": configs.PolicyFeature(configs.FeatureType.STATE, (7,)),
    }
    envs = make_vec(ID, num_envs=1, action_mode="twist", max_episode_steps=STEPS, **memory)
    from lerobot.scripts.lerobot_eval import rollout

    same = [lambda row: row] * 4
    rollout(envs, _Random(), *same, seeds=[0], recording_dir=tmp_path / "set", env_features=features)
    data = datasets.LeRobotDataset("eval_recording", root=tmp_path / "set")
    assert len(data) == STEPS and data[0]["pose"].shape == (7,)
    assert data[0]["task"] == envs.call("task_description")[0]


def test_a_config_of_lerobots_kind_makes_worlds(lerobot, memory):
    configs = pytest.importorskip("lerobot.envs.configs")
    factory = pytest.importorskip("lerobot.envs.factory")

    @configs.EnvConfig.register_subclass("wm_gym")
    @dataclasses.dataclass
    class WorldConfig(configs.EnvConfig):
        task: str | None = "PointGoal-v0"
        fps: int = 4
        world: str = "rooms/9"
        package_name = "wm_gym"

        @property
        def gym_kwargs(self):
            return {**memory, "world": self.world, "action_mode": "twist", "max_episode_steps": STEPS}

    made = factory.make_env(factory.make_env_config("wm_gym", world="rooms/19"), n_envs=2)
    told = _rollout(made["wm_gym"][0], _Random())
    assert told["action"].shape == (2, STEPS, 4) and np.isfinite(told["reward"]).all()
    lerobot.close_envs(made)
