"""Scores of an inpainter on held-out frames."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.completion.conditioning import SEEN
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.sampling import SamplingConfig, sample_codes
from wm_gym.train_world.inpainting.batches import HintAugmentation, InpaintingBatch, draw_batch
from wm_gym.train_world.inpainting.objective import InpaintingObjectiveConfig, inpainting_loss
from wm_gym.train_world.inpainting.training_frames import TrainingFrames
from wm_gym.train_world.report import Score

BATCHES, BATCH = 4, 32
PICTURES = 12
MAGENTA = (1.0, -1.0, 1.0)


class HeldOutFrames:
    """Scores inpainters on frames with parts cut out."""

    def __init__(self, training_frames: TrainingFrames, config: InpainterConfig) -> None:
        """Draw the frames that are scored, the same ones every time."""
        augmentation = HintAugmentation(nothing=0.0, strip=0.8, box=0.2, everything=0.0, noise=0.0)
        self._batches = [
            draw_batch(training_frames, config, augmentation, BATCH, 0, number) for number in range(BATCHES)
        ]

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Figures over all batches, and a strip of truth, hints, inpainted frames and depth."""
        inpainter: Any = copy.deepcopy(network).cpu()  # the frames are kept there
        parts = [inpainting_loss(inpainter, batch, InpaintingObjectiveConfig())[1] for batch in self._batches]
        figures = {f"held_{name}": float(np.mean([float(part[name]) for part in parts])) for name in parts[0]}
        first = self._batches[0]
        inpainted, made = inpaint(inpainter, first, range(PICTURES), SamplingConfig())
        figures |= _sharpness(inpainter, first, inpainted, made)
        return Score(figures, _strip(first, made), "truth, hints, inpainted, depth of both")


def inpaint(inpainter: Inpainter, batch: InpaintingBatch, rows: range, config: SamplingConfig) -> tuple[Tensor, Tensor]:
    """Mask (R, tokens) of inpainted tokens, and surfaces (R, 4, H, W): decoded where hints are not kept."""
    known = batch.known[rows.start : rows.stop]
    inpainted = inpainter.wanting(known)
    codes = [sample_codes(inpainter, known[n : n + 1], inpainted[n : n + 1], config, [0, n]) for n in range(len(known))]
    made, trust = inpainter.decode_pixels(torch.cat(codes), known, inpainted)
    keeps = (known[:, SEEN] > 0) & ((trust > 0) | ~inpainter.pixels_of(inpainted))
    return inpainted, torch.where(keeps[:, None], known[:, :4], made)


def _sharpness(inpainter: Inpainter, batch: InpaintingBatch, inpainted: Tensor, made: Tensor) -> dict[str, float]:
    """Energy of gradients in inpainted pixels where nothing moves, as a ratio to the truth's."""
    count = len(inpainted)
    unseen = batch.known[:count, SEEN] == 0
    where = (inpainter.pixels_of(inpainted & batch.steady[:count]) & unseen)[:, 1:, 1:]
    ours, theirs = (_energy(surface)[where].sum() for surface in (made, batch.surface[:count]))
    return {"held_sharpness_ratio": float(ours / theirs.clamp(min=1e-6))}


def _energy(surface: Tensor) -> Tensor:
    colour = surface[:, :3].clamp(-1, 1)
    return (colour.diff(dim=-1)[..., 1:, :].square() + colour.diff(dim=-2)[..., 1:].square()).sum(1)


def _strip(batch: InpaintingBatch, made: Tensor) -> np.ndarray:
    truth, known = batch.surface[: len(made)], batch.known[: len(made)]
    hole = torch.tensor(MAGENTA).view(3, 1, 1)
    shown = torch.where(known[:, SEEN, None] > 0, known[:, :3], hole)
    rows = [truth[:, :3], shown, made[:, :3], *(x[:, 3:4].expand(-1, 3, -1, -1) for x in (truth, made))]
    pictures = [((row.clamp(-1, 1) + 1) * 127.5).round().byte().movedim(1, -1).numpy() for row in rows]
    return np.concatenate([np.concatenate(list(row), 1) for row in pictures], 0)
