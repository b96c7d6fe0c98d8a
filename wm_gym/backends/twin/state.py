"""A twin world as a value: the engine's last save, the actions since then, and a fingerprint of the whole episode."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.twin.messages import Action, EpisodeSetup
from wm_gym.backends.twin.placement import Placement
from wm_gym.backends.twin.pool import Token
from wm_gym.entities.entity import Entity
from wm_gym.world_model import Packed

_FORMAT = 4


@dataclass(frozen=True)
class TwinWorld:
    """The state of one world's episode.

    Attributes:
        setup: Map, seed and camera of the episode.
        steps: Steps since the opening.
        save: The engine's last save file.
        actions: The actions since that save.
        placements: The actors and bursts that events have added.
        token: Fingerprint of the whole episode.
        bodies: Numbers of the other bodies that are in the game.
        objects: Crates, cars, birds, lamps and trees that events have added.
    """

    setup: EpisodeSetup
    steps: int
    save: bytes
    actions: tuple[Action, ...]
    placements: tuple[Placement, ...]
    token: Token
    bodies: tuple[int, ...] = ()
    objects: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class TwinState:
    """The state of N worlds."""

    worlds: tuple[TwinWorld, ...]


def token_after(before: Token | None, setup: EpisodeSetup, actions: Sequence[Action], *, saves: bool) -> Token:
    """The fingerprint of an episode after further actions.

    Args:
        before: Fingerprint before them; None at the opening.
        setup: Map, seed and camera of the episode.
        actions: The actions that follow.
        saves: Whether the engine saves afterwards, which advances its game too.
    """
    story = repr((setup, tuple(actions), saves)).encode()
    return Token(hashlib.sha256((before.digest if before else b"") + story).digest())


def pack_state(state: TwinState) -> Packed:
    """The state as tensors and JSON, for `unpack_state`."""
    tensors: dict[str, Tensor] = {}
    records = []
    for i, world in enumerate(state.worlds):
        tensors[f"save_{i}"] = torch.from_numpy(np.frombuffer(world.save, np.uint8).copy())
        motion = [[*action.eye, action.yaw_radians, action.pitch_radians] for action in world.actions]
        tensors[f"motion_{i}"] = torch.tensor(motion, dtype=torch.float64).reshape(-1, 5)
        records.append(
            {
                "stage": asdict(world.setup),
                "steps": world.steps,
                "commands": [list(action.commands) for action in world.actions],
                "placements": [_placement_record(placement) for placement in world.placements],
                "token": world.token.digest.hex(),
                "bodies": list(world.bodies),
                "objects": [one.to_json() for one in world.objects],
            }
        )
    return Packed(tensors, {"backend": "twin", "format": _FORMAT, "worlds": records})


def unpack_state(packed: Packed) -> TwinState:
    """The state of `pack_state`, in any process.

    Raises:
        ValueError: If it was packed by another backend or another version.
    """
    if packed.meta.get("backend") != "twin" or packed.meta.get("format") != _FORMAT:
        found = (packed.meta.get("backend"), packed.meta.get("format"))
        raise ValueError(f"a twin state must be of backend 'twin' and format {_FORMAT}, got {found}")
    return TwinState(tuple(_world(packed, i, record) for i, record in enumerate(packed.meta["worlds"])))


def _world(packed: Packed, i: int, record: dict) -> TwinWorld:
    motion = packed.tensors[f"motion_{i}"].tolist()
    setup = {**record["stage"], "intrinsics": tuple(record["stage"]["intrinsics"])}
    return TwinWorld(
        setup=EpisodeSetup(**setup),
        steps=record["steps"],
        save=packed.tensors[f"save_{i}"].numpy().tobytes(),
        actions=tuple(
            Action((x, y, z), yaw, pitch, tuple(commands))
            for (x, y, z, yaw, pitch), commands in zip(motion, record["commands"], strict=True)
        ),
        placements=tuple(_placement(entry) for entry in record["placements"]),
        token=Token(bytes.fromhex(record["token"])),
        bodies=tuple(record["bodies"]),
        objects=tuple(Entity.from_json(entry) for entry in record["objects"]),
    )


def _placement_record(placement: Placement) -> dict:
    return {
        "event_id": placement.event_id, "kind": placement.kind, "spot": placement.position,
        "present": placement.present, "actor": placement.actor,
    }  # fmt: skip


def _placement(record: dict) -> Placement:
    return Placement(record["event_id"], record["kind"], tuple(record["spot"]), record["present"], record["actor"])
