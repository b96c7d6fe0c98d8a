"""Scorers agree wherever they are, and a process that ends takes nothing with it."""

import math

import pytest
import scored
import torch
from tiny_pieces import network

from wm_gym.train_world.distilling.matching import matching_gradient
from wm_gym.train_world.distributed.scoring import LocalScorer, ScorerConfig, scored_gradient
from wm_gym.train_world.trainer import train


def asked(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator, batch = torch.Generator().manual_seed(seed), scored.condition()
    shape = *batch.times.shape, *network(0, scored.VIDEO).latent_shape
    latents, noise = (torch.randn(shape, generator=generator) for _ in range(2))
    return latents, noise, scored.CONFIG.draw(*batch.times.shape, generator)


def test_scorers_that_are_asked_at_once_give_the_gradient_of_matching():
    (latents, noise, sigma), batch = asked(), scored.condition()
    teacher, critic = LocalScorer(scored.teacher()), LocalScorer(scored.critic())
    one_by_one = matching_gradient(
        lambda z, s: teacher.score(z, s, batch), lambda z, s: critic.score(z, s, batch), latents, sigma, noise, 0.01
    )
    assert torch.equal(scored_gradient(teacher, critic, latents, sigma, noise, batch, 0.01), one_by_one)


def test_a_teacher_sees_both_ways_and_a_causal_scorer_does_not():
    (latents, _, sigma), batch = asked(), scored.condition()
    changed = torch.cat([latents[:, :1], latents[:, 1:] + 1], 1)
    for per_chunk, is_seen in ((0, True), (1, False)):
        scorer = LocalScorer(scored.teacher(), ScorerConfig(latents_per_chunk=per_chunk))
        one, other = (scorer.score(z, sigma, batch)[:, 0] for z in (latents, changed))
        assert torch.equal(one, other) is not is_seen


def test_a_critic_comes_to_predict_what_it_is_shown():
    (latents, noise, _), batch = asked(), scored.condition()
    critic, pure = LocalScorer(scored.critic(), ScorerConfig(learning_rate=3e-3)), torch.ones(batch.times.shape)
    before = (critic.score(noise, pure, batch) - latents).square().mean()
    for number in range(20):
        critic.learn(latents, batch, number)
    assert (critic.score(noise, pure, batch) - latents).square().mean() < 0.9 * before


def test_a_step_of_the_critic_is_taken_once_and_outlives_its_process(tmp_path):
    (latents, noise, sigma), batch = asked(), scored.condition()
    critic = LocalScorer(scored.critic(), scored.critic_config(tmp_path))
    critic.learn(latents, batch, 0)
    before = critic.score(noise, sigma, batch)
    again = LocalScorer(scored.critic(), scored.critic_config(tmp_path))
    assert again.steps == 1 and math.isnan(again.learn(latents, batch, 0))
    assert torch.equal(again.score(noise, sigma, batch), before)
    assert again.learn(latents, batch, 1) == critic.learn(latents, batch, 1)


def test_a_step_of_the_critic_is_not_left_out():
    critic = LocalScorer(scored.critic())
    with pytest.raises(ValueError, match=r"^the critic must take step 0 next, got 2$"):
        critic.learn(asked()[0], scored.condition(), 2)


@pytest.fixture(scope="module")
def ray_scorer():
    """Starts scorers in processes of their own; they end with the module."""
    ray = pytest.importorskip("ray")
    from wm_gym.train_world.distributed.ray_scoring import RayScorer

    yield RayScorer
    ray.shutdown()


@pytest.mark.slow
def test_gradients_by_scorers_in_other_processes_equal_those_by_local_ones(ray_scorer, tmp_path):
    batch, gradients = scored.condition(), []
    others = (
        ray_scorer("teacher", scored.teacher()),
        ray_scorer("critic", scored.critic(), ScorerConfig(learning_rate=1e-3)),
    )
    for teacher, critic in (scored.local_scorers(tmp_path), others):
        student = network(0, scored.VIDEO)
        scored.loss(student, teacher, critic, batch, torch.Generator().manual_seed(0))[0].backward()
        gradients.append({name: p.grad for name, p in student.named_parameters() if p.grad is not None})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, atol=1e-6, rtol=1e-6)
    with pytest.raises(ValueError, match=r"^the critic must take step 2 next, got 5$"):
        others[1].learn(asked()[0], batch, 5)
    for scorer in others:
        scorer.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["teacher", "critic"])
def test_a_run_whose_scorer_is_killed_says_which_and_goes_on_where_it_was(name, ray_scorer, tmp_path):
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    alone = train(scored.recipe(whole, *scored.local_scorers(whole)))
    others = _started(ray_scorer, parted)
    recipe, killed = scored.recipe(parted, others["teacher"], others["critic"]), others[name]

    def draw(number):
        if number == 3:  # it is drawn ahead, while step 2 is taken
            killed.close()
        return recipe.draw(number)

    sentence = f"^the scorer '{name}' must be running, but its process has ended: start it again and resume the run "
    with pytest.raises(RuntimeError, match=sentence):
        train(type(recipe)(**{**vars(recipe), "draw": draw}))
    taken = torch.load(parted / "checkpoint.pt", weights_only=True)["step"]
    assert 0 < taken < recipe.config.steps
    others |= {name: _started(ray_scorer, parted, name)[name]}
    resumed = train(scored.recipe(parted, others["teacher"], others["critic"]))
    for key, value in alone.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[key], value, atol=1e-6, rtol=1e-6)
    for scorer in others.values():
        scorer.close()


def _started(ray_scorer, folder, *names):
    made = {
        "teacher": lambda: ray_scorer("teacher", scored.teacher()),
        "critic": lambda: ray_scorer("critic", scored.critic(), scored.critic_config(folder)),
    }
    return {name: made[name]() for name in names or made}
