"""A short name for a backend and every setting of the loop that changes what it shows or costs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, is_dataclass
from typing import Any

import torch
from torch import Tensor

from wm_gym.world.world import World

LENGTH = 16

# weights and number type are in the hash of the tensors; the events that a model can show are
# a statement about it and change nothing
_TOLD_ELSEWHERE = ("weights", "arithmetic", "device", "dtype", "shows_events")


def preset_hash(world: World) -> str:
    """First 16 hexadecimal digits of a SHA-256 over weights, the backend's configuration and the loop's.

    Figures of two programs belong together if their hashes are equal: same weights, resolution, denoising steps,
    memory and body. Threads and batch size are no part of it.
    """
    model = world.model
    settings = {
        "spec": {name: value for name, value in asdict(model.spec).items() if name not in _TOLD_ELSEWHERE},
        "config": _plain(getattr(model, "config", None)),
        "completion": asdict(world.completion.config) if world.completion.stages else None,
        "loop": asdict(world.config),
        "weights": [weights_hash(model), world.completion.weights, world.drawing.weights],
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:LENGTH]


def weights_hash(model: Any) -> str:
    """SHA-256 over a backend's tensors by name; that of nothing for a backend without a network."""
    digest = hashlib.sha256()
    tensors: dict[str, Tensor] = {}
    if (module := getattr(model, "network", None)) is not None:
        tensors |= {f"network.{name}": tensor for name, tensor in module.state_dict().items()}
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype} ".encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def _plain(config: Any) -> dict[str, Any] | None:
    return asdict(config) if is_dataclass(config) and not isinstance(config, type) else None
