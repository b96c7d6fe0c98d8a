"""A trained policy as a folder: "policy.safetensors", its weights, and "policy.json", what it is and what it needs.

No code is in it and none is run when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from wm_gym.agents.rl.policy_network import NetworkSpec
from wm_gym.files.atomic import write_atomically
from wm_gym.files.checksummed import read_file

VERSION = 1
SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the policies that come with wm-gym."""

WEIGHTS, CARD = "policy.safetensors", "policy.json"


@dataclass(frozen=True)
class PolicyCard:
    """What a policy is, and which worlds it acts in.

    Attributes:
        learner: Name of the learner that trained it, such as "ppo".
        task: That it learnt.
        needs: Settings of its worlds, as `Agent.needs` gives them.
        spaces: Of one world, as `described` tells them: the parts of the observation, and "action".
        network: Sizes of its network.
        trained: What is known of its training: steps, backend, world and so on.
    """

    learner: str
    task: str
    needs: Mapping[str, Any]
    spaces: Mapping[str, Any]
    network: NetworkSpec
    trained: Mapping[str, Any] = field(default_factory=dict)


def save_policy(folder: Path, card: PolicyCard, weights: Mapping[str, Tensor]) -> None:
    """Write a policy, each file whole or not at all.

    Raises:
        RuntimeError: If the disk cannot take it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in weights.items()}
    text = json.dumps({"version": VERSION} | asdict(card), indent=2) + "\n"
    write_atomically(folder / WEIGHTS, lambda file: file.write(save(tensors)))
    write_atomically(folder / CARD, lambda file: file.write(text.encode()))


def find_policy(path: str) -> Path:
    """The folder of a policy: a path to it or to the folder of its training, or the name of one that is shipped.

    Raises:
        ValueError: If there is none.
    """
    for folder in (Path(path), Path(path) / "policy", SHIPPED / path):
        if path and (folder / CARD).is_file():
            return folder
    raise ValueError(f"path must be the folder of a trained policy or one of {shipped_policies()}, got {path!r}")


def shipped_policies() -> list[str]:
    """Names of the policies that come with wm-gym."""
    return sorted(card.parent.name for card in SHIPPED.glob(f"*/{CARD}"))


def read_card(folder: Path) -> PolicyCard:
    """What a policy is.

    Raises:
        ValueError: If its file is of another version, or cannot be read.
    """
    path = folder / CARD
    try:
        data = json.loads(read_file(path, "a policy's card"))
        version = data.pop("version", None)
        if version != VERSION:
            raise ValueError(f"policy {folder} must be of version {VERSION}, got {version}")
        network = data.pop("network")
        return PolicyCard(network=NetworkSpec(**network | {"hidden": tuple(network["hidden"])}), **data)
    except (TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} must be a policy's card as wm-gym writes it, got: {error}") from error


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a policy by name, float32 whatever they are in the file.

    Raises:
        ValueError: If their file cannot be read.
    """
    try:
        tensors = load(read_file(folder / WEIGHTS, "a policy's weights"))
    except SafetensorError as error:
        raise ValueError(f"{folder / WEIGHTS} must be weights as safetensors, got: {error}") from error
    return {name: tensor.float() for name, tensor in tensors.items()}


def described(observation: gym.Space[Any], action: gym.Space[Any]) -> dict[str, Any]:
    """The spaces of one world as JSON holds them."""
    assert isinstance(observation, gym.spaces.Dict)
    return {name: _of_one(space) for name, space in {**observation.spaces, "action": action}.items()}


def _of_one(space: gym.Space[Any]) -> dict[str, Any]:
    match space:
        case gym.spaces.Discrete():
            return {"kind": "Discrete", "n": int(space.n)}
        case gym.spaces.Box():
            return {"kind": "Box", "shape": list(space.shape), "dtype": str(space.dtype)}
    return {"kind": type(space).__name__, "shape": list(space.shape or ())}
