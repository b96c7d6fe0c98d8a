"""Pairs of noise and what a teacher samples from it: cold ones, and a student that is held to them."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from tiny_pieces import PACKING, network, walks
from tiny_recipes import write_teacher

from wm_gym.train_world.distilling.distillation import DistillationConfig
from wm_gym.train_world.distilling.flow import FlowConfig
from wm_gym.train_world.distilling.matching import MatchingConfig
from wm_gym.train_world.distilling.trajectories import draw_pairs, follow_teacher, pairs_error
from wm_gym.train_world.distilling.walks import draw_pieces
from wm_gym.train_world.recipes.distil import DistilTrainConfig, distil_recipe, read_networks

LOOP = {"steps": 4, "batch": 2, "length": 1, "bfloat16": False}


def trajectories(cold_share=0.0, sigmas=(1.0, 0.5)):
    draw = partial(draw_pieces, walks(), PACKING, frames=1, frames_per_latent=1, seed=0)
    return follow_teacher(network(), draw, 64, sigmas, FlowConfig(num_steps=2), cold_share)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_the_pairs_is_cold(share):
    seen = trajectories(share).given.hints.flatten(1).any(1)
    assert (~seen).float().mean() == share


def test_a_teacher_is_held_to_its_own_single_step_exactly():
    one_step = FlowConfig(num_steps=1)
    draw = partial(draw_pieces, walks(), PACKING, frames=1, frames_per_latent=1, seed=0)
    pairs = draw_pairs(follow_teacher(network(), draw, 64, (1.0,), one_step), 8, seed=0, number=0)
    assert pairs_error(network(), pairs) < 1e-12
    assert pairs_error(network(1), pairs) > 1e-4


def held(folder, regression):
    """A distillation whose every second turn is the student's."""
    teacher = str(write_teacher(folder / "teacher.safetensors"))
    terms = DistillationConfig(chunks=1, regression=regression, score=MatchingConfig(critic_steps=1))
    terms = replace(terms, flow=FlowConfig(num_steps=2))
    config = DistilTrainConfig(**LOOP, teacher=teacher, pairs=64, distillation=terms)
    return distil_recipe(config, read_networks(config), walks())


def parts_of(recipe, number):
    return recipe.loss(recipe.draw(number), torch.Generator().manual_seed(0))


def test_regression_is_a_term_of_the_students_turn_alone(tmp_path):
    with_pairs, without = (held(tmp_path, weight) for weight in (0.5, 0.0))
    assert set(parts_of(with_pairs, 0)[1]) == {"critic"}
    loss, parts = parts_of(with_pairs, 1)
    plain, others = parts_of(without, 1)
    assert set(parts) == {"matching", "regression"} and set(others) == {"matching"}
    assert float(loss - plain) == pytest.approx(float(parts["regression"]), rel=1e-4)


def test_regression_needs_walks():
    with pytest.raises(ValueError) as error:
        DistilTrainConfig(rollouts="world", distillation=DistillationConfig(regression=0.25))
    assert str(error.value) == "distillation.regression must be 0 with rollouts through worlds, got 0.25"
