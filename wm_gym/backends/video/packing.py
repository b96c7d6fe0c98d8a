"""The video model's state as plain tensors and JSON, and back; blocks that worlds share are packed once."""

from __future__ import annotations

import torch

from wm_gym.backends.video.cache import Block
from wm_gym.backends.video.frame_metadata import Role
from wm_gym.backends.video.state import VideoState, VideoWorld
from wm_gym.world_model import Packed

ACTIVATIONS = "keys", "values", "clean_context", "temb", "codec"
"""Prefixes of the names of tensors in the number type of the network."""


def pack_state(state: VideoState) -> Packed:
    """Plain data that `unpack_state` turns back into an equal state."""
    blocks = {id(block): block for world in state for block in world.blocks}
    number = {key: k for k, key in enumerate(blocks)}
    tensors = {}
    for k, block in enumerate(blocks.values()):
        tensors |= {f"keys{k}": block.keys, f"values{k}": block.values}
    for n, world in enumerate(state):
        tensors |= {f"clean_context{n}": world.clean_context, f"temb{n}": world.temb}
        tensors |= {f"pose{n}": world.last_pose, f"opening_pose{n}": world.opening_pose}
        tensors |= {f"codec{n}_{k}": part for k, part in enumerate(world.codec)}
    meta = {
        "blocks": [[block.time, int(block.role)] for block in blocks.values()],
        "worlds": [
            [
                world.time,
                [number[id(block)] for block in world.blocks],
                len(world.codec),
            ]
            for world in state
        ],
    }
    return Packed({name: tensor.cpu().contiguous().clone() for name, tensor in tensors.items()}, meta)


def unpack_state(packed: Packed, dtype: torch.dtype, device: torch.device) -> VideoState:
    """The state that `pack_state` was given, on a device, its activations in the number type `dtype`."""
    tensors = {
        name: t.to(device, dtype if name.startswith(ACTIVATIONS) else None) for name, t in packed.tensors.items()
    }
    blocks = [
        Block(time, Role(role), tensors[f"keys{k}"], tensors[f"values{k}"])
        for k, (time, role) in enumerate(packed.meta["blocks"])
    ]
    worlds = [
        VideoWorld(
            tuple(blocks[k] for k in names),
            tensors[f"clean_context{n}"],
            tensors[f"temb{n}"],
            time,
            tensors[f"pose{n}"],
            tensors[f"opening_pose{n}"],
            tuple(tensors[f"codec{n}_{k}"] for k in range(codec_parts)),
        )
        for n, (time, names, codec_parts) in enumerate(packed.meta["worlds"])
    ]
    return tuple(worlds)


def nbytes(state: VideoState) -> int:
    """Bytes of the state; what worlds share counts once."""
    blocks = {id(block): block for world in state for block in world.blocks}
    tensors: list[torch.Tensor] = [t for block in blocks.values() for t in (block.keys, block.values)]
    own = [t for world in state for t in (world.clean_context, world.temb, *world.codec)]
    return sum(t.nbytes for t in [*tensors, *own])
