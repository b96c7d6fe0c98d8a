"""Distribution matching on a mixture in two dimensions, whose clean means are known exactly."""

import pytest
import torch
from torch import Tensor, nn

from wm_gym.train_world.distilling.flow import FlowConfig, draw_levels, flow_errors, noised
from wm_gym.train_world.distilling.matching import MatchingConfig, matching_gradient, matching_loss

MIDDLES = torch.tensor([[1.0, 0.0], [-0.5, 0.9], [-0.5, -0.9]])
SPREAD = 0.1


def mixture_mean(noisy: Tensor, sigma: Tensor) -> Tensor:
    """The mean of what is clean, given noisy points (B, 1, 2, 1, 1): the best that a teacher could say."""
    point, level = noisy.flatten(1), sigma[:, :1]
    variance = ((1 - level) * SPREAD) ** 2 + level**2
    off = point[:, None] - (1 - level[..., None]) * MIDDLES
    share = torch.softmax(-off.square().sum(-1) / (2 * variance), 1)
    gain = (1 - level) * SPREAD**2 / variance
    return (share[..., None] * (MIDDLES + gain[..., None] * off)).sum(1).view_as(noisy)


class Points(nn.Module):
    """A small network over points."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.net = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))

    def forward(self, noisy: Tensor, sigma: Tensor) -> Tensor:
        return self.net(torch.cat([noisy.flatten(1), sigma], 1)).view_as(noisy)


def noise(count: int, generator: torch.Generator) -> Tensor:
    return torch.randn(count, 1, 2, 1, 1, generator=generator)


def distil(rounds: int, regress: bool = False) -> Tensor:
    """Points that a one-step student makes after so many rounds."""
    generator, student, critic = torch.Generator().manual_seed(0), Points(1), Points(2)
    ours, theirs = (
        torch.optim.Adam(net.parameters(), rate, (0.0, 0.99)) for net, rate in ((student, 2e-3), (critic, 4e-3))
    )
    pure, flow, config = torch.ones(256, 1), FlowConfig(pure_noise=0), MatchingConfig(critic_steps=4)
    for _ in range(rounds):
        for _ in range(0 if regress else config.critic_steps):
            made = student(noise(256, generator), pure).detach()
            level = draw_levels(256, 1, flow, generator)
            theirs.zero_grad()
            flow_errors(critic, made, level, flow, generator).mean().backward()
            theirs.step()
        start = noise(256, generator)
        made, level, other = student(start, pure), config.draw(256, 1, generator), noise(256, generator)
        matched = matching_gradient(mixture_mean, critic, made, level, other, 1.0)
        gradient = made - mixture_mean(start, pure) if regress else matched
        ours.zero_grad()
        matching_loss(made, gradient).backward()
        ours.step()
    return student(noise(1024, generator), torch.ones(1024, 1)).detach().flatten(1)


def test_a_one_step_student_makes_all_of_a_mixture_and_nothing_between():
    made = distil(500)
    away, nearest = (made[:, None] - MIDDLES).norm(dim=-1).min(1)
    assert away.median() < 0.35
    assert torch.bincount(nearest, minlength=3).min() > 200  # of 1,024


def test_a_regressor_makes_the_mean_of_all_answers():
    made = distil(500, regress=True)
    assert (made[:, None] - MIDDLES).norm(dim=-1).min(1).values.median() > 0.7


def test_the_gradient_leads_from_the_critic_to_the_teacher():
    made = torch.zeros(4, 1, 2, 1, 1)
    level, other = torch.full((4, 1), 0.5), noise(4, torch.Generator().manual_seed(0))
    high, low = (lambda noisy, _, value=value: torch.full_like(noisy, value) for value in (2.0, -1.0))
    gradient = matching_gradient(high, low, made, level, other, 0.01)
    assert torch.allclose(gradient, torch.full_like(made, -1.5))  # descent moves the samples up, towards the teacher


def test_the_loss_has_that_gradient():
    made = torch.randn(3, 2, 2, 1, 1, requires_grad=True)
    gradient = torch.randn(3, 2, 2, 1, 1)
    matching_loss(made, gradient).backward()
    assert torch.allclose(made.grad, gradient / made.numel())


def test_teacher_and_critic_see_the_same_noise():
    seen = []

    def kept(noisy: Tensor, sigma: Tensor) -> Tensor:
        seen.append(noisy)
        return noisy

    made, other = torch.randn(2, 1, 2, 1, 1), torch.randn(2, 1, 2, 1, 1)
    matching_gradient(kept, kept, made, torch.full((2, 1), 0.3), other, 0.01)
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], noised(made, torch.full((2, 1), 0.3), other))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"least_level": 0.0}, "least_level and most_level must rise between 0 and 1, got 0.0 and 0.95"),
        (
            {"least_level": 0.9, "most_level": 0.5},
            "least_level and most_level must rise between 0 and 1, got 0.9 and 0.5",
        ),
        ({"critic_steps": 0}, "critic_steps must be at least 1, got 0"),
    ],
)
def test_levels_that_cannot_be(settings, message):
    with pytest.raises(ValueError) as error:
        MatchingConfig(**settings)
    assert str(error.value) == message
