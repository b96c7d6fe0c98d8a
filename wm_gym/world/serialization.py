"""A `WorldState` as bytes, and back in another process: one safetensors file with a JSON header.

The header names the backend, its frames and the hash of its weights; all must fit the reader. What memory was built
from a capture's file is named by that file and a hash, and built again where the state is read. A damaged file is
refused, part by part (`wm_gym.files.checksummed`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import torch
from torch import Tensor

from wm_gym.completion.state import pack_states, unpack_states
from wm_gym.entities.entity import Entity
from wm_gym.events.scripts import EventScript
from wm_gym.files.checksummed import FileKind, pack_checksummed, unpack_checksummed
from wm_gym.memory.kept import MemoryFolder
from wm_gym.memory.memory import Memory
from wm_gym.memory.packing import pack_memories, sources_of, unpack_memories
from wm_gym.world.captures import CaptureMemories, MemorySource
from wm_gym.world.references import Keyframes
from wm_gym.world.state import WorldState
from wm_gym.world.world import World
from wm_gym.world_model import Imagined, ModelSpec, Opening, Packed, Place

KIND = FileKind("wm_gym.world_state", 12)


def to_bytes(state: WorldState, world: World, extra: Packed | None = None) -> bytes:
    """The state as bytes.

    Args:
        state: Of `world`.
        world: The loop, whose backend knows how to pack its own part.
        extra: Data to keep beside it, such as a task state.
    """
    parts = {
        "model": world.model.pack(state.model),
        "memory": _pack_memories(state.memories),
        "world": _pack_world(state),
    }
    parts["extra"] = extra or Packed()
    tensors = {f"{part}.{name}": t for part, packed in parts.items() for name, t in packed.tensors.items()}
    header = {
        "backend": identity(world.spec),
        "weights": world.spec.weights,
        "parts": {part: packed.meta for part, packed in parts.items()},
    }
    return pack_checksummed(KIND, header, tensors)


def from_bytes(data: bytes, world: World, what: str = "a saved state") -> tuple[WorldState, Packed]:
    """The state that `to_bytes` was given, and what was kept beside it.

    Args:
        data: The bytes.
        world: The loop.
        what: Names the bytes in messages.

    Raises:
        ValueError: If the bytes are no world state, damaged, or of another version, backend or weights, or the file of
            a capture that they name is gone or has changed.
    """
    header, tensors = unpack_checksummed(data, KIND, what)
    check_maker(header["backend"], header["weights"], world.spec, what)
    packed = {part: Packed(_under(tensors, part), meta) for part, meta in header["parts"].items()}
    memories = _unpack_memories(packed["memory"], world.memories, what)
    state = _unpack_world(packed["world"], memories, world.model.unpack(packed["model"]))
    return state, packed["extra"]


def memories_of(data: bytes, what: str = "a saved state") -> tuple[Memory, ...]:
    """The memories of a saved state, without the backend that made it.

    Args:
        data: The bytes.
        what: Names the bytes in messages.

    Raises:
        ValueError: As `from_bytes`, whatever the backend.
    """
    header, tensors = unpack_checksummed(data, KIND, what)
    packed = Packed(_under(tensors, "memory"), header["parts"]["memory"])
    return _unpack_memories(packed, CaptureMemories(1, MemoryFolder(most_bytes=0)), what)


def check_maker(backend: Mapping[str, Any], weights: str, spec: ModelSpec, what: str) -> None:
    """Make sure that a state is not taken up by another backend, at another size or with other weights.

    Args:
        backend: The `identity` of what made the state.
        weights: Their hash.
        spec: Of the backend that is to go on from it.
        what: Names the state in messages.

    Raises:
        ValueError: If they differ.
    """
    if backend != identity(spec):
        raise ValueError(f"{what} must be of backend {identity(spec)}, got {dict(backend)}")
    check_weights(weights, spec, what)


def check_weights(weights: str, spec: ModelSpec, what: str) -> None:
    """Make sure that what was made by some weights is not taken up by others.

    Raises:
        ValueError: If the hashes differ.
    """
    if weights != spec.weights:
        raise ValueError(f"{what} must be of the weights {_short(spec.weights)}, got one of {_short(weights)}")


def _short(weights: str) -> str:
    return f"{weights[:16]}..." if weights else "none"


def identity(spec: ModelSpec) -> dict[str, Any]:
    """Which backend makes frames of which size; all of it must fit for a state to be taken up."""
    return {"name": spec.name, "height": spec.height, "width": spec.width, "frames_per_step": spec.frames_per_step}


def _under(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    prefix = f"{part}."
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _pack_memories(memories: Sequence[Memory]) -> Packed:
    """The memories; blocks of a capture's memory are named where its file is still there, and written otherwise."""
    sources = [source for source in sources_of(memories) if isinstance(source, MemorySource) and source.is_unchanged()]
    packed = pack_memories(memories, sources)
    return Packed(packed.tensors, packed.meta | {"sources": [source.to_json() for source in sources]})


def _unpack_memories(packed: Packed, memories: CaptureMemories, what: str) -> tuple[Memory, ...]:
    built = [MemorySource.from_json(row).build(what, memories) for row in packed.meta["sources"]]
    return unpack_memories(packed, built, what)


def _pack_world(state: WorldState) -> Packed:
    placed, completions = pack_states(state.completions)
    tensors = {"body_poses": torch.from_numpy(state.body_poses), **placed}
    for n, keyframes in enumerate(state.keyframes):
        tensors |= {} if keyframes is None else {f"keyframe_{name}{n}": t for name, t in vars(keyframes).items()}
    for n, opening in enumerate(state.openings):
        tensors |= {f"{name}{n}": getattr(opening, name) for name in ("intrinsics", "waypoints", "lamps")}
    meta = {
        "world_of_view": state.world_of_view,
        "frame_index": state.frame_index,
        "seeds": state.seeds,
        "scripts": [script.to_json() for script in state.scripts],
        "openings": [_opening_to_json(opening) for opening in state.openings],
        "completions": completions,
        "entities": [[one.to_json() for one in entities] for entities in state.entities],
        "bodies": state.bodies,
    }
    return Packed(tensors, meta)


def _opening_to_json(opening: Opening) -> dict[str, Any]:
    place = None if opening.place is None else asdict(opening.place)
    imagined = None if opening.imagined is None else asdict(opening.imagined)
    return {"name": opening.name, "prompt": opening.prompt, "place": place, "imagined": imagined}


def _unpack_world(packed: Packed, memories: tuple[Memory, ...], model_state: Any) -> WorldState:
    meta, tensors = packed.meta, packed.tensors
    openings = tuple(
        Opening(
            name=row["name"],
            prompt=row["prompt"],
            intrinsics=tensors[f"intrinsics{n}"],
            waypoints=tensors[f"waypoints{n}"],
            lamps=tensors[f"lamps{n}"],
            place=None if row["place"] is None else Place(**row["place"]),
            imagined=None if row["imagined"] is None else Imagined(**row["imagined"]),
        )
        for n, row in enumerate(meta["openings"])
    )
    return WorldState(
        model=model_state,
        memories=memories,
        world_of_view=tuple(meta["world_of_view"]),
        body_poses=tensors["body_poses"].numpy(),
        frame_index=tuple(meta["frame_index"]),
        seeds=tuple(meta["seeds"]),
        openings=openings,
        scripts=tuple(EventScript.from_json(row) for row in meta["scripts"]),
        completions=unpack_states(tensors, meta["completions"]),
        keyframes=tuple(_keyframes(tensors, n) for n in range(len(openings))),
        entities=tuple(tuple(Entity.from_json(row) for row in rows) for rows in meta["entities"]),
        bodies=tuple(meta["bodies"]),
    )


def _keyframes(tensors: dict[str, Tensor], world: int) -> Keyframes | None:
    names = {field.name: f"keyframe_{field.name}{world}" for field in fields(Keyframes)}
    if names["frames"] not in tensors:
        return None
    return Keyframes(**{name: tensors[packed] for name, packed in names.items()})
