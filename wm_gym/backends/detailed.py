"""The backend `detailed`: a video model at its own size, under memory, plans and entities at a finer one.

A frame of 48 x 64 is three visual tokens to a vision-language model. Here the hints are rendered and completed at a
size for eyes, the video model works on them reduced to its own, and what it changes is brought up as a residual: what
it adds to the hints' detail is what it adds to their means. Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from wm_gym.backends.base import ForwardingModel
from wm_gym.backends.memory_only import fill_from_nearest
from wm_gym.backends.video.model import VideoModel
from wm_gym.geometry.cameras import resize_intrinsics
from wm_gym.memory.hints import Hints
from wm_gym.scenes.openings import first_keyframes
from wm_gym.world_model import Chunk, Condition, Guidance, Opening

BASES = ((48, 64), (36, 48))
"""Sizes of the shipped video models, the finest first."""


class DetailedModel(ForwardingModel):
    """A video model whose frames are `factor` times finer than its own."""

    def __init__(self, model: VideoModel, factor: int) -> None:
        """Show what a model makes on hints that are `factor` times finer."""
        spec = model.spec
        finer = replace(spec, name="detailed", height=factor * spec.height, width=factor * spec.width)
        super().__init__(model, finer)
        self.factor = factor

    @classmethod
    def create(cls, height: int, width: int, **settings: Any) -> DetailedModel:
        """The model for frames of a size, a whole multiple of one of `BASES`; settings are those of `VideoModel`.

        Raises:
            ValueError: If there is no model of whose size it is a multiple, or `VideoModel.create` raises it.
        """
        for base in BASES:
            factor = height // base[0]
            if factor >= 1 and (height, width) == (factor * base[0], factor * base[1]):
                return cls(VideoModel.create(*base, **settings), factor)
        sizes = " or ".join(f"{rows} x {columns}" for rows, columns in BASES)
        raise ValueError(f"frames of backend 'detailed' must be a multiple of {sizes}, got {height} x {width}")

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[Any, Chunk]:
        """Open on the first keyframe of each capture.

        Raises:
            ValueError: If an opening has no capture, or one of another size.
        """
        share = 1 / self.factor
        coarse = [replace(one, intrinsics=resize_intrinsics(one.intrinsics, share, share)) for one in openings]
        state, _ = self.model.start(coarse, seeds)
        return state, first_keyframes(openings, self.spec)

    def step(self, state: Any, condition: Condition) -> tuple[Any, Chunk]:
        """Generate one chunk of every world.

        Raises:
            ValueError: If the condition has no guidance.
        """
        if condition.guidance is None:
            raise ValueError("backend 'detailed' needs guidance, got none")
        guidance = condition.guidance
        coarse = Guidance(
            reduced_hints(guidance.hints, self.factor), _centres(guidance.completed, self.factor), guidance.is_complete
        )
        share = 1 / self.factor
        lens = torch.stack([resize_intrinsics(one, share, share) for one in condition.intrinsics])
        state, chunk = self.model.step(state, replace(condition, intrinsics=lens, guidance=coarse))
        return state, self._detailed(chunk, guidance.hints, coarse.hints)

    def _detailed(self, chunk: Chunk, fine: Hints, coarse: Hints) -> Chunk:
        """A chunk brought up to the size of the hints."""
        assert chunk.depth is not None and chunk.moving is not None
        shown = fill_from_nearest(coarse.colour, coarse.seen)
        change = self._smooth(chunk.frames.float() - shown.float())
        under = torch.where(fine.seen[..., None], fine.colour.float(), self._smooth(shown.float()))
        frames = (under + change).round().clamp(0, 255).to(torch.uint8)
        depth, moving = self._blocks(chunk.depth), self._blocks(chunk.moving)
        depth = torch.where(fine.seen & ~moving, fine.log_depth.exp(), depth)
        sure = None if chunk.write_mask is None else self._blocks(chunk.write_mask)
        return replace(chunk, frames=frames, depth=depth, moving=moving, write_mask=sure)

    def _smooth(self, pictures: Tensor) -> Tensor:
        """(N, T, H, W, 3) brought up by interpolation."""
        flat = pictures.flatten(0, 1).permute(0, 3, 1, 2)
        up = interpolate(flat, scale_factor=self.factor, mode="bilinear", align_corners=False)
        return up.permute(0, 2, 3, 1).unflatten(0, pictures.shape[:2])

    def _blocks(self, planes: Tensor) -> Tensor:
        """(N, T, H, W) brought up by repeating."""
        return planes.repeat_interleave(self.factor, -2).repeat_interleave(self.factor, -1)


def reduced_hints(hints: Hints, factor: int) -> Hints:
    """Hints (N, T, H, W) of `factor` times fewer rows and columns: the mean of seen colours, else the middle pixel."""
    seen = hints.seen.float()
    cells = seen.unfold(2, factor, factor).unfold(3, factor, factor).sum((-1, -2))
    colours = (hints.colour.float() * seen[..., None]).unfold(2, factor, factor).unfold(3, factor, factor).sum((-1, -2))
    middle = {name: _centres(value, factor) for name, value in vars(hints).items() if name != "colour"}
    colour = (colours / cells.clamp_min(1)[..., None]).round() * middle["seen"][..., None]
    return Hints(colour=colour.to(torch.uint8), **middle | {"area": middle["area"] / factor**2})


def _centres(planes: Tensor, factor: int) -> Tensor:
    """The middle one of each square of pixels."""
    return planes[:, :, factor // 2 :: factor, factor // 2 :: factor].contiguous()
