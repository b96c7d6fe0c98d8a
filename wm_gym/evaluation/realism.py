"""The realism classifier of single frames: does a frame show a place, or only the colours and edges of one?

A small network that tells frames of the twin from the same frames shuffled, blurred, mixed with others, turned into
tiles or emptied (`wm_gym.evaluation.corruptions`). No world model may ever be trained on it: a model trained on it
passes without showing a place, and the figure is worth nothing. `train_world` cannot import this room.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.functional import interpolate

from wm_gym.files.atomic import write_atomically

HEIGHT, WIDTH = 48, 64
FORMAT, VERSION = "wm_gym.realism_classifier", 1
SHIPPED = Path(__file__).with_name("realism_classifier.safetensors")
_BATCH = 256


@dataclass(frozen=True)
class RealismConfig:
    """Shape of the network.

    Attributes:
        channels: Channels of the stages; each of them but the first halves the frame.
        hidden: Width of the last layer but one.
    """

    channels: tuple[int, ...] = (16, 24, 32, 56)
    hidden: int = 32

    def __post_init__(self) -> None:
        if not self.channels or min(*self.channels, self.hidden) < 1:
            raise ValueError(f"channels and hidden must be at least 1, got {self.channels} and {self.hidden}")


class RealismNetwork(nn.Module):
    """Frames to one number each: the log odds that it is a place."""

    def __init__(self, config: RealismConfig) -> None:
        """Random weights."""
        super().__init__()
        self.config = config
        wide = config.channels
        stages = [_stage(3, wide[0], stride=1)]
        stages += [_stage(before, after, stride=2) for before, after in itertools.pairwise(wide)]
        self.stages = nn.Sequential(*stages, _stage(wide[-1], wide[-1], stride=1))
        self.head = nn.Sequential(nn.Linear(2 * wide[-1], config.hidden), nn.ReLU(), nn.Linear(config.hidden, 1))

    def forward(self, frames: Tensor) -> Tensor:
        """Log odds (B,) of frames (B, 3, 48, 64), -1..1."""
        features = self.stages(frames)
        # the mean tells what the whole is like, the maximum that one part is out of place
        return self.head(torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1))[:, 0]


def _stage(before: int, after: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())


class RealismClassifier:
    """A trained network and the threshold that 95 % of frames it never saw of the twin pass."""

    def __init__(self, network: RealismNetwork, threshold: float) -> None:
        """A frame passes if its log odds by `network` are at least `threshold`."""
        self.network, self.threshold = network.eval().requires_grad_(False), threshold

    @classmethod
    def load(cls, path: Path = SHIPPED) -> RealismClassifier:
        """The classifier of a file.

        Raises:
            ValueError: If the file is missing, damaged or of another program.
        """
        header, tensors = _read(path)
        network = RealismNetwork(RealismConfig(tuple(header["config"]["channels"]), header["config"]["hidden"]))
        network.load_state_dict(tensors)
        return cls(network, header["threshold"])

    def save(self, path: Path) -> None:
        """Write the classifier in bfloat16, atomically."""
        header = {
            "format": FORMAT, "version": VERSION, "config": asdict(self.network.config), "threshold": self.threshold,
        }  # fmt: skip
        tensors = {name: _halved(tensor) for name, tensor in self.network.state_dict().items()}
        data = save(tensors, metadata={"wm_gym": json.dumps(header)})
        write_atomically(path, lambda file: file.write(data))

    def log_odds(self, frames: Tensor) -> Tensor:
        """(T,) float32 of frames (T, H, W, 3) uint8 of any size.

        Raises:
            ValueError: If the frames are not (T, H, W, 3) uint8.
        """
        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != torch.uint8:
            raise ValueError(f"frames must be (T, H, W, 3) uint8, got {tuple(frames.shape)} {frames.dtype}")
        parts = [self.network(prepared(part)) for part in frames.split(_BATCH)]
        return torch.cat(parts) if parts else torch.zeros(0)

    def passes(self, frames: Tensor) -> Tensor:
        """Whether each of the frames (T, H, W, 3) uint8 shows a place, (T,) bool."""
        return self.log_odds(frames) >= self.threshold


def prepared(frames: Tensor) -> Tensor:
    """Frames (T, H, W, 3) uint8 as the network takes them, (T, 3, 48, 64) -1..1; other sizes are resized by area."""
    planes = frames.movedim(-1, 1).float() / 127.5 - 1
    return planes if planes.shape[2:] == (HEIGHT, WIDTH) else interpolate(planes, (HEIGHT, WIDTH), mode="area")


def _halved(tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor


def _read(path: Path) -> tuple[dict, dict[str, Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})["wm_gym"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"classifier {path} must be a whole {FORMAT} file, got one that cannot be read") from error
    if (header.get("format"), header.get("version")) != (FORMAT, VERSION):
        came = f"{header.get('format')} version {header.get('version')}"
        raise ValueError(f"classifier {path} must be {FORMAT} version {VERSION}, got {came}")
    return header, tensors
