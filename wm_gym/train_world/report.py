"""What a person sees of a run: losses and figures in TensorBoard and a JSON-lines file, and strips of pictures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.rows import Role, Rows
from wm_gym.train_world.batches import Batch, Batches
from wm_gym.train_world.checkpoint import Progress
from wm_gym.train_world.lessons import Lesson
from wm_gym.train_world.objective import ObjectiveConfig

HELD_OUT_BATCH = 48
STRIP_SAMPLES = 12


class Report:
    """Collects losses; now and then scores the average weights on held-out clips and draws a strip."""

    def __init__(self, folder: Path, objective: ObjectiveConfig, held_out: Sequence[Lesson], length: int) -> None:
        """Report into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._held_out, self._length = folder, held_out, length
        self._sums: dict[str, list[float]] = defaultdict(list)
        self._board = _board(folder)
        self._batch: Batch | None = None

    def add(self, step: int, figures: dict[str, float]) -> None:
        """The losses of one step."""
        for name, value in figures.items():
            self._sums[name].append(value)

    def write(self, progress: Progress, learning_rate: float) -> dict[str, str]:
        """Score, log and draw; returns what the progress bar shows."""
        figures = {name: float(np.mean(values)) for name, values in self._sums.items()}
        self._sums.clear()
        figures |= {"learning_rate": learning_rate, "minutes": progress.seconds / 60}
        if len(self._held_out):
            figures |= self._score(progress)
        with (self._folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"step": progress.step} | figures) + "\n")
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, progress.step)
        shown = ("loss", "psnr_db", "hint_psnr_db", "unseen_psnr_db", "hint_unseen_psnr_db")
        return {name: f"{figures[name]:.3f}" for name in shown if name in figures}

    def close(self) -> None:
        """Close the logs."""
        if self._board is not None:
            self._board.close()

    @torch.no_grad()
    def _score(self, progress: Progress) -> dict[str, float]:
        network: Any = progress.average
        device = network.transformer.proj_out.weight.device
        if self._batch is None:
            batches = Batches(self._held_out, network.codec, length=self._length, patch=network.config.patch)
            self._batch = batches.draw(HELD_OUT_BATCH, 0, 0, None).to(device)
        clean = predict_targets(network, self._batch)
        self._draw(clean, progress.step)
        return compare(clean, network.codec.guess(self._batch.hints[:, -1]), self._batch)

    def _draw(self, clean: Tensor, step: int) -> None:
        """Rows: truth, hint, generated, of the last frame of some targets."""
        assert self._batch is not None
        rows = [_colours(self._batch.clean[:, -1]), _hint_colours(self._batch.hints[:, -1]), _colours(clean)]
        strip = np.concatenate([np.concatenate(list(row[:STRIP_SAMPLES]), 1) for row in rows], 0)
        Image.fromarray(strip).save(self._folder / f"strip_{step:07d}.png")
        if self._board is not None:
            self._board.add_image("truth, hint, generated", strip, step, dataformats="HWC")


def predict_targets(network: VideoNetwork, batch: Batch) -> Tensor:
    """One-step predictions of each sample's last latent frame after a clean past, (B, 20, H, W)."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(batch.clean[:, -1].shape, generator=generator).to(batch.clean.device)
    noisy = torch.cat([batch.clean[:, :-1], noise[:, None]], 1)
    levels = torch.zeros(batch.times.shape, device=noisy.device)
    levels[:, -1] = 1.0
    clean, _ = network(noisy, Rows.of(batch.times, levels, Role.TARGET), batch.given(network))
    return clean[:, -1].clamp(-1, 1)


def compare(clean: Tensor, guess: Tensor, batch: Batch) -> dict[str, float]:
    """PSNR over all and over unseen pixels of the prediction and of the hints, and the IoU of the moving masks."""
    truth = batch.clean[:, -1].unflatten(1, (-1, FRAME_CHANNELS))
    seen = batch.hints[:, -1].unflatten(1, (-1, HINT_CHANNELS))[:, :, 4] > 0
    figures = {}
    for name, latent in (("", clean), ("hint_", guess)):
        squared = (latent.unflatten(1, (-1, FRAME_CHANNELS))[:, :, :3] - truth[:, :, :3]).square().mean(2)
        figures[f"{name}psnr_db"] = float((-10 * torch.log10(squared.mean((2, 3)).clamp(min=1e-6) / 4)).mean())
        figures[f"{name}unseen_psnr_db"] = float(-10 * torch.log10(squared[~seen].mean() / 4))
    ours, theirs = clean.unflatten(1, (-1, FRAME_CHANNELS))[:, :, 4] > 0, truth[:, :, 4] > 0
    figures["moving_iou"] = float((ours & theirs).sum() / (ours | theirs).sum().clamp(min=1))
    return figures


def _colours(latent: Tensor) -> np.ndarray:
    last = latent.unflatten(1, (-1, FRAME_CHANNELS))[:, -1, :3]
    return ((last.clamp(-1, 1) + 1) * 127.5).round().byte().movedim(1, -1).cpu().numpy()


def _hint_colours(hints: Tensor) -> np.ndarray:
    last = hints.unflatten(1, (-1, HINT_CHANNELS))[:, -1]
    colour = (last[:, :3].clamp(-1, 1) + 1) * 127.5
    return torch.where(last[:, 4:5] > 0, colour, torch.tensor(80.0)).byte().movedim(1, -1).cpu().numpy()


def _board(folder: Path):
    """A TensorBoard writer, or None where TensorBoard is not installed: the JSON lines hold the same figures."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
