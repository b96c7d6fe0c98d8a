"""Training of the realism classifier: `python -m wm_gym.evaluation.realism_training --recordings ... --held-out ...`.

Half of every batch are frames of the twin, half are corrupted negatives, equally many of each kind. The threshold is
then set so that 95 % of the twin's frames of validation clips pass.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate
from torch.optim.lr_scheduler import OneCycleLR

from wm_gym.evaluation.corruptions import KINDS, OTHERS, Corruption
from wm_gym.evaluation.realism import SHIPPED, RealismClassifier, RealismConfig, RealismNetwork, prepared
from wm_gym.progress import progress_bar
from wm_gym.train_world.data.recordings import Recordings

COARSE = (36, 48)


@dataclass(frozen=True)
class RealismTrainConfig:
    """Settings of one training.

    Attributes:
        classifier: Shape of the network.
        frame_stride: Stride between the frames of a clip that are used.
        validation_clips: Last clips of the recordings, on which only the threshold is chosen.
        pass_share: Share of the twin's frames of these clips that pass.
        steps: Steps of the optimizer.
        batch: Frames of a step; half are corrupted.
        learning_rate: Highest learning rate of the cycle.
        weight_decay: Weight decay of AdamW.
        most_brighter: Largest change of brightness, grey levels of 255.
        most_contrast: Largest change of contrast, as a share.
        most_soft: Largest Gaussian sigma, in pixels, by which half of all frames, corrupted or not, are blurred:
            sharpness is measured elsewhere.
        coarse_share: Share of all frames, corrupted or not, that are reduced to 36 x 48 first.
        seed: Seed of everything random.
    """

    classifier: RealismConfig = field(default_factory=RealismConfig)
    frame_stride: int = 6
    validation_clips: int = 100
    pass_share: float = 0.95
    steps: int = 9000
    batch: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    most_brighter: float = 16.0
    most_contrast: float = 0.15
    most_soft: float = 0.7
    coarse_share: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch < 2 or self.batch % 2:
            raise ValueError(f"batch must be even and at least 2, got {self.batch}")
        if not 0 < self.pass_share < 1:
            raise ValueError(f"pass_share must be in 0..1, got {self.pass_share}")


def read_frames(recordings: Recordings, clips: Iterable[int], stride: int) -> np.ndarray:
    """Frames of some clips at a stride, (F, H, W, 3) uint8."""
    return np.concatenate([recordings.clip(index).frames[::stride] for index in clips])


def corrupt(
    frames: np.ndarray, rows: Iterable[int], kinds: Iterable[Corruption], rng: np.random.Generator
) -> np.ndarray:
    """Corrupted negatives of some of the frames (F, H, W, 3) uint8, each by its kind."""
    chosen = zip(rows, kinds, strict=True)
    return np.stack(
        [kind(frames[row], list(frames[rng.integers(len(frames), size=OTHERS)]), rng) for row, kind in chosen]
    )


def train_classifier(frames: np.ndarray, config: RealismTrainConfig) -> RealismNetwork:
    """A network that tells frames (F, 48, 64, 3) uint8 of the twin from corrupted ones."""
    torch.manual_seed(config.seed)
    network, rng = RealismNetwork(config.classifier).train(), np.random.default_rng(config.seed)
    optimiser = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    schedule = OneCycleLR(optimiser, config.learning_rate, config.steps)
    labels = torch.arange(config.batch).lt(config.batch // 2).float()
    for _ in (bar := progress_bar(range(config.steps), desc="realism", smoothing=0.02)):
        loss = binary_cross_entropy_with_logits(network(_draw(frames, config, rng)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.3f}")
    return network.eval()


def _draw(frames: np.ndarray, config: RealismTrainConfig, rng: np.random.Generator) -> Tensor:
    """A batch as the network takes it: true frames, then corrupted negatives."""
    half = config.batch // 2
    rows = rng.integers(len(frames), size=(2, half))
    kinds = [list(KINDS.values())[k] for k in rng.integers(len(KINDS), size=half)]
    mixed = np.concatenate([frames[rows[0]], corrupt(frames, rows[1], kinds, rng)])
    planes = prepared(torch.from_numpy(np.stack([_varied(frame, config, rng) for frame in mixed])))
    coarse = torch.from_numpy(rng.random(len(planes)) < config.coarse_share)
    smaller = interpolate(planes[coarse], COARSE, mode="area")
    planes[coarse] = interpolate(smaller, planes.shape[2:], mode="area")
    return planes


def _varied(frame: np.ndarray, config: RealismTrainConfig, rng: np.random.Generator) -> np.ndarray:
    """A frame (H, W, 3) uint8 with random mirroring, blur, contrast and brightness."""
    frame = frame[:, ::-1] if rng.random() < 0.5 else frame
    values = frame.astype(np.float32)
    if rng.random() < 0.5:
        sigma = rng.uniform(0, config.most_soft)
        values = gaussian_filter(values, (sigma, sigma, 0))
    contrast = 1 + rng.uniform(-config.most_contrast, config.most_contrast)
    values = values.mean() + contrast * (values - values.mean()) + rng.uniform(-1, 1) * config.most_brighter
    return values.clip(0, 255).astype(np.uint8)


def with_threshold(network: RealismNetwork, frames: np.ndarray, share: float) -> RealismClassifier:
    """The classifier in the precision of its file, with a threshold that a share of frames (F, H, W, 3) uint8 pass."""
    halved = {name: t.bfloat16() if t.is_floating_point() else t for name, t in network.state_dict().items()}
    network.load_state_dict(halved)
    odds = RealismClassifier(network, 0.0).log_odds(torch.from_numpy(frames))
    return RealismClassifier(network, float(odds.quantile(1 - share)))


def shares(classifier: RealismClassifier, frames: np.ndarray, seed: int) -> dict[str, float]:
    """Share of frames (F, H, W, 3) uint8 that pass, as `place`, and of those corrupted by each kind that do not."""
    rng, every = np.random.default_rng(seed), range(len(frames))
    figures = {"place": float(classifier.passes(torch.from_numpy(frames)).double().mean())}
    for name, kind in KINDS.items():
        corrupted = torch.from_numpy(corrupt(frames, every, [kind] * len(frames), rng))
        figures[name] = 1 - float(classifier.passes(corrupted).double().mean())
    return figures


def main() -> None:
    """Train, choose the threshold, write the classifier and print the shares that it accepts and rejects."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, required=True, help="folder to train on")
    parser.add_argument("--held-out", type=Path, required=True, help="folder of recordings of split test")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    parser.add_argument("--steps", type=int, default=RealismTrainConfig.steps)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    config, recordings, held_out = (
        RealismTrainConfig(steps=asked.steps),
        Recordings(asked.recordings),
        Recordings(asked.held_out),
    )
    first = len(recordings) - config.validation_clips
    network = train_classifier(read_frames(recordings, range(first), config.frame_stride), config)
    apart = read_frames(recordings, range(first, len(recordings)), config.frame_stride)
    classifier = with_threshold(network, apart, config.pass_share)
    classifier.save(asked.output)
    unseen = read_frames(held_out, range(len(held_out)), config.frame_stride)
    for name, frames in (("validation", apart), ("held out", unseen)):
        print(name, "  ".join(f"{kind} {share:.3f}" for kind, share in shares(classifier, frames, config.seed).items()))


if __name__ == "__main__":
    main()
