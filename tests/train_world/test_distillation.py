"""Turns of a distillation: who learns when, and by what."""

from dataclasses import replace

import pytest
import torch
from tiny_pieces import network, pieces

from wm_gym.train_world.distilling.adversary import AdversarialHead, FeatureReader, deceiving_loss, head_loss
from wm_gym.train_world.distilling.distillation import Distillation, DistillationConfig, Teachers, distillation_loss
from wm_gym.train_world.distilling.given import bound
from wm_gym.train_world.distilling.matching import MatchingConfig
from wm_gym.train_world.distilling.walks import given_of

CONFIG = DistillationConfig(chunks=2, adversarial=0.1, score=MatchingConfig(critic_steps=2))


def turn(number, config=CONFIG, realism=None):
    """The loss of one turn, and which parts have a gradient from it."""
    trained = Distillation(network(1), network(2))
    batch = replace(pieces(config.chunks, number=0), number=number)
    teachers = Teachers(network(3).requires_grad_(False), realism)
    loss, parts = distillation_loss(trained, teachers, batch, 1, config, torch.Generator().manual_seed(0))
    loss.backward()
    moved = {
        name.split(".")[0] for name, p in trained.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0
    }
    return trained, parts, moved


@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_the_critics_turn_moves_critic_and_head(number):
    _, parts, moved = turn(number)
    assert moved == {"critic", "head"}
    assert set(parts) == {"critic", "head"}


def test_the_head_does_not_move_the_critic():
    both = turn(0)[0].critic
    alone = turn(0, replace(CONFIG, adversarial=0.0))[0].critic
    for one, other in zip(both.parameters(), alone.parameters(), strict=True):
        if other.grad is not None:
            assert torch.equal(one.grad, other.grad)


@pytest.mark.parametrize(
    ("config", "terms"),
    [
        (CONFIG, {"matching", "adversarial"}),
        (replace(CONFIG, adversarial=0.0), {"matching"}),
        (replace(CONFIG, matching=0.0), {"adversarial"}),
    ],
)
def test_every_term_is_a_switch(config, terms):
    trained, parts, _ = turn(2, config)
    assert set(parts) == terms
    assert trained.student.transformer.proj_out.weight.grad.abs().sum() > 0


def test_an_optimizer_step_of_the_students_turn_leaves_the_critic():
    trained, _, _ = turn(2, replace(CONFIG, adversarial=0.0))
    before = {name: p.clone() for name, p in trained.named_parameters()}
    trained.optimizer(1e-2, 2.0).step()
    moved = {name.split(".")[0] for name, p in trained.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"student"}


@pytest.mark.parametrize("matching", [0.0, 1.0])
def test_who_is_deceived_does_not_learn_to_be(matching):
    trained, _, moved = turn(2, replace(CONFIG, matching=matching))
    assert moved == {"student"}
    assert all(parameter.requires_grad for parameter in trained.parameters())


def test_two_teachers_take_turns_and_one_sample_has_one():
    asked = []
    realism = network(4).requires_grad_(False)
    realism.register_forward_pre_hook(lambda _m, inputs: asked.append(inputs[2].hints.abs().sum().item()))
    turn(2, realism=realism)
    assert asked == []
    turn(5, realism=realism)
    assert asked == [0.0]  # it sees no hints


def test_features_are_those_of_the_middle_block():
    net, batch = network(), pieces(1)
    given = given_of(batch, batch.before, 0, 1, net.config, net.packing)
    features = FeatureReader(net)(bound(net, given), batch.clean, torch.full((3, 1), 0.5))
    assert features.shape == (3, 6, 48)
    assert AdversarialHead(48, 2)(features).shape == (3,)


def test_the_losses_of_the_head_and_of_who_deceives_it_pull_apart():
    high, low = torch.full((4,), 5.0), torch.full((4,), -5.0)
    assert head_loss(high, low) < 0.1 < head_loss(low, high)
    assert deceiving_loss(high) < 0.1 < deceiving_loss(low)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chunks": 0}, "chunks must be at least 1, got 0"),
        (
            {"matching": 0.0, "adversarial": 0.0},
            "matching and adversarial must be weights, one of them above 0, got (0.0, 0.0)",
        ),
        (
            {"matching": -1.0},
            "matching and adversarial must be weights, one of them above 0, got (-1.0, 0.0)",
        ),
    ],
)
def test_terms_that_cannot_be(settings, message):
    with pytest.raises(ValueError) as error:
        DistillationConfig(**settings)
    assert str(error.value) == message


def test_a_regression_cannot_push_away():
    with pytest.raises(ValueError) as error:
        DistillationConfig(regression=-0.5)
    assert str(error.value) == "regression must be at least 0, got -0.5"
