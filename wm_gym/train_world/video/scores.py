"""Scores of the video model on held-out clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.data.samples import ClipSample
from wm_gym.train_world.report import Score
from wm_gym.train_world.video.batches import Batch, Batches
from wm_gym.train_world.video.latents import latents_of

HELD_OUT_BATCH = 48
STRIP_SAMPLES = 12


class HeldOut:
    """Scores networks on one batch of held-out clips."""

    def __init__(self, samples: Sequence[ClipSample], length: int) -> None:
        """Score on samples of `length` steps."""
        self._samples, self._length = samples, length
        self._batch: Batch | None = None

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Figures, and rows of truth, hint and generated, of the last frame of some targets."""
        video: Any = network
        device = video.transformer.proj_out.weight.device
        if self._batch is None:
            batches = Batches(self._samples, video.packing, video.config, length=self._length)
            self._batch = batches.draw(HELD_OUT_BATCH, 0, 0, None).to(device)
        planes = predict_targets(video, self._batch)
        figures = compare(planes, video.packing.hint_prior(self._batch.hints[:, -1]), self._batch)
        return Score(figures, self._strip(self._batch, planes), "truth, hint, generated")

    def _strip(self, batch: Batch, planes: Tensor) -> np.ndarray:
        rows = [_colours(batch.clean[:, -1]), _hint_colours(batch.hints[:, -1]), _colours(planes)]
        return np.concatenate([np.concatenate(list(row[:STRIP_SAMPLES]), 1) for row in rows], 0)


def predict_targets(network: VideoNetwork, batch: Batch) -> Tensor:
    """Planes (B, F * 5, H, W) of each sample's last latent frame, its chunk predicted after a clean past."""
    chunk = network.config.latents_per_chunk
    latents, times = latents_of(network.codec, batch, chunk), batch.times
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(latents.clean[:, -chunk:].shape, generator=generator).to(batch.clean.device)
    noisy = torch.cat([latents.clean[:, :-chunk], noise], 1)
    levels = torch.zeros(times.shape, device=noisy.device)
    levels[:, -chunk:] = 1.0
    metadata = FrameMetadata.of(times, levels, Role.TARGET, times - times % chunk)
    clean, _ = network(noisy, metadata, batch.conditioning(network, latents.hints))
    return network.codec.decode(clean[:, -chunk:].clamp(-1, 1), latents.last_state)[0][:, -1].clamp(-1, 1)


def compare(planes: Tensor, hint_prior: Tensor, batch: Batch) -> dict[str, float]:
    """PSNR over all and over unseen pixels of the prediction and of the hints, and the IoU of the moving masks."""
    truth = batch.clean[:, -1].unflatten(1, (-1, FRAME_CHANNELS))
    seen = batch.hints[:, -1].unflatten(1, (-1, HINT_CHANNELS))[:, :, 4] > 0
    figures = {}
    for name, predicted in (("", planes), ("hint_", hint_prior)):
        squared = (predicted.unflatten(1, (-1, FRAME_CHANNELS))[:, :, :3] - truth[:, :, :3]).square().mean(2)
        figures[f"{name}psnr_db"] = float((-10 * torch.log10(squared.mean((2, 3)).clamp(min=1e-6) / 4)).mean())
        figures[f"{name}unseen_psnr_db"] = float(-10 * torch.log10(squared[~seen].mean() / 4))
    ours, theirs = planes.unflatten(1, (-1, FRAME_CHANNELS))[:, :, 4] > 0, truth[:, :, 4] > 0
    figures["moving_iou"] = float((ours & theirs).sum() / (ours | theirs).sum().clamp(min=1))
    return figures


def _colours(planes: Tensor) -> np.ndarray:
    last = planes.unflatten(1, (-1, FRAME_CHANNELS))[:, -1, :3]
    return ((last.clamp(-1, 1) + 1) * 127.5).round().byte().movedim(1, -1).cpu().numpy()


def _hint_colours(hints: Tensor) -> np.ndarray:
    last = hints.unflatten(1, (-1, HINT_CHANNELS))[:, -1]
    colour = (last[:, :3].clamp(-1, 1) + 1) * 127.5
    return torch.where(last[:, 4:5] > 0, colour, torch.tensor(80.0)).byte().movedim(1, -1).cpu().numpy()
