"""Weights of a thing network taken over by one that draws more kinds."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from wm_gym.entities.network import POSE_NUMBERS, ThingNetwork
from wm_gym.entities.weights import FORMAT
from wm_gym.networks.weights_file import read_weights

_KEPT = ("bank", "colours", "usual", "clothes")
"""What is told anew by each training."""


def take_over(network: ThingNetwork, path: Path) -> None:
    """Fill a network with the weights of a file, in place; columns of kinds that the file does not know stay.

    Raises:
        ValueError: If the file is none, or of another shape or order of kinds.
    """
    header, tensors = read_weights(path, FORMAT)
    known = tuple(header["kinds"])
    if network.kinds[: len(known)] != known:
        raise ValueError(f"weights {path} must know the first of the kinds {list(network.kinds)}, got {list(known)}")
    own = network.state_dict()
    with torch.no_grad():
        for name, value in tensors.items():
            if name not in _KEPT:
                _fill(own[name], value.to(own[name].dtype), len(known), len(network.kinds), f"{name} of {path}")


def _fill(own: Tensor, value: Tensor, known: int, kinds: int, what: str) -> None:
    """Copy a tensor; in one that reads kinds, each kind has a column before those of the pose."""
    if own.shape == value.shape:
        own.copy_(value)
        return
    if own.dim() != 2 or own.shape[1] - kinds != value.shape[1] - known:
        raise ValueError(f"{what} must have shape {tuple(own.shape)}, but for kinds, got {tuple(value.shape)}")
    before = value.shape[1] - known - POSE_NUMBERS
    own[:, : before + known] = value[:, : before + known]
    own[:, before + kinds :] = value[:, before + known :]
