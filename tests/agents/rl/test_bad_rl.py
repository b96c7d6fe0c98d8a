"""What training and policies refuse, with their messages."""

import json
import re
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from wm_gym.agents.episodes import make_worlds
from wm_gym.agents.registry import make_agent
from wm_gym.agents.rl.extractor import FeaturesExtractor
from wm_gym.agents.rl.off_policy import DqnConfig, SacConfig
from wm_gym.agents.rl.on_policy import PpoConfig
from wm_gym.agents.rl.places import VariationConfig, VariedWorlds
from wm_gym.agents.rl.policy_agent import PolicyAgent
from wm_gym.agents.rl.policy_file import shipped_policies
from wm_gym.agents.rl.policy_network import NetworkSpec
from wm_gym.agents.rl.sb3_worlds import as_sb3
from wm_gym.agents.rl.train_config import EvaluationConfig, TrainAgentConfig, WorldsConfig
from wm_gym.agents.rl.training import make_worlds as make_training_worlds
from wm_gym.agents.rl.training import train_agent, write_policy

CONFIG = TrainAgentConfig(
    agent=PpoConfig(n_steps=4, batch_size=4),
    backend="memory_only",
    world=["city/9"],
    worlds=WorldsConfig(count=1, steps=4, height=24, width=32),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a policy that has learnt nothing."""
    path = tmp_path_factory.mktemp("policy")
    worlds = make_training_worlds(CONFIG)
    write_policy(path, CONFIG, CONFIG.agent.make(as_sb3(worlds, 1.0), 0), worlds)
    worlds.close()
    return path


@pytest.fixture
def act_in(folder):
    made = []

    def _act_in(path=folder, **settings):
        settings = {"task": "point_goal", "backend": "memory_only", "world": "city/9"} | settings
        made.append(make_worlds("policy", {"path": str(folder)}, 1, **settings))
        return make_agent("policy", made[-1], {"path": str(path)})

    yield _act_in
    for env in made:
        env.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "explore"}, "must act in task 'point_goal', got 'explore'"),
        ({"resolution": (36, 48)}, "must have depth Box [24, 32, 1] uint8, got Box [36, 48, 1] uint8"),
        ({"obs_mode": "depth", "depth_dtype": "uint8"}, "must have pose Box [7] float32, got none"),
        ({"obs_mode": "rgb+depth+pose"}, "must have depth Box [24, 32, 1] uint8, got Box [24, 32, 1] float32"),
        ({"action_mode": "twist"}, "must have action Discrete 9, got Box [4] float32"),
    ],
)
def test_worlds_that_a_policy_was_not_trained_in_are_refused(settings, message, act_in, folder):
    with pytest.raises(ValueError, match=re.escape(f"policy '{folder}' {message}")):
        act_in(**settings)


@pytest.mark.parametrize("path", ["", "nowhere", "/"])
def test_a_policy_that_is_not_there_is_refused(path, act_in):
    message = f"path must be the folder of a trained policy or one of {shipped_policies()}, got {path!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        PolicyAgent.needs(path=path)
    with pytest.raises(ValueError, match=re.escape(message)):
        act_in(path)


def changed(folder, tmp_path, **card):
    """A copy of a policy with another card."""
    (tmp_path / "policy.safetensors").write_bytes((folder / "policy.safetensors").read_bytes())
    (tmp_path / "policy.json").write_text(json.dumps(json.loads((folder / "policy.json").read_text()) | card))
    return tmp_path


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"version": 0}, "policy PATH must be of version 1, got 0"),
        ({"network": {"head": "magic", "outputs": 9, "hidden": [64]}}, "head must be one of ['bernoulli', "),
        ({"network": {}}, "PATH/policy.json must be a policy's card as wm-gym writes it, got: 'hidden'"),
        ({"more": 1}, "PATH/policy.json must be a policy's card as wm-gym writes it, got: "),
    ],
)
def test_a_card_that_is_none_is_refused(card, message, act_in, folder, tmp_path):
    with pytest.raises(ValueError, match=re.escape(message.replace("PATH", str(tmp_path)))):
        act_in(changed(folder, tmp_path, **card))


@pytest.mark.parametrize(("data", "came"), [(b"", "header"), (b"x" * 100, "header")])
def test_weights_that_are_none_are_refused(data, came, act_in, folder, tmp_path):
    path = changed(folder, tmp_path)
    (path / "policy.safetensors").write_bytes(data)
    with pytest.raises(ValueError, match=f"policy.safetensors must be weights as safetensors, got: .*{came}"):
        act_in(path)


def test_weights_of_another_network_are_refused(act_in, folder, tmp_path):
    path = changed(folder, tmp_path, network={"head": "categorical", "outputs": 9, "hidden": [8]})
    with pytest.raises(ValueError, match=re.escape(f"weights of policy '{path}' must be those of its network, got")):
        act_in(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: SacConfig(action_mode="discrete"),
            "action_mode of learner 'sac' must be one of ['twist'], got 'discrete'",
        ),
        (
            lambda: DqnConfig(action_mode="keys"),
            "action_mode of learner 'dqn' must be one of ['discrete'], got 'keys'",
        ),
        (lambda: PpoConfig(gamma=1.5), "gamma must be above 0 and at most 1, got 1.5"),
        (lambda: PpoConfig(hidden=[0]), "hidden must be widths of at least 1, got [0]"),
        (lambda: PpoConfig(learning_rate=0.0), "learning_rate must be above 0, got 0.0"),
        (lambda: PpoConfig(n_steps=1), "n_steps must be at least 2, got 1"),
        (lambda: PpoConfig(batch_size=1), "batch_size must be at least 2, got 1"),
        (lambda: DqnConfig(buffer_size=0), "buffer_size must be at least 1, got 0"),
        (lambda: WorldsConfig(count=0), "count must be at least 1, got 0"),
        (lambda: EvaluationConfig(every=-1), "every must be at least 0, got -1"),
        (lambda: EvaluationConfig(episodes=3), "episodes must be at least count, 8, which is at least 1, got 3"),
        (lambda: EvaluationConfig(places=[]), "places must name at least one world, got none"),
        (lambda: TrainAgentConfig(steps=0), "steps must be at least 1, got 0"),
        (lambda: TrainAgentConfig(world=[]), "world must name at least one world, got none"),
        (lambda: VariationConfig(events_share=1.5), "events_share must be within 0..1, got 1.5"),
        (lambda: VariationConfig(event_steps=-1), "event_steps must be at least 0, got -1"),
        (
            lambda: VariationConfig(prompts_share=0.5),
            "prompts must be given where prompts_share is above 0, got []",
        ),
        (lambda: VariedWorlds(1, places=[], task="explore"), "places must name at least one world, got none"),
        (
            lambda: NetworkSpec("magic", 9),
            "head must be one of ['bernoulli', 'categorical', 'gaussian', 'quantiles', 'squashed', 'values'], "
            "got 'magic'",
        ),
        (
            lambda: FeaturesExtractor(gym.spaces.Dict({"sound": gym.spaces.Box(0, 1, (4,))})),
            "space must have rgb, depth, points, pose or goal, got ['sound']",
        ),
        (
            lambda: FeaturesExtractor(gym.spaces.Dict({"goal": gym.spaces.Box(0, 1, (4, 4), np.float32)})),
            "goal must be an image or a vector, got shape (4, 4)",
        ),
    ],
)
def test_bad_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "fly"}, "task must be one of"),
        ({"backend": "vidoe"}, "backend must be one of"),
        ({"world": ["moon"]}, "world must be a family of"),
        ({"world": ["city/9", "moon"]}, "world must be a family of"),
        (
            {"evaluation": EvaluationConfig(places=["city/9", "moon"])},
            "world must be a family of",
        ),
    ],
)
def test_a_training_that_cannot_be_is_refused_before_anything_is_written(settings, message, tmp_path):
    with pytest.raises(ValueError, match=f"^{message}"):
        train_agent(replace(CONFIG, output=str(tmp_path / "run"), **settings))
    assert list(tmp_path.iterdir()) == []
