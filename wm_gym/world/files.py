"""A `WorldState` as bytes, and back in another process: one safetensors file with a JSON header.

The header names the format's version and the backend; both must fit the reader.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from wm_gym.backends.seam import ModelSpec, Opening, Packed, Place, WorldModel
from wm_gym.events.scripts import EventScript
from wm_gym.memory.packing import pack_memories, unpack_memories
from wm_gym.world.state import WorldState

FORMAT = "wm_gym.world_state"
VERSION = 1


def to_bytes(state: WorldState, model: WorldModel[Any], extra: Packed | None = None) -> bytes:
    """The state as bytes.

    Args:
        state: Of `model`.
        model: The backend, which knows how to pack its own part.
        extra: Data to keep beside it, such as a task state.
    """
    parts = {"model": model.pack(state.model), "memory": pack_memories(state.memories), "world": _pack_world(state)}
    parts["extra"] = extra or Packed()
    tensors = {
        f"{part}.{name}": t.contiguous().clone() for part, packed in parts.items() for name, t in packed.tensors.items()
    }
    header = {
        "format": FORMAT,
        "version": VERSION,
        "backend": _identity(model.spec),
        "parts": {part: packed.meta for part, packed in parts.items()},
    }
    return save(tensors, metadata={"wm_gym": json.dumps(header)})


def from_bytes(data: bytes, model: WorldModel[Any]) -> tuple[WorldState, Packed]:
    """The state that `to_bytes` was given, and what was kept beside it.

    Raises:
        ValueError: If the bytes are no world state, or one of another version or backend.
    """
    header, tensors = _read(data)
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        came = f"{header.get('format')} version {header.get('version')}"
        raise ValueError(f"a saved state must be {FORMAT} version {VERSION}, got {came}")
    if header["backend"] != _identity(model.spec):
        raise ValueError(f"a saved state must be of backend {_identity(model.spec)}, got {header['backend']}")
    packed = {part: Packed(_under(tensors, part), meta) for part, meta in header["parts"].items()}
    state = _unpack_world(packed["world"], unpack_memories(packed["memory"]), model.unpack(packed["model"]))
    return state, packed["extra"]


def _read(data: bytes) -> tuple[dict[str, Any], dict[str, Tensor]]:
    if not isinstance(data, bytes):
        raise ValueError(f"a saved state must be bytes, got {type(data).__name__}")
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["wm_gym"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"a saved state must be {FORMAT} bytes, got {len(data)} bytes of something else") from error
    return header, tensors


def _identity(spec: ModelSpec) -> dict[str, Any]:
    return {"name": spec.name, "height": spec.height, "width": spec.width, "frames_per_step": spec.frames_per_step}


def _under(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f"{part}."
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _pack_world(state: WorldState) -> Packed:
    tensors = {"stances": torch.from_numpy(state.stances)}
    for n, opening in enumerate(state.openings):
        tensors |= {f"intrinsics{n}": opening.intrinsics, f"waypoints{n}": opening.waypoints}
    meta = {
        "world_of_view": state.world_of_view,
        "frame_index": state.frame_index,
        "seeds": state.seeds,
        "scripts": [script.to_json() for script in state.scripts],
        "openings": [_opening_to_json(opening) for opening in state.openings],
    }
    return Packed(tensors, meta)


def _opening_to_json(opening: Opening) -> dict[str, Any]:
    place = None if opening.place is None else asdict(opening.place)
    return {"name": opening.name, "prompt": opening.prompt, "place": place}


def _unpack_world(packed: Packed, memories: tuple[Any, ...], model_state: Any) -> WorldState:
    meta, tensors = packed.meta, packed.tensors
    openings = tuple(
        Opening(
            name=row["name"],
            prompt=row["prompt"],
            intrinsics=tensors[f"intrinsics{n}"],
            waypoints=tensors[f"waypoints{n}"],
            place=None if row["place"] is None else Place(**row["place"]),
        )
        for n, row in enumerate(meta["openings"])
    )
    return WorldState(
        model=model_state,
        memories=memories,
        world_of_view=tuple(meta["world_of_view"]),
        stances=tensors["stances"].numpy(),
        frame_index=tuple(meta["frame_index"]),
        seeds=tuple(meta["seeds"]),
        openings=openings,
        scripts=tuple(EventScript.from_json(row) for row in meta["scripts"]),
    )
