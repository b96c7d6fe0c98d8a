"""A small autoencoder of video, causal in time: T frames to one latent frame, and back.

What is carried from chunk to chunk is explicit: features of the last encoded frame, and of the last decoded latent
frame and frame. So a clip coded chunk by chunk equals the clip coded at once. Source: TeleWorld,
section 3.6.2 (chunks of four frames, cached temporal features).

Beside the convolutions runs a linear map of each chunk's patches, and back: training starts from their principal
components, and the convolutions learn the rest.

Shapes: N worlds, L chunks, T frames of a chunk, H x W pixels, Z channels of a latent frame, h x w its size, C width.
Knows nothing of hints or of what the channels of a frame mean.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    """Two convolutions with a residual connection; the identity at initialisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv(width, width), _conv(width, width)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width, h, w) to the same."""
        return x + self.second(F.silu(self.first(F.silu(x))))


class Encoder(nn.Module):
    """Frames to latent frames, each by its own frames and the frame before."""

    def __init__(
        self, frame_channels: int, num_frames: int, latent_channels: int, width: int, scale: int, depth: int
    ) -> None:
        super().__init__()
        self.num_frames, self.step = num_frames, scale // 2
        self.enter = _conv(frame_channels * self.step**2, width)
        self.fine = nn.Sequential(*(Residual(width) for _ in range(depth)))
        self.down = _conv(4 * width, width)
        self.coarse = Residual(width)
        self.merge = _conv((1 + num_frames) * width, 2 * width)
        self.mixed = nn.Sequential(*(Residual(2 * width) for _ in range(depth)))
        self.leave = _conv(2 * width, latent_channels)
        self.linear = nn.Conv2d(num_frames * frame_channels * scale**2, latent_channels, 1)
        nn.init.zeros_(self.leave.weight)

    def frame_features(self, frames: Tensor) -> Tensor:
        """Features of each frame by itself: (N, F, channels, H, W) to (N, F, C, h, w)."""
        x = F.pixel_unshuffle(frames.flatten(0, 1).to(self.enter.weight.dtype), self.step)
        x = self.fine(self.enter(x))
        return self.coarse(self.down(F.pixel_unshuffle(x, 2))).unflatten(0, frames.shape[:2])

    def latents_of(self, frames: Tensor, features: Tensor, seen: Tensor) -> Tensor:
        """Latent frames of frames and their features.

        Args:
            frames: (N, L * T, channels, H, W).
            features: (N, L * T, C, h, w), from `frame_features`.
            seen: (N, C, h, w) features of the frame before.

        Returns:
            (N, L, Z, h, w) float32 in -1..1.
        """
        count = self.num_frames
        before = torch.cat([seen[:, None], features[:, count - 1 : -1 : count]], 1)  # of each chunk
        chunks = torch.cat([before[:, :, None], features.unflatten(1, (-1, count))], 2)
        x = self.mixed(self.merge(chunks.flatten(2, 3).flatten(0, 1)))
        patches = F.pixel_unshuffle(frames.unflatten(1, (-1, count)).flatten(2, 3).flatten(0, 1), 2 * self.step)
        latents = self.leave(F.silu(x)) + self.linear(patches.to(x.dtype))
        return torch.tanh(latents.float()).unflatten(0, before.shape[:2])


class Decoder(nn.Module):
    """Latent frames to frames, each by its latent frame, the one before and the frame before."""

    def __init__(
        self, frame_channels: int, num_frames: int, latent_channels: int, width: int, scale: int, depth: int
    ) -> None:
        super().__init__()
        self.num_frames, self.step = num_frames, scale // 2
        self.enter = _conv(latent_channels, 2 * width)
        self.join = _conv(4 * width, 2 * width)
        self.mixed = nn.Sequential(*(Residual(2 * width) for _ in range(depth)))
        self.grow = _conv(2 * width, num_frames * width)
        self.follow = _conv(2 * width, width)
        self.coarse = Residual(width)
        self.up = _conv(width, 4 * width)
        self.fine = nn.Sequential(*(Residual(width) for _ in range(depth)))
        self.leave = _conv(width, frame_channels * self.step**2)
        self.linear = nn.Conv2d(latent_channels, num_frames * frame_channels * scale**2, 1)
        nn.init.zeros_(self.leave.weight)

    def frame_features(self, latents: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features of each frame by its latent frame and the one before.

        Args:
            latents: (N, L, Z, h, w).
            features: (N, 2 C, h, w) features of the latent frame before.

        Returns:
            (N, L * T, C, h, w), and the features of the last latent frame.
        """
        shape = latents.shape[:2]
        x = self.enter(latents.flatten(0, 1).to(self.enter.weight.dtype)).unflatten(0, shape)
        before = torch.cat([features[:, None], x[:, :-1]], 1)
        mixed = self.mixed(self.join(F.silu(torch.cat([x, before], 2).flatten(0, 1))))
        by_frame = self.grow(F.silu(mixed)).unflatten(1, (self.num_frames, -1))
        return by_frame.unflatten(0, shape).flatten(1, 2), x[:, -1]

    def frames_of(self, latents: Tensor, features: Tensor, before: Tensor) -> Tensor:
        """Frames.

        Args:
            latents: (N, L, Z, h, w).
            features: (N, L * T, C, h, w), from `frame_features`.
            before: (N, C, h, w) features of the frame before.

        Returns:
            (N, L * T, channels, H, W) float32.
        """
        earlier = torch.cat([before[:, None], features[:, :-1]], 1)
        pairs = torch.cat([features, earlier], 2).flatten(0, 1)
        x = self.coarse(features.flatten(0, 1) + self.follow(F.silu(pairs)))
        x = self.fine(F.pixel_shuffle(self.up(F.silu(x)), 2))
        frames = F.pixel_shuffle(self.leave(F.silu(x)), self.step)
        patches = F.pixel_shuffle(self.linear(latents.flatten(0, 1).to(x.dtype)), 2 * self.step)
        return (frames + patches.reshape(frames.shape)).float().unflatten(0, features.shape[:2])


def _conv(channels: int, out_channels: int) -> nn.Conv2d:
    conv = nn.Conv2d(channels, out_channels, 3, padding=1)
    # there are no norms: with torch's own initialisation a signal all but vanishes on its way through ten layers
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
