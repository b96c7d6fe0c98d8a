"""Stages that are settings of others, and stages that are begun from the wrong weights."""

import signal
from dataclasses import replace
from functools import partial

import pytest
import torch
from tiny_pieces import TINY, network, walks
from tiny_recipes import write_teacher
from wall_clip import SIZE, write_recordings

from wm_gym.backends.video.weights import load_weights, save_weights
from wm_gym.train_world.distilling.distillation import DistillationConfig
from wm_gym.train_world.distilling.flow import FlowConfig
from wm_gym.train_world.distilling.matching import MatchingConfig
from wm_gym.train_world.distilling.world_rollouts import RolloutConfig
from wm_gym.train_world.recipes.causal import CausalRunConfig, CausalTrainConfig, run_causal
from wm_gym.train_world.recipes.distil import (
    DistilRunConfig,
    DistilTrainConfig,
    distil_recipe,
    read_networks,
    run_distil,
)
from wm_gym.train_world.recipes.stages import ActRunConfig, ExpertsRunConfig, run_act, run_experts, run_shrink
from wm_gym.train_world.recipes.teacher import TeacherRunConfig, TeacherTrainConfig, run_teacher, teacher_recipe
from wm_gym.train_world.trainer import train

LOOP = {"steps": 1, "batch": 2, "length": 1, "report_steps": 1, "warmup": 1, "bfloat16": False}


def sources(folder):
    return {"recordings": [str(write_recordings(folder / "clips", 2))], "held_out": "", "stride": 2}


def write_student(path, steps=1):
    sigmas = (1.0, 0.5, 0.3)[:steps]
    save_weights(path, network(config=replace(TINY, num_steps=steps, sigmas=sigmas, renoise=True)))
    return str(path)


def test_in_act_the_backbone_stays(tmp_path):
    initial = str(write_teacher(tmp_path / "teacher.safetensors"))
    config = TeacherTrainConfig(**LOOP, output=str(tmp_path / "run"), video=TINY, initial=initial, parts="steering")
    recipe = teacher_recipe(config, walks())
    before = {name: value.clone() for name, value in recipe.network.state_dict().items()}
    train(recipe)
    moved = {name for name, value in recipe.network.state_dict().items() if not torch.equal(value, before[name])}
    assert moved
    assert all("camera_embedder" in name or "action_embedder" in name for name in moved)


def test_experts_are_two_runs(tmp_path):
    run = TeacherTrainConfig(**LOOP, output=str(tmp_path / "run"), video=TINY)
    summary = run_experts(ExpertsRunConfig(**sources(tmp_path), boundary=0.6, train=run))
    assert summary.count("1 steps") == 2
    assert all(load_weights(tmp_path / "run" / name / "weights.safetensors") for name in ("high", "low"))


def test_a_student_says_how_it_samples(tmp_path):
    teacher = str(write_teacher(tmp_path / "teacher.safetensors"))
    config = DistilTrainConfig(**LOOP, output=str(tmp_path / "run"), teacher=teacher)
    config.distillation = replace(config.distillation, sigmas=(1.0, 0.4), chunks=1)
    run_distil(DistilRunConfig(**sources(tmp_path), train=config))
    made = load_weights(tmp_path / "run" / "weights.safetensors").config
    assert (made.num_steps, made.sigmas, made.renoise) == (2, (1.0, 0.4), True)


def through_worlds(folder, name, **loop):
    """A distillation on rollouts through worlds, of three steps."""
    fixed = LOOP | {"steps": 3, "output": str(folder / name)} | loop
    config = DistilTrainConfig(**fixed, teacher=str(write_teacher(folder / "teacher.safetensors")), rollouts="world")
    config.distillation = DistillationConfig(score=MatchingConfig(critic_steps=1))
    config.worlds = RolloutConfig(("rooms/9",), worlds=2, chunks=3, judged=2)
    return distil_recipe(config, read_networks(config), walks())


def test_a_student_learns_from_rollouts_through_worlds_and_resumes(tmp_path):
    recipe = through_worlds(tmp_path, "whole")
    before = {name: value.clone() for name, value in recipe.network.state_dict().items()}
    after = train(recipe).network.state_dict()
    moved = {name.split(".")[0] for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved == {"student", "critic"}
    parted, calls = through_worlds(tmp_path, "parted"), []

    def interrupted(turn, generator):
        calls.append(turn)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return parted.loss(turn, generator)

    with pytest.raises(KeyboardInterrupt):
        train(replace(parted, loss=interrupted))
    again = train(through_worlds(tmp_path, "parted")).network.state_dict()
    assert all(torch.equal(again[name], value) for name, value in after.items())


def refused(run, config, **settings):
    with pytest.raises(ValueError) as error:
        run(config(**settings))
    return str(error.value)


def test_stages_begun_from_the_wrong_weights(tmp_path):
    student, teacher = write_student(tmp_path / "student.safetensors"), str(write_teacher(tmp_path / "t.safetensors"))
    begin, more = "train.initial must name", "train.initial must be of a student of more than 1 steps,"
    from_student = f"weights, got those of a student of 1 steps in {student}"
    settings = sources(tmp_path) | {"recordings": [str(tmp_path / "none")]}
    loop = LOOP | {"output": str(tmp_path / "run")}
    distil, causal = (partial(kind, **loop) for kind in (DistilTrainConfig, CausalTrainConfig))
    teach = partial(TeacherTrainConfig, **loop, video=TINY)
    cases = [
        (run_distil, DistilRunConfig, distil(), "train.teacher must name the file of a teacher's weights, got none"),
        (run_distil, DistilRunConfig, distil(teacher=student), f"train.teacher must be a teacher's {from_student}"),
        (run_causal, CausalRunConfig, causal(), f"{begin} the file of a teacher's weights, got none"),
        (run_causal, CausalRunConfig, causal(initial=student), f"train.initial must be a teacher's {from_student}"),
        (run_act, ActRunConfig, teach(), f"{begin} the file of a teacher's weights, whose backbone stays, got none"),
        (
            run_shrink,
            DistilRunConfig,
            distil(teacher=teacher),
            f"{begin} the file of a student of more steps, got none",
        ),
        (run_shrink, DistilRunConfig, distil(teacher=teacher, initial=student), f"{more} got a student of 1"),
        (run_shrink, DistilRunConfig, distil(teacher=teacher, initial=teacher), f"{more} got a teacher"),
    ]
    for run, config, one, message in cases:
        assert refused(run, config, **settings, train=one) == message


def test_a_teacher_of_another_size_or_text_encoder(tmp_path):
    teacher = str(write_teacher(tmp_path / "teacher.safetensors"))
    other = tmp_path / "other.safetensors"
    loop = LOOP | {"output": str(tmp_path / "run")}
    for setting, value in (("num_layers", 2), ("text_dim", 8)):
        save_weights(other, network(config=replace(TINY, **{setting: value})))
        run = DistilTrainConfig(**loop, teacher=teacher, initial=str(other))
        message = refused(run_distil, DistilRunConfig, recordings=["none"], train=run)
        assert message == f"train.initial must have the teacher's {setting}, {getattr(TINY, setting)}, got {value}"


def test_recordings_of_another_size_than_the_teacher(tmp_path):
    large = tmp_path / "large.safetensors"
    save_weights(large, network(config=replace(TINY, height=24)))
    run = DistilTrainConfig(**LOOP, output=str(tmp_path / "run"), teacher=str(large))
    message = refused(run_distil, DistilRunConfig, **sources(tmp_path), train=run)
    assert message == f"teacher.height must be that of the recordings, {SIZE[0]}, got 24"


def test_a_teacher_cannot_begin_as_a_student(tmp_path):
    student = write_student(tmp_path / "student.safetensors", 2)
    run = TeacherTrainConfig(**LOOP, output=str(tmp_path / "run"), video=TINY, initial=student)
    message = refused(run_teacher, TeacherRunConfig, **sources(tmp_path), train=run)
    assert message == f"train.initial must be no student's weights, got those of 2 steps in {student}"


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (ExpertsRunConfig, {"boundary": 1.0}, "boundary must be between 0 and 1, got 1.0"),
        (DistilTrainConfig, {"rollouts": "dreams"}, "rollouts must be one of ['walks', 'world'], got 'dreams'"),
        (
            DistilTrainConfig,
            {"rollouts": "world", "distillation": DistillationConfig(adversarial=0.1)},
            "adversarial must be 0 with rollouts through worlds, of which there is no truth (rooms/9, rooms/19, "
            "rooms/29), got 0.1",
        ),
        (RolloutConfig, {"places": []}, "places must name at least one place, got none"),
        (RolloutConfig, {"judged": 20}, "judged must be from 1 to chunks (16), got 20"),
        (RolloutConfig, {"worlds": 0}, "worlds must be at least 1, got 0"),
        (TeacherTrainConfig, {"objective": "mean"}, "objective must be one of ['flow', 'regression'], got 'mean'"),
        (TeacherTrainConfig, {"parts": "head"}, "parts must be one of ['all', 'steering'], got 'head'"),
        (CausalTrainConfig, {"source": "hope"}, "source must be one of ['truth', 'trajectories'], got 'hope'"),
        (CausalTrainConfig, {"length": 3, "chunk": 2}, "length must be a multiple of chunk (2), got 3"),
    ],
)
def test_settings_that_cannot_be(config, settings, message):
    assert refused(lambda made: made, config, **settings) == message


def test_an_expert_is_asked_in_its_range_alone():
    assert FlowConfig(least_level=0.6).most_level == 1
