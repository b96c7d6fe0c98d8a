import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.train_world.distilling.flow import (
    FlowConfig,
    draw_levels,
    experts,
    flow_errors,
    levels_of,
    noised,
    sample,
    shifted,
    trajectory,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.floats(0, 1), st.floats(0.1, 10), st.integers(1, 24))
@settings(max_examples=50, deadline=None)
def test_the_shift_keeps_clean_clean_and_noise_noise_and_grows_with_the_length(sigma, shift, length):
    level = torch.tensor(sigma, dtype=torch.float64)
    moved = shifted(level, shift, length)
    assert -1e-9 <= moved <= 1 + 1e-9
    assert shifted(level, shift, length + 1) >= moved - 1e-9
    assert shifted(torch.tensor(1.0), shift, length) == pytest.approx(1.0)


def test_all_latents_of_a_clip_have_one_level():
    levels = draw_levels(64, 5, FlowConfig(), generator())
    assert (levels == levels[:, :1]).all()
    assert levels.min() > 0
    assert levels.max() == 1


@pytest.mark.parametrize(("least", "most"), [(0.4, 1.0), (0.0, 0.4), (0.2, 0.3)])
def test_an_expert_is_asked_within_its_range(least, most):
    config = FlowConfig(least_level=least, most_level=most, pure_noise=0.2)
    levels = draw_levels(500, 3, config, generator())
    assert least <= levels.min()
    assert levels.max() == torch.tensor(most)


def test_an_experts_levels_are_those_of_all_that_lie_in_its_range():
    whole = draw_levels(20_000, 1, FlowConfig(pure_noise=0), generator())
    part = draw_levels(20_000, 1, FlowConfig(pure_noise=0, least_level=0.3, most_level=0.6), generator(1))
    within = whole[(whole > 0.3) & (whole < 0.6)]
    assert part.mean() == pytest.approx(float(within.mean()), abs=0.005)


def test_the_error_of_velocity():
    clean, sigma, off = torch.randn(2, 3, 4, 2, 2), torch.tensor([[0.5] * 3, [0.02] * 3]), 0.1
    errors = flow_errors(lambda noisy, level: clean + off, clean, sigma, FlowConfig(least_noise=0.05), generator())
    assert torch.allclose(errors[0], torch.full_like(errors[0], (off / 0.5) ** 2))
    assert torch.allclose(errors[1], torch.full_like(errors[1], (off / 0.05) ** 2), rtol=1e-4)


def test_a_sampler_with_the_exact_mean_of_a_normal_gives_that_normal():
    middle, spread = 0.7, 0.2

    def exact(noisy, sigma):
        level = sigma[:, :, None, None, None]
        gain = (1 - level) * spread**2 / (((1 - level) * spread) ** 2 + level**2)
        return middle + gain * (noisy - (1 - level) * middle)

    made = sample(exact, torch.randn(4000, 1, 1, 1, 1, generator=generator()), FlowConfig(num_steps=64))
    assert made.mean() == pytest.approx(middle, abs=0.02)
    assert made.std() == pytest.approx(spread, abs=0.02)


def test_a_trajectory_begins_with_the_noise_and_ends_with_the_sample():
    noise = torch.randn(2, 3, 1, 1, 1)
    config = FlowConfig(num_steps=4, shift=2.0)
    levels = levels_of(4, 2.0, 3)
    path = trajectory(lambda noisy, sigma: 0.5 * noisy, noise, levels)
    assert levels[0] == 1
    assert levels[-1] == 0
    assert torch.equal(path[0], noise)
    assert torch.equal(path[-1], sample(lambda noisy, sigma: 0.5 * noisy, noise, config))


def test_noise_and_clean_at_the_ends():
    clean, noise = torch.randn(2, 2, 1, 1, 1), torch.randn(2, 2, 1, 1, 1)
    assert torch.equal(noised(clean, torch.zeros(2, 2), noise), clean)
    assert torch.equal(noised(clean, torch.ones(2, 2), noise), noise)


def test_experts_divide_the_levels():
    both = experts(lambda noisy, sigma: noisy + 1, lambda noisy, sigma: noisy - 1, 0.9)
    noisy = torch.zeros(1, 1, 1, 1, 1)
    assert [float(both(noisy, torch.full((1, 1), level))) for level in (1.0, 0.9, 0.89)] == [1, 1, -1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pure_noise": 1.5}, "pure_noise must be in 0..1, got 1.5"),
        ({"num_steps": 0}, "num_steps must be at least 1, got 0"),
        ({"shift": 0.0}, "shift and least_noise must be above 0, got 0.0 and 0.05"),
        (
            {"least_level": 0.5, "most_level": 0.5},
            "least_level and most_level must rise within 0..1, got 0.5 and 0.5",
        ),
    ],
)
def test_levels_that_cannot_be(settings, message):
    with pytest.raises(ValueError) as error:
        FlowConfig(**settings)
    assert str(error.value) == message
