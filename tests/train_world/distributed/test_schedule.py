"""The pipelined schedule: its laws, its figures at the paper's ratio, and real stages that keep to it."""

import threading

import pytest
import scored
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_pieces import network

from wm_gym.train_world.distilling.flow import noised
from wm_gym.train_world.distilling.matching import matching_gradient, matching_loss
from wm_gym.train_world.distributed.pipeline import run
from wm_gym.train_world.distributed.schedule import (
    RATIO,
    Durations,
    critic_step,
    generator_step,
    simulate,
    simulate_round,
)
from wm_gym.train_world.distributed.scoring import LocalScorer

DURATIONS = st.builds(Durations, *[st.floats(0.01, 10)] * 5)
STEPS = st.sampled_from([generator_step, critic_step])
COUNTS = st.integers(1, 8), st.integers(1, 4)


@given(DURATIONS, STEPS, *COUNTS)
def test_nobody_does_two_things_at_once_or_before_what_they_need(durations, step, micro_batches, in_flight):
    spans = {span.task.key: span for span in simulate(step(micro_batches, in_flight), durations).spans}
    for one in spans.values():
        assert all(spans[key].end <= one.begin for key in one.task.after)
        others = [other for other in spans.values() if other.task.who == one.task.who and other is not one]
        assert all(other.end <= one.begin or one.end <= other.begin for other in others)


@given(DURATIONS, STEPS, *COUNTS)
def test_a_pipeline_does_the_same_work_in_no_more_time(durations, step, micro_batches, in_flight):
    plain, piped = (simulate(step(micro_batches, k), durations) for k in (1, in_flight))
    assert {span.task.key for span in plain.spans} == {span.task.key for span in piped.spans}
    assert piped.length <= plain.length * (1 + 1e-9)
    assert 0 <= piped.bubbles(RATIO) <= plain.bubbles(RATIO) + 1e-9 < 1


@given(DURATIONS, STEPS, *COUNTS)
def test_no_more_micro_batches_are_in_flight_than_there_are_caches(durations, step, micro_batches, in_flight):
    timeline = simulate(step(micro_batches, in_flight), durations)
    begin = {s.task.micro_batch: s.begin for s in timeline.spans if s.task.what == "forward"}
    end = {s.task.micro_batch: s.end for s in timeline.spans if s.task.what in ("backward", "critic_learn")}
    for moment in begin.values():
        assert sum(begin[k] <= moment < end[k] for k in begin) <= in_flight


def test_the_order_is_that_of_figure_3():
    order = [(task.what[0], task.micro_batch) for task in generator_step(4) if task.who == "generator"]
    assert order == [("f", 0), ("f", 1), ("b", 0), ("f", 2), ("b", 1), ("f", 3), ("b", 2), ("b", 3)]
    spans = {span.task.key: span for span in simulate(generator_step(4), Durations.of_passes()).spans}
    score = spans["critic_score", 1]
    assert (spans["backward", 0].begin, spans["forward", 2].end) == (score.begin, score.end)


def test_at_the_ratio_of_the_paper_nobody_waits_in_the_stable_phase():
    durations = Durations.of_passes(RATIO)
    assert durations.forward + durations.backward == durations.critic_score == durations.teacher_score
    piped = simulate(generator_step(7), durations)
    assert piped.bubbles(RATIO, *piped.stable_phase()) == pytest.approx(0, abs=1e-9)
    assert piped.bubbles(RATIO) == pytest.approx(1 / 8)  # filling and emptying the pipeline
    assert simulate(generator_step(20), durations).bubbles(RATIO) < 0.05


@pytest.mark.parametrize(("critic_steps", "speed_up"), [(0, 1.75), (1, 1.51), (5, 1.45)])
def test_a_round_is_about_half_as_fast_again(critic_steps, speed_up):
    plain, piped = (simulate_round(Durations.of_passes(), 7, critic_steps, k).length for k in (1, 2))
    assert plain / piped == pytest.approx(speed_up, abs=0.005) and speed_up >= 1.4


@pytest.mark.parametrize("devices", [{**RATIO, "generator": k} for k in (2, 8)])
def test_other_ratios_leave_bubbles(devices):
    piped = simulate(generator_step(7), Durations.of_passes(devices))
    assert piped.bubbles(devices, *piped.stable_phase()) > 0.15


def test_real_stages_give_the_gradients_that_they_give_one_by_one():
    alone, piped = (gradients(in_flight) for in_flight in (1, 2))
    assert alone.keys() == piped.keys() and all(torch.equal(alone[name], piped[name]) for name in alone)


def gradients(in_flight: int, micro_batches: int = 3) -> dict[str, torch.Tensor]:
    """Of a student, over micro-batches that each have a prompt of their own."""
    student, scorers = network(0, scored.VIDEO), {"teacher": scored.teacher(), "critic": scored.critic()}
    scorers = {name: LocalScorer(one) for name, one in scorers.items()}
    made, scores = {}, {}

    def forward(k):
        generator = torch.Generator().manual_seed(k)
        latents = scored.made(student, scored.condition(k), generator)
        sigma = scored.CONFIG.draw(*latents.shape[:2], generator)
        made[k] = latents, torch.randn(latents.shape, generator=generator), sigma

    def score(who):
        def asked(k):
            latents, noise, sigma = made[k]
            noisy = noised(latents.detach(), sigma, noise)
            scores[who, k] = scorers[who].score(noisy, sigma, scored.condition(k))

        return asked

    def backward(k):
        latents, noise, sigma = made.pop(k)
        real, fake = (scores[who, k] for who in ("teacher", "critic"))
        gradient = matching_gradient(lambda *_: real, lambda *_: fake, latents, sigma, noise, 0.01)
        matching_loss(latents, gradient).backward()

    stages = {"forward": forward, "backward": backward, **{f"{who}_score": score(who) for who in scorers}}
    timeline = run(generator_step(micro_batches, in_flight), stages)
    assert timeline.length > 0 and not made
    return {name: p.grad for name, p in student.named_parameters() if p.grad is not None}


def test_the_generator_makes_the_next_while_one_is_scored():
    made = threading.Event()

    def forward(k):
        if k == 1:
            made.set()

    def score(k):
        assert made.wait(20)  # in vain, if the generator waited for the scores

    stages = {"forward": forward, "critic_score": score, "teacher_score": score, "backward": lambda k: None}
    run(generator_step(2), stages)


def test_a_stage_that_fails_ends_the_run():
    def fail(k):
        raise RuntimeError(f"no score of {k}")

    learned = []
    stages = {
        "forward": lambda k: None,
        "critic_score": lambda k: None,
        "teacher_score": fail,
        "backward": learned.append,
    }
    with pytest.raises(RuntimeError, match=r"^no score of 0$"):
        run(generator_step(3), stages)
    assert not learned


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: generator_step(0), r"^micro_batches must be at least 1, got 0$"),
        (lambda: critic_step(2, 0), r"^in_flight must be at least 1, got 0$"),
        (lambda: Durations(1, 1, 0, 1, 1), r"^teacher_score must be above 0, got 0$"),
        (
            lambda: simulate(generator_step(2), Durations.of_passes()).stable_phase(),
            r"^a stable phase must have at least 3 micro-batches that are scored, got 2$",
        ),
    ],
)
def test_what_is_no_schedule_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
