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
    return [_opening_at(opening, hints.of_world(n), world_from_camera[n, -1:]) for n, opening in enumerate(openings)]


def _opening_at(opening: Opening, hints: Hints, pose: Tensor) -> Opening:
    seen, shown = hints.seen[-1], hints.colour[-1].cpu()
    frame = _filled(shown, seen.cpu())
    depth = torch.where(seen, hints.log_depth[-1].exp(), 0.0).cpu()
    still = torch.zeros_like(seen).cpu()
    capture = Capture(frame[None], depth[None], still[None], pose, opening.intrinsics)
    return replace(opening, capture=capture, image=None if opening.image is None else frame)


def _filled(colour: Tensor, seen: Tensor) -> Tensor:
    """(H, W, 3) in which unseen pixels have the colour of the nearest seen one."""
    if seen.all() or not seen.any():
        return colour.clone()
    nearest = distance_transform_edt(~seen.numpy(), return_distances=False, return_indices=True)
    rows, columns = np.asarray(nearest)
    return torch.from_numpy(colour.numpy()[rows, columns])
