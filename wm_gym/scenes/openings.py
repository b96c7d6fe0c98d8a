"""How an opening is given to a backend: as the most telling of what the backend can open from.

Of a capture: its first keyframe, as it was taken, and what led up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.world_model import Capture, Chunk, ModelSpec, Opening


def opening_for(spec: ModelSpec, opening: Opening) -> Opening:
    """The opening as a backend takes it (`ModelSpec.opens_from`).

    A model that opens from an image is given the first keyframe of a capture; the capture stays for its memory if it is
    guided by that. A model that opens from text is given the prompt alone.

    Args:
        spec: Of the backend.
        opening: Of one world.

    Raises:
        ValueError: If the backend cannot open from anything that the opening holds.
    """
    holds = {"scene": opening.place, "capture": opening.capture, "image": _first_image(spec, opening)}
    if any(holds[source] is not None for source in ("scene", "capture") if source in spec.opens_from):
        return opening
    capture = opening.capture if spec.takes_guidance else None
    if "image" in spec.opens_from and holds["image"] is not None:
        return replace(opening, image=holds["image"], capture=capture)
    if "text" in spec.opens_from:
        return replace(opening, image=None, capture=capture)
    came = next((source for source, one in holds.items() if one is not None), "a prompt alone")
    raise ValueError(f"backend {spec.name!r} opens from {' or '.join(spec.opens_from)}, got {came}")


def first_keyframes(openings: Sequence[Opening], spec: ModelSpec) -> Chunk:
    """One frame of each world.

    Args:
        openings: N, each with a capture.
        spec: Of the backend that opens them.

    Raises:
        ValueError: If an opening has no capture, or one that cannot be reduced to the backend's frames.
    """
    return _stacked([_rows(_capture(opening, spec), [0], spec) for opening in openings])


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
    return _stacked([_rows(capture, _lead_rows(capture, spec.frames_per_step), spec) for capture in captures])


def _rows(capture: Capture, rows: list[int], spec: ModelSpec) -> Capture:
    """The named keyframes, as large as frames."""
    names = "frames", "depth", "moving", "world_from_camera"
    chosen = replace(capture, **{name: getattr(capture, name)[rows] for name in names})
    return reduced(chosen, spec.height, spec.width)


def _stacked(captures: Sequence[Capture]) -> Chunk:
    """All keyframes of each capture, as many of each."""

    def field(name: str) -> Tensor:
        return torch.stack([getattr(capture, name) for capture in captures])

    return Chunk(field("frames"), field("depth"), field("moving"), field("world_from_camera"))


def _lead_rows(capture: Capture, count: int) -> list[int]:
    total = len(capture.frames)
    if capture.lead < count - 1:
        return [0] * count
    return [*range(total - count + 1, total), 0]


def _first_image(spec: ModelSpec, opening: Opening) -> Tensor | None:
    """(H, W, 3) uint8, as large as frames."""
    if opening.capture is None:
        return opening.image
    return _rows(opening.capture, [0], spec).frames[0]


def _capture(opening: Opening, spec: ModelSpec) -> Capture:
    if opening.capture is None:
        came = next((name for name in ("image", "place") if getattr(opening, name) is not None), "a bare prompt")
        raise ValueError(f"backend {spec.name!r} opens from posed RGB-D keyframes (Opening.capture), got {came}")
    return opening.capture
