"""A twin world as a value: the engine's last save, what happened since, and the fingerprint of it all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.twin.messages import Action, Stage
from wm_gym.backends.twin.placement import Placement
from wm_gym.backends.twin.pool import Token
from wm_gym.world_model import Packed

_FORMAT = 1


@dataclass(frozen=True)
class TwinWorld:
    """Where one world's episode stands.

    Attributes:
        stage: What the episode depends on before its first action.
        steps: Steps since the opening.
        save: The engine's last save.
        actions: What happened since that save.
        placements: Things that events have added.
        token: Fingerprint of everything since the opening.
    """

    stage: Stage
    steps: int
    save: bytes
    actions: tuple[Action, ...]
    placements: tuple[Placement, ...]
    token: Token


@dataclass(frozen=True)
class TwinState:
    """N worlds."""

    worlds: tuple[TwinWorld, ...]


def token_after(before: Token | None, stage: Stage, actions: Sequence[Action], *, saves: bool) -> Token:
    """The fingerprint of an episode once `actions` have followed `before`. A save moves the world on, so it counts."""
    story = repr((stage, tuple(actions), saves)).encode()
    return Token(hashlib.sha256((before.digest if before else b"") + story).digest())


def pack_state(state: TwinState) -> Packed:
    """Plain tensors and JSON."""
    tensors: dict[str, Tensor] = {}
    records = []
    for i, world in enumerate(state.worlds):
        tensors[f"save_{i}"] = torch.from_numpy(np.frombuffer(world.save, np.uint8).copy())
        motion = [[*action.eye, action.yaw_radians, action.pitch_radians] for action in world.actions]
        tensors[f"motion_{i}"] = torch.tensor(motion, dtype=torch.float64).reshape(-1, 5)
        records.append(
            {
                "stage": asdict(world.stage),
                "steps": world.steps,
                "commands": [list(action.commands) for action in world.actions],
                "placements": [asdict(placement) for placement in world.placements],
                "token": world.token.digest.hex(),
            }
        )
    return Packed(tensors, {"backend": "twin", "format": _FORMAT, "worlds": records})


def unpack_state(packed: Packed) -> TwinState:
    """The state that `pack_state` was given.

    Raises:
        ValueError: If it was packed by another backend or another version.
    """
    if packed.meta.get("backend") != "twin" or packed.meta.get("format") != _FORMAT:
        found = (packed.meta.get("backend"), packed.meta.get("format"))
        raise ValueError(f"a twin state must be of backend 'twin' and format {_FORMAT}, got {found}")
    return TwinState(tuple(_world(packed, i, record) for i, record in enumerate(packed.meta["worlds"])))


def _world(packed: Packed, i: int, record: dict) -> TwinWorld:
    motion = packed.tensors[f"motion_{i}"].tolist()
    stage = {**record["stage"], "intrinsics": tuple(record["stage"]["intrinsics"])}
    return TwinWorld(
        stage=Stage(**stage),
        steps=record["steps"],
        save=packed.tensors[f"save_{i}"].numpy().tobytes(),
        actions=tuple(
            Action((x, y, z), yaw, pitch, tuple(commands))
            for (x, y, z, yaw, pitch), commands in zip(motion, record["commands"], strict=True)
        ),
        placements=tuple(Placement(**{**p, "spot": tuple(p["spot"])}) for p in record["placements"]),
        token=Token(bytes.fromhex(record["token"])),
    )
