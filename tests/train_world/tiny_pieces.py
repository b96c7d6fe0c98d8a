"""The smallest walks and networks of distillation."""

import torch
from torch import Tensor
from wall_clip import wall_clip

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.distilling.walks import Pieces, Walks, draw_pieces, walks_of

PACKING = SpaceToDepthCodec(0.2, 100.0)
TINY = VideoConfig(
    height=16, width=24, frames_per_latent=1, patch=8, num_layers=1, num_heads=2, head_dim=24, ffn_dim=32, text_dim=16,
    text_vocabulary=64, text_tokens=8, refiner_channels=4, window_latents=2, sink_latents=0,
)  # fmt: skip


def walks(count: int = 2) -> Walks:
    """Every second frame of turns before walls."""
    return walks_of([wall_clip(seed) for seed in range(count)], 2)


def pieces(length: int = 1, count: int = 3, number: int = 0) -> Pieces:
    """Pieces of those walks."""
    return draw_pieces(walks(), PACKING, count, length, 1, number, 0)


def planes(seed: int) -> Tensor:
    """(1, 5, 16, 24) planes of a frame of noise, nothing of which moves."""
    noise = torch.rand(1, 5, 16, 24, generator=torch.Generator().manual_seed(seed)) * 1.6 - 0.8
    noise[:, 4] = -1
    return noise


def network(seed: int = 0, config: VideoConfig = TINY) -> VideoNetwork:
    """A network whose last layers are not zero."""
    torch.manual_seed(seed)
    made = VideoNetwork(config)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return made
