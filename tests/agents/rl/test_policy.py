"""A trained policy acts without its learner, and as its learner would."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from wm_gym.agents.episodes import Start, make_worlds, play
from wm_gym.agents.registry import make_agent
from wm_gym.agents.rl.off_policy import DqnConfig, QrDqnConfig, SacConfig
from wm_gym.agents.rl.on_policy import PpoConfig, RecurrentPpoConfig
from wm_gym.agents.rl.policy_agent import PolicyAgent
from wm_gym.agents.rl.sb3_worlds import as_sb3
from wm_gym.agents.rl.train_config import TrainAgentConfig, WorldsConfig
from wm_gym.agents.rl.training import make_worlds as make_training_worlds
from wm_gym.agents.rl.training import write_policy

WORLDS = WorldsConfig(count=2, steps=6, height=24, width=32)
SMALL = {"backend": "memory_only", "world": "city/9", "max_episode_steps": 6}
LEARNERS = {
    "ppo": PpoConfig(),
    "ppo of keys": PpoConfig(action_mode="keys"),
    "ppo of twists": PpoConfig(action_mode="twist", hidden=[32, 16]),
    "recurrent_ppo": RecurrentPpoConfig(lstm_size=16),
    "dqn": DqnConfig(buffer_size=100, hidden=[32, 16]),
    "qr_dqn": QrDqnConfig(buffer_size=100),
    "sac": SacConfig(buffer_size=100),
}


@pytest.fixture(scope="module", params=LEARNERS)
def learner(request, tmp_path_factory):
    """A model that has learnt nothing, its worlds, and the folder of its policy."""
    config = TrainAgentConfig(
        agent=LEARNERS[request.param], backend="memory_only", world=["city/9"], worlds=WORLDS, task="point_goal"
    )
    worlds, folder = make_training_worlds(config), tmp_path_factory.mktemp("policy")
    model = config.agent.make(as_sb3(worlds, 1.0), seed=1)
    write_policy(folder, config, model, worlds)
    yield model, worlds, folder
    worlds.close()


@pytest.fixture
def make_in():
    made = []

    def _make(folder, num_envs=2, sampled=False, **settings):
        agent_settings = {"path": str(folder), "sampled": sampled}
        made.append(make_worlds("policy", agent_settings, num_envs, **{"task": "point_goal"} | SMALL | settings))
        return make_agent("policy", made[-1], agent_settings)

    yield _make
    for env in made:
        env.close()


def test_it_acts_as_its_learner_does(learner, make_in):
    model, _, folder = learner
    agent = make_in(folder)
    observation, info = agent.env.reset(seed=4)
    agent.reset([0, 1], [0, 1])
    state, starts = None, np.ones(2, bool)
    for _ in range(4):
        theirs, state = model.predict(
            {name: np.moveaxis(part, -1, 1) if part.dtype == np.uint8 else part for name, part in observation.items()},
            state, starts, deterministic=True,
        )  # fmt: skip
        ours = agent.act(observation, info)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        assert agent.env.action_space.contains(ours.astype(agent.env.action_space.dtype))
        starts = np.zeros(2, bool)
        observation, _, _, _, info = agent.env.step(ours)


def test_an_episode_depends_on_its_start_alone(learner, make_in):
    folder, starts = learner[2], [Start(seed) for seed in range(2)]
    together = play(make_in(folder, 2, sampled=True), starts)
    alone = play(make_in(folder, 1, sampled=True), starts[::-1])[::-1]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.actions, other.actions)
        np.testing.assert_array_equal(one.body_poses, other.body_poses)


def test_drawn_actions_are_by_the_seed(learner, make_in):
    agent = make_in(learner[2], 1, sampled=True)
    observation, info = agent.env.reset(seed=0)
    drawn = []
    for seed in (*range(100), *range(100)):
        agent.reset([0], [seed])
        drawn.append(agent.act(observation, info))
    assert np.array_equal(drawn[:100], drawn[100:]) and len({action.tobytes() for action in drawn}) > 1


def test_its_worlds_are_those_it_was_trained_in(learner):
    model, _, folder = learner
    needs = PolicyAgent.needs(path=str(folder))
    assert needs["resolution"] == (24, 32) and needs["obs_mode"] == "sb3" and needs["finer"] == 1
    venv = gym.make_vec("wm_gym/PointGoal-v0", 1, backend="memory_only", **needs)
    assert venv.single_action_space == model.action_space
    venv.close()


def test_a_folder_holds_no_code(learner):
    folder = learner[2]
    assert sorted(path.name for path in folder.iterdir()) == ["policy.json", "policy.safetensors"]


def test_a_policy_that_remembers_forgets_between_episodes(make_in, tmp_path):
    config = TrainAgentConfig(
        agent=RecurrentPpoConfig(lstm_size=16), backend="memory_only", world=["city/9"], worlds=WORLDS
    )
    worlds = make_training_worlds(config)
    write_policy(tmp_path, config, config.agent.make(as_sb3(worlds, 1.0), 1), worlds)
    worlds.close()
    agent = make_in(tmp_path)
    observation, info = agent.env.reset(seed=4)
    agent.act(observation, info)
    states = [state[0].clone() for state in agent._states]
    agent.act(observation, info)
    agent.reset([0], [0])
    agent.act(observation, info)
    assert torch.equal(agent._states[0][0], states[0]) and not torch.equal(agent._states[1][0], states[1])
