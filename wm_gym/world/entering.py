"""Openings at other poses than those of first keyframes, of what is known of a place. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from wm_gym.memory.hints import Hints
from wm_gym.world_model import Capture, Opening


def openings_at(openings: Sequence[Opening], hints: Hints, world_from_camera: Tensor) -> list[Opening]:
    """The openings, each of one keyframe: what hints show at the last of T frames.

    Args:
        openings: N.
        hints: (N, T, H, W) of frames' size.
        world_from_camera: (N, T, 4, 4), where they are seen from.

    Raises:
        ValueError: If an opening has no capture.
    """
    for opening in openings:
        if opening.capture is None:
            raise ValueError(f"to open at another pose an opening must have a capture, got {opening.name!r} without")
    return [opening_at(opening, hints.of_world(n), world_from_camera[n, -1:]) for n, opening in enumerate(openings)]


def opening_at(opening: Opening, hints: Hints, pose: Tensor) -> Opening:
    """One opening, of the keyframe that the last of hints (T, H, W) shows at a pose (1, 4, 4)."""
    seen, shown = hints.seen[-1], hints.colour[-1].cpu()
    frame = shown[nearest_known(seen.cpu())]
    depth = torch.where(seen, hints.log_depth[-1].exp(), 0.0).cpu()
    still = torch.zeros_like(seen).cpu()
    capture = Capture(frame[None], depth[None], still[None], pose, opening.intrinsics)
    return replace(opening, capture=capture, image=None if opening.image is None else frame)


def nearest_known(known: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column, each (H, W), of the known pixel that is nearest to each; its own where none is known."""
    places = np.indices(known.shape, np.int32)
    if not bool(known.all()) and bool(known.any()):
        distance_transform_edt(~known.numpy(), return_distances=False, return_indices=True, indices=places)
    rows, columns = torch.from_numpy(places).long()
    return rows, columns
