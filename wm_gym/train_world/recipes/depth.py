"""Recipe "depth": depth and moving things from colours, camera height, parallax and what is known, on recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wm_gym.reconstruction.depth_network import DepthConfig, DepthNetwork
from wm_gym.reconstruction.depth_weights import load_depth, save_depth
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.depth.batches import Walks
from wm_gym.train_world.depth.clips import read_depth_clips
from wm_gym.train_world.depth.draws import draw_walks
from wm_gym.train_world.depth.objective import walks_loss
from wm_gym.train_world.depth.scores import HeldOutDepth
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.trainer import Recipe


@dataclass
class DepthTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the network's.

    Attributes:
        batch: Walks in a step.
        length: Frames of each, about a step apart.
        depth: Shape of the network.
        hinted: Share of walks parts of whose depth are known, as where memory shows something.
        initial: Weights of this recipe and shape to begin with; empty for random ones.
    """

    output: str = "outputs/train_depth"
    steps: int = 8000
    batch: int = 8
    length: int = 3
    learning_rate: float = 6e-4
    weight_decay: float = 1e-3
    warmup: int = 200
    constant_share: float = 0.4
    bfloat16: bool = True
    depth: DepthConfig = field(default_factory=DepthConfig)
    hinted: float = 0.4
    initial: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.hinted <= 1.0:
            raise ValueError(f"hinted must be within 0..1, got {self.hinted}")


@dataclass
class DepthRunConfig:
    """The data of a run, and the run.

    Attributes:
        recordings: Folders of recordings to train on, of one size.
        held_out: Folder of recordings to score on; empty for no scores.
        threads: Threads of torch.
        train: The run.
    """

    recordings: list[str] = field(default_factory=lambda: ["outputs/recordings"])
    held_out: str = ""
    threads: int = 1
    train: DepthTrainConfig = field(default_factory=DepthTrainConfig)


def run_depth(config: DepthRunConfig) -> str:
    """Read recordings, then train; returns a summary. Raises as `run_recipe` does."""

    def prepare() -> Recipe[Walks]:
        held_out = Recordings(config.held_out) if config.held_out else None
        return depth_recipe(config.train, [Recordings(folder) for folder in config.recordings], held_out)

    return run_recipe(config.train, config.threads, prepare)


def depth_recipe(
    config: DepthTrainConfig, sources: Sequence[Recordings], held_out: Recordings | None = None
) -> Recipe[Walks]:
    """The training of a depth network on recordings of one size, which are read whole, scored on others.

    Raises:
        ValueError: If there are no clips, or of several sizes, or the initial weights are of another shape.
    """
    clips = read_depth_clips(sources)
    torch.manual_seed(config.seed)
    network = network_of(config)

    def draw(number: int) -> Walks:
        rng = np.random.default_rng([config.seed, number])
        return draw_walks(clips, config.batch, config.length, config.hinted, rng)

    def loss_of(walks: Walks, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return walks_loss(network, walks, torch.device(config.device))

    score = None if held_out is None else HeldOutDepth(read_depth_clips([held_out]))
    return Recipe(config, network, draw, loss_of, score, save_depth, "depth.safetensors")


def network_of(config: DepthTrainConfig) -> DepthNetwork:
    """The network before its first step.

    Raises:
        ValueError: If the initial weights are of another shape, or none.
    """
    network = DepthNetwork(DepthConfig(**asdict(config.depth)))
    if config.initial:
        trained = load_depth(Path(config.initial))
        if trained.config != network.config:
            raise ValueError(
                f"initial weights must be of the shape {network.config}, got {trained.config} in {config.initial}"
            )
        network.load_state_dict(trained.state_dict())
    return network
