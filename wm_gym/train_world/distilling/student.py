"""A student in a few steps, and its own rollouts: each chunk from the chunk that it made before.

Source: Self Forcing (Huang et al. 2025), whose training unrolls what inference does; LingBot-World section 3.4.2. The
frame that hints are turned from is the student's own, so it meets its own errors and learns to mend them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.distilling.flow import noised
from wm_gym.train_world.distilling.given import Given, predict
from wm_gym.train_world.distilling.walks import Pieces, given_of


@dataclass(frozen=True)
class Made:
    """One chunk of B samples.

    Attributes:
        latents: (B, L, C, h, w).
        given: What it was made from.
        true: (B, L, C, h, w) what the recording shows there, or None where there is none.
    """

    latents: Tensor
    given: Given
    true: Tensor | None = None


def few_steps(
    network: VideoNetwork, given: Given, sigmas: Sequence[float], generator: torch.Generator, exit_step: int = -1
) -> Tensor:
    """Clean latents after the steps of a student, with fresh noise between them.

    Gradients flow through the last step alone: those before it are inputs, as in Self Forcing.

    Args:
        network: The student.
        given: What the chunk is made from.
        sigmas: Falling noise levels, the first 1.
        generator: Of all noise, on the CPU.
        exit_step: Index of the step after which it ends; -1 for the last.
    """
    count, length = given.times.shape
    shape = count, length, *network.latent_shape
    asked = list(sigmas)[: len(sigmas) if exit_step < 0 else exit_step + 1]
    latents = given.hints.new_zeros(shape)
    for number, sigma in enumerate(asked):
        noise = torch.randn(shape, generator=generator).to(given.hints)
        level = torch.full((count, length), sigma, device=noise.device)
        with torch.set_grad_enabled(torch.is_grad_enabled() and number == len(asked) - 1):
            latents = predict(network, noised(latents, level, noise), level, given)
    return latents


@torch.no_grad()
def rolled_to(
    network: VideoNetwork,
    pieces: Pieces,
    chunk: int,
    length: int,
    sigmas: Sequence[float],
    generator: torch.Generator,
    *,
    cold: Tensor | None = None,
) -> Given:
    """What chunk number `chunk` of pieces is made from, after the network has made those before it.

    Args:
        network: The student.
        pieces: Where the camera goes, and the frame that it starts with.
        chunk: Index of the chunk.
        length: Latent frames of a chunk.
        sigmas: Noise levels of the student.
        generator: Of all noise, on the CPU.
        cold: (B,) bool, pieces of which the frame that they start with is not shown: their first chunk comes from
            nothing. None: none.
    """
    given = given_of(pieces, pieces.before, 0, length, network.config, network.packing)
    given = given if cold is None else given.without_hints(cold)
    for number in range(1, chunk + 1):
        planes = last_frame(few_steps(network, given, sigmas, generator))
        given = given_of(pieces, planes, number * length, length, network.config, network.packing)
    return given


def make_chunk(
    network: VideoNetwork,
    pieces: Pieces,
    chunk: int,
    length: int,
    sigmas: Sequence[float],
    generator: torch.Generator,
    exit_step: int = -1,
    *,
    cold: Tensor | None = None,
) -> Made:
    """The student's chunk number `chunk`, after its own ones; gradients flow through its last step."""
    given = rolled_to(network, pieces, chunk, length, sigmas, generator, cold=cold)
    latents = few_steps(network, given, sigmas, generator, exit_step)
    return Made(latents, given, pieces.clean[:, chunk * length : (chunk + 1) * length])


def last_frame(latents: Tensor) -> Tensor:
    """Planes (B, 5, H, W) of the last frame of latents (B, L, F * 5, H, W), in -1..1."""
    return latents[:, -1].unflatten(1, (-1, FRAME_CHANNELS))[:, -1].clamp(-1, 1)
