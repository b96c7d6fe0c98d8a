"""Scores of a streaming codec on held-out clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.backends.video.streaming import StreamingCodec
from wm_gym.train_world.codec.clips import CodecClip, draw_chunks
from wm_gym.train_world.codec.objective import by_frame
from wm_gym.train_world.report import Score

HELD_OUT_SAMPLES = 48
STRIP_SAMPLES = 12
NEAR_METRES, FAR_METRES = 0.3, 20.0
"""Range of true depth in which depth is compared."""


class HeldOutClips:
    """Scores codecs on some samples of held-out clips."""

    def __init__(self, clips: Sequence[CodecClip], length: int) -> None:
        """Score on samples of `length` chunks after an opening."""
        self._clips, self._length = clips, length

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Figures, and rows of truth and decoded colour and depth of the last frame of some samples."""
        codec: Any = network
        planes = draw_chunks(
            self._clips, codec.packing, np.random.default_rng(0), HELD_OUT_SAMPLES, length=self._length,
            num_frames=codec.num_frames,
        )  # fmt: skip
        decoded = reconstruct(codec, planes)
        return Score(
            compare_planes(codec, decoded, planes), _strip(decoded, planes), "truth, decoded, and their depths"
        )


def reconstruct(codec: StreamingCodec, planes: Tensor) -> Tensor:
    """Samples (B, L, T * 5, H, W) encoded and decoded, on the codec's device; the result is on the samples'."""
    state = codec.start(len(planes), *planes.shape[-2:])
    latents, _ = codec.encode_clip(planes.to(state[0].device), state)
    return codec.decode_clip(latents, state)[0].clamp(-1, 1).to(planes.device)


def compare_planes(codec: StreamingCodec, decoded: Tensor, planes: Tensor) -> dict[str, float]:
    """Figures of samples (B, L, T * 5, H, W), their openings apart.

    Returns:
        psnr_db: Over the pixels of a frame, then averaged.
        depth_absrel: Mean relative error of depth between 0.3 and 20 m.
        moving_iou: Of the moving masks, all pixels together.
        sharpness_ratio: Energy of the gradients of frames, as a ratio to the truth's.
        boundary_ratio: Error of the change from the last frame of a chunk to the first of the next, as a ratio to
            that of changes within chunks.
    """
    ours, theirs = by_frame(decoded[:, 1:]), by_frame(planes[:, 1:])
    squared = (ours[:, :, :3] - theirs[:, :, :3]).square().mean((2, 3, 4))
    depths = [codec.packing.decode(x.flatten(0, 1))[1][:, 0] for x in (ours, theirs)]
    inside = (depths[1] > NEAR_METRES) & (depths[1] < FAR_METRES)
    moves = ours[:, :, 4] > 0, theirs[:, :, 4] > 0
    steps = (ours - theirs)[:, :, :3].diff(dim=1).abs().mean((0, 2, 3, 4))
    is_boundary = torch.arange(1, len(steps) + 1) % codec.num_frames == 0
    return {
        "psnr_db": float((-10 * torch.log10(squared.clamp(min=1e-6) / 4)).mean()),
        "depth_absrel": float(((depths[0] - depths[1]).abs() / depths[1])[inside].mean()),
        "moving_iou": float((moves[0] & moves[1]).sum() / (moves[0] | moves[1]).sum().clamp(min=1)),
        "sharpness_ratio": _gradient_energy(ours) / _gradient_energy(theirs),
        "boundary_ratio": float(steps[is_boundary].mean() / steps[~is_boundary].mean()) if is_boundary.any() else 1.0,
    }


def _gradient_energy(frames: Tensor) -> float:
    colour = frames[:, :, :3]
    return float(colour.diff(dim=-1).square().mean() + colour.diff(dim=-2).square().mean())


def _strip(decoded: Tensor, planes: Tensor) -> np.ndarray:
    last = [by_frame(x)[:STRIP_SAMPLES, -1] for x in (planes, decoded)]
    rows = [x[:, :3] for x in last] + [x[:, 3:4].expand(-1, 3, -1, -1) for x in last]
    pictures = [((row + 1) * 127.5).round().byte().movedim(1, -1).numpy() for row in rows]
    return np.concatenate([np.concatenate(list(row), 1) for row in pictures], 0)
