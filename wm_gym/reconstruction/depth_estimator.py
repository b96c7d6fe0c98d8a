"""Depth of pictures from their colours: the interface, its rows, and a `Reconstructor` of any of them.

| depth | who estimates it |
|---|---|
| "ground" | nobody: flat ground and a wall (`one_picture.ground_and_wall`) |
| a file `.safetensors` | the network of the recipe "depth" |
| a folder or a hub id | a depth model of the transformers library |
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.memory.hints import Hints
from wm_gym.reconstruction.alignment import DepthScale, Kind, scale_by_floor, scale_by_known
from wm_gym.reconstruction.reconstructor import ground_depth
from wm_gym.world_model import Chunk

GROUND = "ground"
_LEAST_KNOWN = 0.05


class DepthEstimator(Protocol):
    """Estimates depth from colours.

    Attributes:
        kind: Whether it gives metres or disparity.
    """

    kind: Kind

    def estimate(self, frames: Tensor, ground: Tensor) -> Tensor:
        """(T, H, W) float32 of each frame on its own.

        Args:
            frames: (T, H, W, 3) uint8.
            ground: (T, H, W) metres at which flat ground lies, the far value where there is none.
        """
        ...


def find_estimator(depth: str, device: str = "cpu") -> DepthEstimator | None:
    """The estimator of a setting, or None for "ground"; what is heavy is loaded now.

    Args:
        depth: As in the table above.
        device: As torch knows it.

    Raises:
        ValueError: If there is no such file or model.
        ImportError: If the transformers library is needed and not installed.
    """
    if depth == GROUND:
        return None
    if depth.endswith(".safetensors"):
        from wm_gym.reconstruction.depth_weights import EmbeddedDepth

        return EmbeddedDepth(depth, device)
    from wm_gym.reconstruction.transformers_depth import TransformersDepth

    return TransformersDepth(depth, device)


def opening_depth(estimator: DepthEstimator, frame: Tensor, ground: Tensor) -> tuple[Tensor, DepthScale]:
    """Depth of the picture that a world opens with, (H, W) metres, and the scale that holds from then on.

    A model that gives metres keeps its own where the picture shows too little floor.

    Args:
        estimator: Of the world.
        frame: (H, W, 3) uint8.
        ground: (H, W) metres at which flat ground lies.

    Raises:
        ValueError: If the model gives disparity, and the picture shows too little floor.
    """
    given = estimator.estimate(frame[None], ground[None])[0]
    try:
        scale = scale_by_floor(given, ground, estimator.kind)
    except ValueError:
        if estimator.kind != "metric":
            raise
        scale = DepthScale("metric")
    return scale.metres(given), scale


class EstimatedReconstructor:
    """Memory's depth and moving objects where memory shows something; elsewhere the depth of an estimator.

    Memory has the scale of the opening: what is estimated is brought to it where both show something, else by the
    floor.
    """

    def __init__(self, estimator: DepthEstimator) -> None:
        """A reconstructor of any frames."""
        self.estimator = estimator

    def reconstruct(self, chunk: Chunk, hints: Hints, intrinsics: Tensor, far_metres: float) -> Chunk:
        """As `Reconstructor.reconstruct` says."""
        moving = hints.seen & hints.moving if chunk.moving is None else chunk.moving
        if chunk.depth is not None:
            return replace(chunk, moving=moving)
        assert chunk.world_from_camera is not None
        size = chunk.frames.shape[2], chunk.frames.shape[3]
        ground = ground_depth(chunk.world_from_camera, intrinsics, size, -OPENING_EYE_METRES, far_metres)
        known = torch.where(hints.seen, hints.log_depth.exp(), 0.0)
        worlds = [  # each alone, so that no world depends on another
            self._estimated(chunk.frames[n].cpu(), known[n].cpu(), ground[n].cpu()) for n in range(len(chunk.frames))
        ]
        depth = torch.where(hints.seen, known, torch.stack(worlds).to(known).clamp(max=far_metres))
        return replace(chunk, depth=depth, moving=moving)

    def _estimated(self, frames: Tensor, known: Tensor, ground: Tensor) -> Tensor:
        """(T, H, W) metres of frames (T, H, W, 3), at the scale of what is known of each."""
        rows = zip(self.estimator.estimate(frames, ground), known, ground, strict=True)
        return torch.stack(
            [_scale_of(given, seen, flat, self.estimator.kind).metres(given) for given, seen, flat in rows]
        )


def _scale_of(given: Tensor, known: Tensor, ground: Tensor, kind: Kind) -> DepthScale:
    """The scale of known depth (H, W), 0 unknown, where there is enough of it, else that of the floor or none."""
    both = (known > 0) & (known < FAR_METRES)
    if both.float().mean() >= _LEAST_KNOWN:
        found = scale_by_known(given[both], known[both], kind)
        if found.share > 0:
            return found
    try:
        return scale_by_floor(given, ground, kind)
    except ValueError:
        return DepthScale(kind)
