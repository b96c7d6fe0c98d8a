"""A training can be stopped and gone on with at any time, and ends in the same weights."""

import json
import os
import signal
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from wm_gym.agents.rl import callback
from wm_gym.agents.rl.off_policy import DqnConfig, QrDqnConfig, SacConfig
from wm_gym.agents.rl.on_policy import PpoConfig, RecurrentPpoConfig
from wm_gym.agents.rl.places import VariationConfig
from wm_gym.agents.rl.train_config import EvaluationConfig, TrainAgentConfig, WorldsConfig
from wm_gym.agents.rl.training import train_agent
from wm_gym.envs.tasks.registry import TASKS

NO_EVALUATION = EvaluationConfig(every=0)
EVALUATION = EvaluationConfig(every=16, episodes=2, count=2, places=["city/9"], twin=False)
SMALL = TrainAgentConfig(
    agent=PpoConfig(n_steps=8, batch_size=8, n_epochs=2),
    backend="memory_only",
    world=["city/9", "rooms/9"],
    worlds=WorldsConfig(count=2, steps=5, height=24, width=32),
    variation=VariationConfig(events_share=0.5),
    evaluation=NO_EVALUATION,
    steps=64,
)
OFF_POLICY = {"buffer_size": 40, "learning_starts": 8, "batch_size": 4}
LEARNERS = [
    RecurrentPpoConfig(n_steps=8, batch_size=8, n_epochs=1, lstm_size=8),
    DqnConfig(**OFF_POLICY, train_freq=3, target_update_interval=10),
    QrDqnConfig(**OFF_POLICY, target_update_interval=10),
    SacConfig(**OFF_POLICY),
]


def trained(folder, **settings):
    """The weights of a policy that was trained in a folder."""
    train_agent(replace(SMALL, output=str(folder), **settings))
    return load_file(folder / "policy" / "policy.safetensors")


def assert_same(one, other):
    assert set(one) == set(other)
    for name in one:
        assert torch.equal(one[name], other[name]), name


def interrupted_at(monkeypatch, step):
    """Ctrl-C is pressed once a run has come to this step."""
    before, pressed = callback.Keeper._on_step, []

    def on_step(keeper):
        if keeper.num_timesteps >= step and not pressed:
            pressed.append(step)
            os.kill(os.getpid(), signal.SIGINT)
        return before(keeper)

    monkeypatch.setattr(callback.Keeper, "_on_step", on_step)


def test_two_runs_one_after_another_are_one_run(tmp_path):
    whole = trained(tmp_path / "whole")
    trained(tmp_path / "halves", steps=32)
    assert_same(whole, trained(tmp_path / "halves"))


def test_evaluations_and_checkpoints_change_nothing(tmp_path):
    plain = trained(tmp_path / "plain", steps=32)
    assert_same(plain, trained(tmp_path / "watched", steps=32, evaluation=EVALUATION, save_seconds=0.0))


def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    whole = trained(tmp_path / "whole")
    interrupted_at(monkeypatch, 42)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped")
    assert_same(whole, trained(tmp_path / "stopped"))


@pytest.mark.slow
@pytest.mark.parametrize("agent", LEARNERS, ids=lambda agent: agent.name)
def test_every_learner_goes_on_as_if_it_had_not_been_interrupted(agent, tmp_path, monkeypatch):
    whole = trained(tmp_path / "whole", agent=agent)
    interrupted_at(monkeypatch, 42)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped", agent=agent)
    assert_same(whole, trained(tmp_path / "stopped", agent=agent))


def test_a_run_that_is_over_stays_as_it_is(tmp_path):
    first = trained(tmp_path, steps=16)
    assert_same(first, trained(tmp_path, steps=16))


def test_a_run_with_other_settings_is_not_gone_on_with(tmp_path):
    trained(tmp_path, steps=16)
    with pytest.raises(ValueError, match=r"a resumed run must keep its settings, got another 'seed' than .* has: 0"):
        trained(tmp_path, steps=32, seed=1)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    trained(tmp_path, steps=16)
    path = tmp_path / "checkpoint.safetensors"
    data = bytearray(path.read_bytes())
    data[-9] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"checkpoint .* must be whole, got a damaged"):
        trained(tmp_path, steps=32)


def test_logs_hold_figures_films_and_ways(tmp_path):
    trained(tmp_path, steps=32, evaluation=EVALUATION)
    board = EventAccumulator(str(tmp_path)).Reload()
    scalars, pictures = board.Tags()["scalars"], board.Tags()["images"]
    assert {"eval_memory_only/success", "eval_memory_only/return", "rollout/ep_rew_mean"} <= set(scalars)
    assert {"eval_memory_only/way", "eval_memory_only/film"} <= set(pictures)
    assert board.Images("eval_memory_only/film")[0].encoded_image_string.startswith(b"GIF89a")
    rows = [json.loads(line) for line in (tmp_path / "evaluations.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [16, 32] and 0 <= rows[0]["success"] <= 1
    assert (tmp_path / "log.jsonl").read_text().count("rollout/ep_rew_mean") == 2


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_task_can_be_learnt(task, tmp_path):
    worlds = replace(SMALL.worlds, obs_mode="rgb+depth+points+pose")
    weights = trained(tmp_path, task=task, worlds=worlds, steps=16, evaluation=EVALUATION)
    assert all(value.isfinite().all() for value in weights.values())
    assert json.loads((tmp_path / "policy" / "policy.json").read_text())["task"] == task


@pytest.mark.slow
def test_a_policy_learns_to_walk_to_a_point(tmp_path):
    agent = PpoConfig(n_steps=32, batch_size=64)
    settings = {"agent": agent, "world": ["city/9"], "worlds": WorldsConfig(count=8, steps=48)}
    trained(tmp_path, steps=4_096, variation=VariationConfig(), **settings)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    returns = [row["rollout/ep_rew_mean"] for row in rows if "rollout/ep_rew_mean" in row]
    assert returns[-1] > returns[0] + 1
