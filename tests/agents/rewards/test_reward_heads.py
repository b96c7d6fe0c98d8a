"""Learned rewards and models that are asked: what they say, how they are audited, and what they refuse."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.agents.rewards.auditing import Audit, audited
from wm_gym.agents.rewards.gathering import StepsConfig, gathered
from wm_gym.agents.rewards.learned import LearnedReward, load_head, save_head
from wm_gym.agents.rewards.network import HeadConfig, RewardHead
from wm_gym.agents.rewards.samples import Steps
from wm_gym.agents.rewards.training import TrainRewardConfig, train_reward
from wm_gym.agents.rewards.vlm import VLMReward
from wm_gym.agents.vlm.replies import Reply
from wm_gym.cli import main
from wm_gym.envs.rewards import Seen, Verdict

H, W, GOAL = 36, 48, 8
SMALL = {"backend": "memory_only", "world": ["city/9"], "episodes": 6, "steps": 12}


def seen(height=H, width=W, goal=GOAL, description="find the red ball"):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, height, width, 3), np.uint8)
    return Seen(*frames, rng.random((height, width), np.float32), np.zeros(goal, np.float32), description, False)


@pytest.fixture(scope="module")
def steps():
    return gathered(StepsConfig(**SMALL))


@pytest.fixture
def path(tmp_path):
    torch.manual_seed(0)
    save_head(tmp_path / "head.safetensors", RewardHead(HeadConfig(H, W, GOAL, (4, 4, 4), 8)), "find_object")
    return tmp_path / "head.safetensors"


def test_a_head_says_the_same_after_it_was_in_a_file(path):
    assert load_head(path)[1] == "find_object"
    said = LearnedReward(str(path))(seen())
    again = LearnedReward(str(path), threshold=0.0)(seen())
    assert said.reward == again.reward and again.is_success
    assert not LearnedReward(str(path), threshold=1.0)(seen()).is_success


def test_the_goal_decides_what_counts(path):
    head, _ = load_head(path)
    pictures = torch.zeros(2, H, W, 3, dtype=torch.uint8), torch.zeros(2, H, W, 3, dtype=torch.uint8)
    goals = torch.eye(GOAL)[:2]
    reward, _ = head(*pictures, torch.ones(2, H, W), goals)
    assert reward[0] != reward[1]


@pytest.mark.parametrize(("view", "came"), [({"height": 48, "width": 64}, "48x64 and 8"), ({"goal": 2}, "36x48 and 2")])
def test_steps_of_another_size_are_refused(path, view, came):
    with pytest.raises(ValueError) as raised:
        LearnedReward(str(path))(seen(**view))
    assert str(raised.value) == (
        "a learned reward of task 'find_object' must see frames of 36x48 and a goal of 8 numbers, got " + came
    )


def test_gathered_steps_hold_what_the_task_said(steps):
    stacked = Steps.of(steps)
    assert stacked.before.shape == stacked.frame.shape == (len(steps), H, W, 3) and stacked.goal.shape[1] == GOAL
    assert stacked.success.any() and not stacked.success.all()
    assert (stacked.reward[stacked.success] > 3).all()  # the reward of success is in it


def test_the_truth_is_never_wrong(steps):
    said = iter([Verdict(reward, success) for _, reward, success in steps])
    audit = audited(lambda one: next(said), steps)
    assert (audit.false_positives, audit.false_negatives, audit.false_share) == (0, 0, 0)
    assert audit.correlation == pytest.approx(1.0)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_rates_are_shares(pairs):
    said, truth = (np.array(column) for column in zip(*pairs, strict=True))
    audit = Audit.of(said, said.astype(float), truth, truth.astype(float))
    assert 0 <= audit.false_positives <= 1 and 0 <= audit.false_negatives <= 1 and 0 <= audit.false_share <= 1
    assert (audit.false_positives == 0) == (not (said & ~truth).any())


class Said:
    """Answers with one text."""

    def __init__(self, text):
        self.text, self.asked = text, []

    def write(self, prompts, grammar, generators=()):
        self.asked += prompts
        return [Reply(self.text, 0.0) for _ in prompts]


@pytest.mark.parametrize(("text", "is_success"), [("yes", True), ("Yes.", True), ("no", False), ("", False)])
def test_a_model_that_is_asked_says_yes_or_no(text, is_success):
    writer = Said(text)
    assert VLMReward(writer=writer, success_reward=2.0)(seen()) == Verdict(2.0 * is_success, is_success)
    assert writer.asked[0].task == "find the red ball"


def test_a_head_is_trained_and_audited(tmp_path):
    config = TrainRewardConfig(StepsConfig(**SMALL), held_out=3, updates=4, batch=8, output=str(tmp_path / "out"))
    assert "false positives" in train_reward(config)
    told = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert 0 <= told["audit"]["false_positives"] <= 1
    assert LearnedReward(str(tmp_path / "out" / "reward.safetensors"))(seen()).reward


def test_a_source_is_audited_from_the_command_line(tmp_path, path, capsys):
    settings = ("gather.backend=memory_only", "gather.world=[city/9]", "gather.episodes=2", "gather.steps=4")
    asked = (f"reward_settings={{path: {path}}}", f"output={tmp_path / 'audit.json'}")
    assert main(["eval-reward", *settings, *asked]) == 0
    assert "false_positives" in capsys.readouterr().out and json.loads((tmp_path / "audit.json").read_text())["steps"]
