"""Checkpoints: everything an exact resume needs, written whole or not at all."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from wm_gym.files.atomic import write_atomically
from wm_gym.train_world.ranks import gathered, is_first_rank, sharded

VERSION = 1


@dataclass
class Progress:
    """State of a run.

    Attributes:
        network: Weights that are trained.
        average: Exponential moving average (EMA) of the weights; this is saved as the result.
        optimizer: Optimizer with its moments.
        step: Steps taken. All randomness of a step comes from the run's seed and this number.
        seconds: Training time so far.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0


def save(path: Path, progress: Progress, config: dict[str, Any]) -> None:
    """Write a checkpoint, of whole weights and by the first rank; the old file stays whole until the new one is."""
    data = {
        "version": VERSION,
        "config": config,
        "network": gathered(progress.network.state_dict()),
        "average": gathered(progress.average.state_dict()),
        "optimizer": gathered(progress.optimizer.state_dict()),
        "order": _order(progress),
        "step": progress.step,
        "seconds": progress.seconds,
    }
    if is_first_rank():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: torch.save(data, file))


def resume(path: Path, progress: Progress, config: dict[str, Any]) -> None:
    """Load a checkpoint into a run.

    Raises:
        ValueError: If it is of another version, or of a run with another config.
    """
    data = torch.load(path, map_location="cpu", weights_only=True)
    if data.get("version") != VERSION:
        raise ValueError(f"checkpoint {path} must be of version {VERSION}, got {data.get('version')}")
    changed = sorted(name for name in config if config[name] != data["config"].get(name))
    if changed:
        raise ValueError(f"a resumed run must keep its settings, got another {changed[0]!r} than {path} has")
    for module, state in ((progress.network, data["network"]), (progress.average, data["average"])):
        module.load_state_dict(sharded(state, module.state_dict()))
    moments = _reordered(data["optimizer"], data["order"], _order(progress))
    progress.optimizer.load_state_dict(_sharded(moments, progress.optimizer))
    progress.step, progress.seconds = data["step"], data["seconds"]


def _order(progress: Progress) -> list[str]:
    """Names of the parameters in the order in which the optimizer numbers them."""
    names = {id(parameter): name for name, parameter in progress.network.named_parameters()}
    return [names[id(parameter)] for group in progress.optimizer.param_groups for parameter in group["params"]]


def _reordered(state: dict[str, Any], old: list[str], new: list[str]) -> dict[str, Any]:
    """An optimizer's state with its moments under the numbers that parameters have now.

    The optimizer knows parameters by number alone and does not check shapes: moments of another one corrupt memory.
    """
    number = {name: k for k, name in enumerate(old)}
    moments = {k: state["state"][number[name]] for k, name in enumerate(new) if number[name] in state["state"]}
    return state | {"state": moments}


def _sharded(state: dict[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """An optimizer's state with each moment sharded as its parameter is."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    moments = {k: sharded(one, dict.fromkeys(one, parameters[k])) for k, one in state["state"].items()}
    return state | {"state": moments}


def update_ema(average: nn.Module, network: nn.Module, decay: float) -> None:
    """EMA update: move the average towards the network."""
    with torch.no_grad():
        for mean, value in zip(average.parameters(), network.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)


def average_of(network: nn.Module) -> nn.Module:
    """The average before the first step: a frozen copy."""
    return copy.deepcopy(network).requires_grad_(False)
