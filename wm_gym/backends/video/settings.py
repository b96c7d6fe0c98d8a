"""The settings of the video backend: what they may be, and the specification that follows from them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.weights import hash_of
from wm_gym.choices import check_choice
from wm_gym.networks.batch_invariant import check_shares
from wm_gym.world_model import ModelSpec

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def check_count(name: str, value: object) -> None:
    """See to it that a setting is an integer from 1.

    Raises:
        ValueError: If it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer from 1, got {value!r}")


def check_invariance(config: VideoConfig) -> None:
    """See to it that worlds of a model of this shape do not depend on their batch.

    Raises:
        ValueError: If they would.
    """
    pixels = config.frames_per_latent * config.height * config.width
    hidden = math.prod(config.grid) * config.ffn_dim
    check_shares(inner_dim=config.inner_dim, hidden_of_a_latent=hidden, pixels_of_a_chunk=pixels)


def read_dtype(name: str) -> torch.dtype:
    """The number type of a name.

    Raises:
        ValueError: If there is none.
    """
    check_choice("dtype", name, DTYPES)
    return DTYPES[name]


def read_device(name: str) -> torch.device:
    """The device of a name, if torch can compute on it here.

    Raises:
        ValueError: If it cannot.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:  # torch asserts that it was built for CUDA
        reason = str(error).splitlines()[0]
        raise ValueError(f"device must be one that torch can compute on here, got {name!r}: {reason}") from error
    return device


def spec_of(network: VideoNetwork, *, threads: int, batch_invariant: bool, attention: str) -> ModelSpec:
    """What a network needs and gives, served with these settings."""
    config, weight = network.config, next(network.parameters())
    return ModelSpec(
        name="video",
        height=config.height,
        width=config.width,
        frames_per_step=config.frames_per_chunk,
        fps=17.5,
        latents_per_step=config.latents_per_chunk,
        opens_from=("capture",),
        takes_text=True,
        takes_guidance=True,
        gives_depth=True,
        gives_moving=True,
        far_metres=config.far_metres,
        weights=hash_of(network),
        device=str(weight.device),
        dtype=str(weight.dtype).removeprefix("torch."),
        arithmetic=_arithmetic(weight, threads, batch_invariant, attention),
        shows_events=("night", "fog", "snowfall", "bonfire"),
    )


def _arithmetic(weight: Tensor, threads: int, batch_invariant: bool, attention: str) -> str:
    """What decides the order of sums, beside the machine."""
    parts = [f"{str(weight.dtype).removeprefix('torch.')} on {weight.device.type}"]
    parts += [] if threads == 1 else [f"{threads} threads"]
    parts += [] if attention == "auto" else [f"{attention} attention"]
    parts += [] if batch_invariant else ["all worlds at once"]
    return ", ".join(parts)
