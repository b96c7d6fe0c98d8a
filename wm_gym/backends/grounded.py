"""What worlds that open on a capture begin with: its first keyframe, as it was taken, and what led up to it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from wm_gym.backends.seam import Capture, Chunk, ModelSpec, Opening


def first_keyframes(openings: Sequence[Opening], spec: ModelSpec) -> Chunk:
    """One frame of each world.

    Args:
        openings: N, each with a capture.
        spec: Of the backend that opens them.

    Raises:
        ValueError: If an opening has no capture, or one of another size than the backend's frames.
    """
    captures = [_capture(opening, spec) for opening in openings]
    return _stacked(captures, [[0]] * len(captures))


def lead_chunks(openings: Sequence[Opening], spec: ModelSpec) -> Chunk:
    """The frames up to and with the first keyframe, `frames_per_step` of them.

    Where a capture has no such lead, its first keyframe stands for all of them.

    Args:
        openings: N, each with a capture.
        spec: Of the backend that opens them.

    Raises:
        ValueError: As `first_keyframes`.
    """
    captures = [_capture(opening, spec) for opening in openings]
    return _stacked(captures, [_lead_rows(capture, spec.frames_per_step) for capture in captures])


def _stacked(captures: Sequence[Capture], rows: Sequence[list[int]]) -> Chunk:
    """The named keyframes of each capture, as many of each."""

    def field(name: str) -> Tensor:
        return torch.stack([getattr(capture, name)[chosen] for capture, chosen in zip(captures, rows, strict=True)])

    return Chunk(field("frames"), field("depth"), field("moving"), field("world_from_camera"))


def _lead_rows(capture: Capture, count: int) -> list[int]:
    total = len(capture.frames)
    if capture.lead < count - 1:
        return [0] * count
    return [*range(total - count + 1, total), 0]


def _capture(opening: Opening, spec: ModelSpec) -> Capture:
    if opening.capture is None:
        came = next((name for name in ("image", "place") if getattr(opening, name) is not None), "a bare prompt")
        raise ValueError(f"backend {spec.name!r} opens from posed RGB-D keyframes (Opening.capture), got {came}")
    size = tuple(opening.capture.frames.shape[1:3])
    if size != (spec.height, spec.width):
        raise ValueError(f"capture frames must be {spec.height} x {spec.width}, got {size[0]} x {size[1]}")
    return opening.capture
