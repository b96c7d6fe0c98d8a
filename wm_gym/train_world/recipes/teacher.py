"""Recipe "teacher": a model that samples whole chunks in many steps, from the last frame and the camera's way.

It sees all latent frames of its chunk at once, at one noise level. The same recipe trains what it is compared with: a
regressor, which is asked at pure noise alone. Source: LingBot-World section 3.1.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.weights import begin_from, load_weights, save_weights
from wm_gym.train_world.distilling.flow import FlowConfig, draw_levels, flow_errors, sample
from wm_gym.train_world.distilling.given import Given, bound
from wm_gym.train_world.distilling.scores import HeldOutPieces, Maker
from wm_gym.train_world.distilling.walks import Pieces, Walks, WalkSources, drawer_of, given_of, read_sources
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.muon import MuonAdamW
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.trainer import Recipe

OBJECTIVES = ("flow", "regression")
PARTS = ("all", "steering")

_STEERING = ("camera_embedder", "action_embedder", "cam_scale", "cam_shift")
"""Parts of the transformer through which camera and keys act."""


def bench_video() -> VideoConfig:
    """A model small enough to be trained and distilled on a processor: single frames of 24 x 32."""
    return VideoConfig(
        height=24, width=32, frames_per_latent=1, patch=4, num_heads=4, head_dim=32, num_layers=5, ffn_dim=512,
        text_dim=16, text_vocabulary=64, text_tokens=8, window_latents=1, sink_latents=0, refiner_channels=48,
    )  # fmt: skip


@dataclass
class TeacherTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the teacher's.

    Attributes:
        initial: File of weights to start from, taken wherever they fit by name and shape; empty for random ones.
        objective: "flow": all noise levels; "regression": pure noise alone, which gives the mean of all answers.
        control: Whether hints, camera and keys are given. Without them it learns how places look, whatever was done.
        parts: "all", or "steering": what embeds camera and keys alone, the rest stays as it began.
        video: Shape of the model, of exact patches.
        flow: Noise levels.
        no_hints: Share of samples before which nothing was seen.
        past_noise: Largest noise of the last frame that the hints come from, in half of the samples: in closed loop it
            is generated.
        moving_weight: Weight of the moving mask against a colour.
        depth_weight: Weight of log-depth against a colour.
    """

    output: str = "outputs/train_teacher"
    steps: int = 20_000
    batch: int = 48
    length: int = 1
    warmup: int = 150
    constant_share: float = 0.6
    weight_decay: float = 0.01
    initial: str = ""
    objective: str = "flow"
    control: bool = True
    parts: str = "all"
    video: VideoConfig = field(default_factory=bench_video)
    flow: FlowConfig = field(default_factory=FlowConfig)
    no_hints: float = 0.1
    past_noise: float = 0.04
    moving_weight: float = 0.3
    depth_weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.objective not in OBJECTIVES:
            raise ValueError(f"objective must be one of {list(OBJECTIVES)}, got {self.objective!r}")
        if self.parts not in PARTS:
            raise ValueError(f"parts must be one of {list(PARTS)}, got {self.parts!r}")
        if self.video.codec != "space_to_depth":
            raise ValueError(f"video.codec must be 'space_to_depth' for a teacher, got {self.video.codec!r}")


@dataclass
class TeacherRunConfig(WalkSources):
    """The data of a run, and the run.

    Attributes:
        train: The run.
    """

    train: TeacherTrainConfig = field(default_factory=TeacherTrainConfig)


def run_teacher(config: TeacherRunConfig) -> str:
    """Read walks, then train; returns a summary. Raises as `run_recipe` does."""

    def prepare() -> Recipe[Pieces]:
        return teacher_recipe(config.train, *read_sources(config, config.train.video, "train.video"))

    return run_recipe(config.train, config.threads, prepare)


def teacher_recipe(config: TeacherTrainConfig, walks: Walks, held_out: Walks | None = None) -> Recipe[Pieces]:
    """The training of a teacher, or of a regressor, on walks, scored on others."""
    network = new_network(config.video, config.initial, config.seed)
    if config.parts == "steering":
        freeze_all_but_steering(network)
    draw_at = drawer_of(walks, network, config.length, config.seed)

    def draw(number: int) -> Pieces:
        return draw_at(config.batch, number=number)

    def loss_of(batch: Pieces, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return teacher_loss(network, batch, config, generator)

    score = None if held_out is None else HeldOutPieces(held_out, config.length, maker_of(config))
    optimizer = hidden_by_muon(network, config.learning_rate, config.weight_decay)
    return Recipe(config, network, draw, loss_of, score, save_weights, "weights.safetensors", optimizer)


def teacher_loss(
    network: VideoNetwork, pieces: Pieces, config: TeacherTrainConfig, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Errors of the clean planes as errors of velocity, weighted by channel; and the plain error of colours."""
    before = with_noise(pieces.before, config.past_noise, generator)
    given = given_of(pieces, before, 0, pieces.length, config.video, network.packing)
    given = without_hints(given, config.no_hints, generator) if config.control else given.without_control()
    count, length = pieces.clean.shape[:2]
    is_flow = config.objective == "flow"
    levels = draw_levels(count, length, config.flow, generator) if is_flow else torch.ones(count, length)
    errors = flow_errors(bound(network, given), pieces.clean, levels.to(before.device), config.flow, generator)
    by_channel = errors.unflatten(2, (-1, FRAME_CHANNELS)).mean((0, 1, 2, 4, 5))
    weights = by_channel.new_tensor([1.0, 1.0, 1.0, config.depth_weight, config.moving_weight])
    return (by_channel * weights).sum() / FRAME_CHANNELS, {"colour": by_channel[:3].mean().detach()}


def maker_of(config: TeacherTrainConfig) -> Maker:
    """How such a model makes chunks: along the flow, or in one step."""
    flow = config.flow if config.objective == "flow" else FlowConfig(num_steps=1)

    def make(network: VideoNetwork, given: Given, seed: int) -> Tensor:
        shape, generator = (*given.times.shape, *network.latent_shape), torch.Generator().manual_seed(seed)
        noise = torch.randn(shape, generator=generator).to(given.hints.device)
        return sample(bound(network, given if config.control else given.without_control()), noise, flow)

    return make


def with_noise(planes: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Planes (B, 5, H, W), half of them with noise of up to that standard deviation on colour and depth."""
    chosen = torch.rand(len(planes), 1, 1, 1, generator=generator) < 0.5
    amount = chosen * most * torch.rand(len(planes), 1, 1, 1, generator=generator)
    noise = amount * torch.randn(planes.shape, generator=generator)
    noise[:, FRAME_CHANNELS - 1] = 0
    return planes + noise.to(planes.device)


def without_hints(given: Given, share: float, generator: torch.Generator) -> Given:
    """The same, without any hint in a share of the samples."""
    return given.without_hints(torch.rand(len(given.hints), generator=generator) < share)


def new_network(video: VideoConfig, initial: str, seed: int) -> VideoNetwork:
    """A network that begins at random, or with the weights of a file."""
    torch.manual_seed(seed)
    network = VideoNetwork(video)
    if initial:
        _refuse_student(load_weights(Path(initial)).config, initial)
        begin_from(Path(initial), network)
    return network


def _refuse_student(config: VideoConfig, path: str) -> None:
    if config.renoise:
        raise ValueError(f"train.initial must be no student's weights, got those of {config.num_steps} steps in {path}")


def hidden_by_muon(network: VideoNetwork, learning_rate: float, weight_decay: float) -> MuonAdamW:
    """Muon for the matrices of the blocks, AdamW for all else."""
    named = [(name, one) for name, one in network.named_parameters() if one.requires_grad]
    hidden = [one for name, one in named if ".blocks." in name and one.ndim == 2]
    others = [one for name, one in named if not (".blocks." in name and one.ndim == 2)]
    return MuonAdamW(hidden, others, learning_rate, weight_decay)


def freeze_all_but_steering(network: VideoNetwork) -> None:
    """Let what embeds camera and keys learn, and nothing else. Source: LingBot-World section 3.3.2."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(any(part in name for part in _STEERING))
