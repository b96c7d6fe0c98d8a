"""Who estimates depth, by name, and a `Reconstructor` of any of them.

| depth | who estimates it |
|---|---|
| "embedded" | the network that ships |
| "ground" | nobody: flat ground and a wall (`one_picture.ground_and_wall`) |
| a file `.safetensors` | a network of the recipe "depth" |
| a folder or a hub id | a depth model of the transformers library |
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.memory.hints import Hints
from wm_gym.reconstruction.alignment import DepthScale, scale_by_floor, scale_by_known
from wm_gym.reconstruction.blend_depth import blend_depth
from wm_gym.reconstruction.blend_moving import blend_moving
from wm_gym.reconstruction.estimates import DepthEstimate, DepthEstimator, DepthQuery, Kind
from wm_gym.world_model import Chunk

EMBEDDED, GROUND = "embedded", "ground"
_LEAST_KNOWN = 0.05


def find_estimator(depth: str = EMBEDDED, device: str = "cpu", masks: str = "") -> DepthEstimator | None:
    """The estimator of a setting, or None for "ground"; what is heavy is loaded now.

    Args:
        depth: As in the table above.
        device: As torch knows it.
        masks: Folder of a SAM 2 model of transformers that outlines what moves; empty for none.

    Raises:
        ValueError: If there is no such file or model.
        ImportError: If the transformers library is needed and not installed.
    """
    if depth == GROUND:
        return None
    estimator = _estimator(depth, device)
    if not masks:
        return estimator
    from wm_gym.reconstruction.sam_masks import OutlinedEstimator, SamMasks

    return OutlinedEstimator(estimator, SamMasks(masks, device))


def _estimator(depth: str, device: str) -> DepthEstimator:
    if depth == EMBEDDED or depth.endswith(".safetensors"):
        from wm_gym.reconstruction.depth_weights import SHIPPED, EmbeddedDepth

        return EmbeddedDepth(SHIPPED if depth == EMBEDDED else depth, device)
    from wm_gym.reconstruction.transformers_depth import TransformersDepth

    return TransformersDepth(depth, device)


def opening_depth(estimator: DepthEstimator, query: DepthQuery) -> tuple[DepthEstimate, DepthScale]:
    """Depth of the picture that a world opens with, in metres, and the scale that holds from then on.

    A model that gives metres keeps its own where the picture shows too little floor.

    Args:
        estimator: Of the world.
        query: Of one frame.

    Raises:
        ValueError: If the model gives disparity, and the picture shows too little floor.
    """
    given = estimator.estimate(query)
    scale = opening_scale(estimator, query, given)
    return replace(given, depth=scale.metres(given.depth)), scale


def opening_scale(estimator: DepthEstimator, query: DepthQuery, given: DepthEstimate) -> DepthScale:
    """The scale that the floor of the first frame gives to all that `estimator` tells of a query.

    Raises:
        ValueError: If the model gives disparity, and the picture shows too little floor.
    """
    if estimator.takes_known:
        return DepthScale("metric")
    try:
        return scale_by_floor(given.depth[0], query.ground()[0], estimator.kind)
    except ValueError:
        if estimator.kind != "metric":
            raise
        return DepthScale("metric")


class EstimatedReconstructor:
    """Memory's depth and moving objects where memory shows something; elsewhere the depth of an estimator.

    Memory has the scale of the opening: what is estimated is brought to it where both show something, else by the
    floor, and joins it without a step.
    """

    def __init__(self, estimator: DepthEstimator) -> None:
        """A reconstructor of any frames."""
        self.estimator = estimator

    def reconstruct(self, chunk: Chunk, hints: Hints, intrinsics: Tensor, far_metres: float) -> Chunk:
        """As `Reconstructor.reconstruct` says."""
        if chunk.depth is not None:
            moving = hints.seen & hints.moving if chunk.moving is None else chunk.moving
            return replace(chunk, moving=moving)
        assert chunk.world_from_camera is not None
        known = torch.where(hints.seen, hints.log_depth.exp(), 0.0)
        worlds = []
        for n in range(len(chunk.frames)):  # each alone, so that no world depends on another
            of_world = chunk.frames[n], intrinsics[n], chunk.world_from_camera[n], known[n], hints.colour[n]
            worlds.append(self._estimated(DepthQuery(*(one.cpu() for one in of_world), follows=True)))
        depth = torch.stack([one.depth for one in worlds]).to(known).clamp(max=far_metres)
        moving = _moving(chunk, [one.moving for one in worlds], hints)
        return replace(chunk, depth=blend_depth(depth, moving, hints, far_metres), moving=moving)

    def _estimated(self, query: DepthQuery) -> DepthEstimate:
        """Depth in metres, at the scale of what is known of each frame."""
        given = self.estimator.estimate(query)
        if self.estimator.takes_known:
            return given
        assert query.known_depth is not None
        rows = zip(given.depth, query.known_depth, query.ground(), strict=True)
        metres = [_scale_of(one, seen, flat, self.estimator.kind).metres(one) for one, seen, flat in rows]
        return replace(given, depth=torch.stack(metres))


def _moving(chunk: Chunk, scores: list[Tensor | None], hints: Hints) -> Tensor:
    """The moving mask (N, T, H, W): the model's own, that of the estimator, or what memory knows to move."""
    if chunk.moving is not None:
        return chunk.moving
    told = [one for one in scores if one is not None]
    return blend_moving(torch.stack(told).to(hints.log_depth), hints) if told else hints.seen & hints.moving


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
