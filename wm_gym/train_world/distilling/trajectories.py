"""What a teacher samples, with where its samples pass a few noise levels: pairs that a student can learn from.

Source: the ODE pairs of CausVid (Yin et al. 2025); InSpatio-World, initialisation by teacher trajectories.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.network import VideoNetwork
from wm_gym.progress import progress_bar
from wm_gym.train_world.distilling.flow import FlowConfig, levels_of, trajectory
from wm_gym.train_world.distilling.given import Given, bound, predict
from wm_gym.train_world.distilling.walks import Pieces, given_of

_BATCH = 64


@dataclass(frozen=True)
class Trajectories:
    """P samples of a teacher.

    Attributes:
        given: What they were sampled from.
        passed: (P, K, L, C, h, w) latents at K noise levels.
        sigma: (K,) these levels; or of a drawn batch (P, L) the level of each, with K = 1.
        ends: (P, L, C, h, w) the clean latents.
    """

    given: Given
    passed: Tensor
    sigma: Tensor
    ends: Tensor

    def to(self, device: torch.device) -> Trajectories:
        """The same on a device."""
        return Trajectories(self.given.to(device), self.passed.to(device), self.sigma.to(device), self.ends.to(device))


@torch.no_grad()
def follow_teacher(
    teacher: VideoNetwork,
    draw: Callable[..., Pieces],
    pairs: int,
    sigmas: Sequence[float],
    config: FlowConfig,
    cold_share: float = 0.0,
) -> Trajectories:
    """Samples of a teacher on pieces, and what they were at the levels of its sampler nearest to `sigmas`.

    Args:
        teacher: Samples.
        draw: Pieces by count and batch number.
        pairs: Samples, rounded up to whole batches.
        sigmas: Noise levels.
        config: How it samples.
        cold_share: Share of the samples before which nothing was seen.
    """
    parts, device = [], next(teacher.parameters()).device
    unseen = torch.arange(_BATCH) < cold_share * _BATCH
    for number in progress_bar(range(-(-pairs // _BATCH)), desc="sampling", unit="batch"):
        pieces = draw(count=_BATCH, number=number).to(device)
        given = given_of(pieces, pieces.before, 0, pieces.length, teacher.config, teacher.packing)
        given = given.without_hints(unseen)
        levels = levels_of(config.num_steps, config.shift, pieces.length)
        at = [int(np.abs(np.array(levels[:-1]) - sigma).argmin()) for sigma in sigmas]
        noise = torch.randn(pieces.clean.shape, generator=torch.Generator().manual_seed(number)).to(device)
        path = trajectory(bound(teacher, given), noise, levels)
        passed = torch.stack([path[step] for step in at], 1)
        parts.append(Trajectories(given, passed, torch.tensor([levels[step] for step in at]), path[-1]))
    return _joined(parts)


def draw_pairs(trajectories: Trajectories, count: int, seed: int, number: int) -> Trajectories:
    """Batch `number` of a run with `seed`: each sample at one of its levels."""
    rng = np.random.default_rng([seed, number])
    rows = torch.from_numpy(rng.integers(len(trajectories.ends), size=count))
    levels = torch.from_numpy(rng.integers(len(trajectories.sigma), size=count))
    given, length = trajectories.given, trajectories.ends.shape[1]
    prompts = [given.prompts[row * length + k] for row in rows.tolist() for k in range(length)]
    chosen = Given(given.hints[rows], given.camera[rows], given.action[rows], given.times[rows], prompts)
    sigma = trajectories.sigma[levels][:, None].expand(count, length)
    return Trajectories(chosen, trajectories.passed[rows, levels][:, None], sigma, trajectories.ends[rows])


def pairs_error(network: VideoNetwork, pairs: Trajectories) -> Tensor:
    """Mean squared error of where the teacher's samples end, from where they pass a level; of a drawn batch."""
    return (predict(network, pairs.passed[:, 0], pairs.sigma, pairs.given) - pairs.ends).square().mean()


def _joined(parts: list[Trajectories]) -> Trajectories:
    given = [part.given for part in parts]
    prompts = [prompt for one in given for prompt in one.prompts]
    fields = ([one.hints, one.camera, one.action, one.times] for one in given)
    hints, camera, action, times, passed, ends = (
        torch.cat(list(values)).cpu()
        for values in zip(
            *([*four, part.passed, part.ends] for four, part in zip(fields, parts, strict=True)), strict=True
        )
    )
    return Trajectories(Given(hints, camera, action, times, prompts), passed, parts[0].sigma, ends)
