"""Whether a backend gives what its spec says, so that a new one is told in one sentence what it must change."""

from __future__ import annotations

import torch

from wm_gym.world_model import Chunk, ModelSpec


def check_chunk(spec: ModelSpec, chunk: Chunk, num_worlds: int, num_frames: int) -> None:
    """Make sure that a chunk has the shapes and types that the protocol asks for.

    Args:
        spec: Of the backend.
        chunk: That it gave.
        num_worlds: N.
        num_frames: T.

    Raises:
        ValueError: If it has not, or holds depth or a moving mask where the spec says that there is none, or none where
            it says that there is one.
    """
    size = num_worlds, num_frames, spec.height, spec.width
    _check_tensor(spec, "frames", chunk.frames, (*size, 3), torch.uint8)
    for name, kind in (("depth", torch.float32), ("moving", torch.bool)):
        given, says = getattr(chunk, name), getattr(spec, f"gives_{name}")
        if (given is not None) != says:
            came = "none" if given is None else "some"
            raise ValueError(
                f"backend {spec.name!r} must give {name} as its spec says (gives_{name}={says}), got {came}"
            )
        _check_tensor(spec, name, given, size, kind)
    _check_tensor(spec, "world_from_camera", chunk.world_from_camera, (*size[:2], 4, 4), torch.float32)
    _check_tensor(spec, "write_mask", chunk.write_mask, size, torch.bool)


def _check_tensor(
    spec: ModelSpec, name: str, given: torch.Tensor | None, shape: tuple[int, ...], kind: torch.dtype
) -> None:
    if given is not None and (tuple(given.shape) != shape or given.dtype != kind):
        wanted, came = str(kind).removeprefix("torch."), str(given.dtype).removeprefix("torch.")
        raise ValueError(f"backend {spec.name!r} must give {name} {shape} {wanted}, got {tuple(given.shape)} {came}")
