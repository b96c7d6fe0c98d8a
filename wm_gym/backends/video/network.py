"""The network of a video world model: transformer, text encoder and pixel refiner around one prediction.

It predicts the clean latent as what the hints say plus a correction, so that what is remembered comes out crisp from
the first minute of training. Knows nothing of sampling or state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.alone import each_alone
from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS, FoldCodec
from wm_gym.backends.video.config import TransformerConfig, VideoConfig
from wm_gym.backends.video.rows import Role, Rows
from wm_gym.backends.video.steering import action_dim
from wm_gym.backends.video.text import TextEncoder
from wm_gym.backends.video.transformer import CausalTransformer, Past, Written

Prompt = list[tuple[Tensor, Tensor]]
"""Keys and values of prompts for every layer."""


@dataclass(frozen=True)
class Given:
    """All that L latent frames of N worlds are generated from, beside noise.

    Attributes:
        hints: (N, L, T * 8, H, W), as the codec folds them.
        previous: (N, L, 5, H, W), the frame before each latent frame.
        prompt: From `VideoNetwork.read`.
        camera: (N, L, S, T * 6) from `steering.camera_tokens`.
        action: (N, L, T * 6 + 8) from `steering.motion_vector`.
        past: Cached latent frames, or None.
        base_time: (N,) latent index of rotary time 0, or None.
    """

    hints: Tensor
    previous: Tensor
    prompt: Prompt
    camera: Tensor
    action: Tensor
    past: Past | None = None
    base_time: Tensor | None = None


class VideoNetwork(nn.Module):
    """Predicts clean latent frames from noisy ones."""

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.config = config
        self.codec = FoldCodec(config.near_metres, config.far_metres)
        num_frames = config.frames_per_latent
        self.transformer = CausalTransformer(
            TransformerConfig(
                in_channels=num_frames * (FRAME_CHANNELS + HINT_CHANNELS),
                out_channels=num_frames * FRAME_CHANNELS,
                patch_size=(config.patch, config.patch),
                num_attention_heads=config.num_heads,
                attention_head_dim=config.head_dim,
                num_layers=config.num_layers,
                ffn_dim=config.ffn_dim,
                text_dim=config.text_dim,
                freq_dim=64,
                camera_dim=6 * num_frames,
                action_dim=action_dim(num_frames),
            )
        )
        self.text_encoder = TextEncoder(config.text_dim, config.text_vocabulary, config.text_tokens)
        self.refiner = Refiner(config) if config.refiner_channels else None
        nn.init.zeros_(self.transformer.proj_out.weight)
        nn.init.zeros_(self.transformer.proj_out.bias)

    def read(self, prompts: Sequence[str]) -> Prompt:
        """Prompts as every layer wants them; they can be kept while the weights stay."""
        return self.transformer.read(self.text_encoder(prompts).to(self.transformer.proj_out.weight.dtype))

    def forward(self, noisy: Tensor, rows: Rows, given: Given) -> tuple[Tensor, Written]:
        """The clean latents, as far as they can be told.

        Args:
            noisy: (N, L, T * 5, H, W).
            rows: Of the L latent frames.
            given: All that they are generated from.

        Returns:
            (N, L, T * 5, H, W) float32, and what the cache may keep of the L latent frames.
        """
        correction, level, written = self._transform(noisy, rows, given)
        clean = self.codec.guess(given.hints) + correction.float()
        if self.refiner is not None:
            clean = clean + self.refiner(clean, noisy, given.hints, given.previous, level)
        return clean, written

    def write(self, clean: Tensor, rows: Rows, given: Given) -> Written:
        """What the cache keeps of clean latent frames; arguments as in `forward`. Pixels are not refined for it."""
        return self._transform(clean, rows, given)[2]

    def _transform(self, noisy: Tensor, rows: Rows, given: Given) -> tuple[Tensor, Tensor, Written]:
        length = noisy.shape[1]
        camera, action = given.camera, given.action
        if self.config.hints_enter == "frame":
            latents, rows = _stand_beside(noisy, rows, given.hints)
            camera, action = torch.cat([camera] * 2, 1), torch.cat([action] * 2, 1)
        else:
            latents = torch.cat([noisy, given.hints], 2)
        correction, level, written = self.transformer(
            latents, rows, given.prompt, camera=camera, action=action, past=given.past,
            window=self.config.window_latents, base_time=given.base_time,
        )  # fmt: skip
        kept = Written(written.keys[:, :, :length], written.values[:, :, :length])
        return correction[:, :length], level[:, :length], kept


class Refiner(nn.Module):
    """Small convolutions over each frame's pixels, so that the borders of tokens do not show."""

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.num_frames, width = config.frames_per_latent, config.refiner_channels
        self.enter = nn.Conv2d(3 * FRAME_CHANNELS + HINT_CHANNELS, width, 3, padding=1)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.leave = nn.Conv2d(width, FRAME_CHANNELS, 3, padding=1)
        self.modulate = nn.Linear(config.num_heads * config.head_dim, 2 * width)
        for parameter in (*self.leave.parameters(), *self.modulate.parameters()):
            nn.init.zeros_(parameter)

    def forward(self, clean: Tensor, noisy: Tensor, hints: Tensor, previous: Tensor, level: Tensor) -> Tensor:
        """A correction of (N, L, T * 5, H, W) latents; `level` (N, L, C) is the embedded noise."""
        frames = [t.unflatten(2, (self.num_frames, -1)) for t in (clean, noisy, hints)]
        last = previous[:, :, None].expand(-1, -1, self.num_frames, -1, -1, -1)
        pixels = torch.cat([*frames, last], 3)
        shape = pixels.shape[:3]
        dtype = self.enter.weight.dtype
        x = self.enter(pixels.flatten(0, 2).to(dtype).contiguous(memory_format=torch.channels_last))
        scale, shift = each_alone(self.modulate, level.to(dtype)).chunk(2, -1)
        scale, shift = (t.repeat_interleave(self.num_frames, 1).flatten(0, 1)[..., None, None] for t in (scale, shift))
        x = F.silu(x * (1 + scale) + shift)
        x = self.leave(F.silu(self.middle(x)))
        return x.float().unflatten(0, shape).flatten(2, 3)


def _stand_beside(noisy: Tensor, rows: Rows, hints: Tensor) -> tuple[Tensor, Rows]:
    """Hints as latent frames of their own, after the targets: the same time, no noise, a role that says so."""
    targets = torch.cat([noisy, torch.zeros_like(hints)], 2)
    beside = torch.cat([torch.zeros_like(noisy), hints], 2)
    return torch.cat([targets, beside], 1), Rows.cat([rows, Rows.of(rows.time, 0.0, Role.HINT)])
