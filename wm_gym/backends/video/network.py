"""The network of a video world model: transformer, text encoder and pixel refiner around one prediction.

It predicts the clean latents as those that the hints show plus a correction, so that remembered surfaces are crisp from
the first minute of training. Knows nothing of sampling or state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS, SpaceToDepthCodec
from wm_gym.backends.video.codecs import Codec, ExactCodec
from wm_gym.backends.video.config import TransformerConfig, VideoConfig
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.layers import KV
from wm_gym.backends.video.steering import action_dim
from wm_gym.backends.video.streaming import StreamingCodec
from wm_gym.backends.video.transformer import CachedKV, CausalTransformer, NewKV, Tokens, with_hints
from wm_gym.networks.batch_invariant import Linear, per_world
from wm_gym.text.encoder import TextEncoder

BLEND_CHANNELS = 2
"""Logits of the refiner for each pixel: how much of the hint's colour is taken over, and of its depth."""

INITIAL_BLEND_LOGIT = -2.0
"""Of those logits before anything is learned."""

Prompt = list[KV]
"""Keys and values of prompts for every layer."""


@dataclass(frozen=True)
class Conditioning:
    """All that L latent frames of N worlds are generated from, beside noise.

    Attributes:
        hints: (N, L, hint channels, h, w), as the codec encodes them.
        prompt: From `VideoNetwork.encode_prompts`: of N prompts, or of N * L, one for each latent frame.
        camera: (N, L, S, T * 6) from `steering.steer`.
        action: (N, L, T * 6 + 8) from `steering.steer`.
        past: Cached latent frames, or None.
        base_time: (N,) latent index of rotary time 0, or None.
    """

    hints: Tensor
    prompt: Prompt
    camera: Tensor
    action: Tensor
    past: CachedKV | None = None
    base_time: Tensor | None = None


class VideoNetwork(nn.Module):
    """Predicts clean latent frames from noisy ones."""

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.config = config
        self.packing = SpaceToDepthCodec(config.near_metres, config.far_metres)
        self.codec = _codec(config, self.packing)
        num_frames = config.frames_per_latent
        self.transformer = CausalTransformer(
            TransformerConfig(
                in_channels=self.codec.latent_channels + self.codec.hint_channels,
                out_channels=self.codec.latent_channels,
                patch_size=(config.patch // self.codec.scale, config.patch // self.codec.scale),
                num_attention_heads=config.num_heads,
                attention_head_dim=config.head_dim,
                num_layers=config.num_layers,
                ffn_dim=config.ffn_dim,
                text_dim=config.text_dim,
                freq_dim=64,
                camera_dim=6 * num_frames,
                action_dim=action_dim(num_frames),
                hint_concat=config.hint_concat,
                camera_blocks=config.camera_blocks,
                gelu="none",
            )
        )
        self.text_encoder = TextEncoder(config.text_dim, config.text_vocabulary, config.text_tokens)
        self.refiner = Refiner(config) if config.refiner_channels else None
        nn.init.zeros_(self.transformer.proj_out.weight)
        nn.init.zeros_(self.transformer.proj_out.bias)

    def encode_prompts(self, prompts: Sequence[str]) -> Prompt:
        """Keys and values of prompts for every layer; they hold as long as the weights. Equal ones are encoded once."""
        each = list(dict.fromkeys(prompts))
        which = [each.index(prompt) for prompt in prompts]
        text = self.text_encoder(each).to(self.transformer.proj_out.weight.dtype)
        encoded = self.transformer.encode_prompts(text)
        return encoded if len(each) == len(prompts) else [(keys[which], values[which]) for keys, values in encoded]

    def forward(
        self,
        noisy: Tensor,
        metadata: FrameMetadata,
        conditioning: Conditioning,
        clean_context: Tokens | None = None,
    ) -> tuple[Tensor, NewKV]:
        """Predict the clean latents.

        Args:
            noisy: (N, L, C, h, w), as the codec shapes latent frames.
            metadata: Of the L latent frames.
            conditioning: All that they are generated from.
            clean_context: Clean latent frames, L of them, that the cache does not hold yet: one pass makes their
                keys and values and generates from them.

        Returns:
            (N, L, C, h, w) float32, and what the cache may keep: of the clean context, then of the L.
        """
        length, grid, hints = noisy.shape[1], self.config.grid, conditioning.hints
        steering = {"camera": conditioning.camera, "action": conditioning.action}
        tokens = self.transformer.patchify(noisy, metadata, hints=hints, **steering)
        before = 0 if clean_context is None else clean_context.temb.shape[1]
        every = tokens if clean_context is None else Tokens.cat([clean_context, tokens])
        x, new_kv = self.transformer.run_blocks(
            every, conditioning.prompt, grid, past=conditioning.past,
            window=self.config.window_latents, base_time=conditioning.base_time,
        )  # fmt: skip
        x = x.unflatten(1, (-1, grid[0] * grid[1]))[:, before : before + length].flatten(1, 2)
        temb, hint_prior = tokens.temb[:, :length], self.codec.hint_prior(hints)
        clean = hint_prior + self.transformer.unpatchify(x, temb, grid).float()
        if self.refiner is not None:
            clean = self.refiner(clean, hint_prior, hints, temb)
        if self.config.hint_concat == "frame":  # hints are not cached
            kept = [*range(before // 2), *range(before, before + length)]
            new_kv = NewKV(new_kv.keys[:, :, kept], new_kv.values[:, :, kept])
        return clean, new_kv

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """C, h and w of a latent frame."""
        scale = self.codec.scale
        return self.codec.latent_channels, self.config.height // scale, self.config.width // scale

    def clean_context(self, embedded: tuple[Tensor, Tensor], times: Tensor) -> Tokens:
        """Tokens of a chunk of clean latent frames at `times` (N, L), from their `x` and `temb`."""
        metadata = FrameMetadata.of_chunk(times, 0.0, Role.PAST)
        return Tokens(*embedded, metadata if self.config.hint_concat == "channel" else with_hints(metadata))


class Refiner(nn.Module):
    """Small convolutions over each frame at half its size, so that the borders of tokens do not show.

    They also decide, pixel by pixel, how much of the hint's colour and depth is taken over: where memory is right,
    nothing that is generated is as exact.
    """

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.num_frames, width = config.frames_per_latent, config.refiner_channels
        self.enter = nn.Conv2d(4 * (FRAME_CHANNELS + HINT_CHANNELS), width, 3, padding=1)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.leave = nn.Conv2d(width, 4 * (FRAME_CHANNELS + BLEND_CHANNELS), 3, padding=1)
        self.modulate = Linear(config.num_heads * config.head_dim, 2 * width)
        for parameter in (*self.leave.parameters(), *self.modulate.parameters()):
            nn.init.zeros_(parameter)
        nn.init.constant_(self.leave.bias[4 * FRAME_CHANNELS :], INITIAL_BLEND_LOGIT)  # type: ignore[index]

    def forward(self, clean: Tensor, hint_prior: Tensor, hints: Tensor, temb: Tensor) -> Tensor:
        """Better latents.

        Args:
            clean: (N, L, T * 5, H, W), as predicted.
            hint_prior: The latents that the hints show, shaped alike.
            hints: (N, L, T * 8, H, W).
            temb: (N, L, C), the embedded noise.
        """
        dtype = self.enter.weight.dtype
        pixels = torch.cat([t.to(dtype).unflatten(2, (self.num_frames, -1)) for t in (clean, hints)], 3)
        # the corners of each square of 2 x 2 as channels: `pixel_unshuffle`, in two thirds of its time on a CPU
        corners = [pixels.flatten(0, 2)[..., row::2, column::2] for row in (0, 1) for column in (0, 1)]
        shape, half = pixels.shape[:3], torch.stack(corners, 2).flatten(1, 2)
        scale, shift = self.modulate(temb.to(dtype)).chunk(2, -1)
        scale, shift = (t.repeat_interleave(self.num_frames, 1).flatten(0, 1)[..., None, None] for t in (scale, shift))
        x = per_world(self.enter, half.contiguous(memory_format=torch.channels_last), worlds=shape[0])
        x = per_world(self.middle, F.silu(x * (1 + scale) + shift), worlds=shape[0])
        x = per_world(self.leave, F.silu(x), worlds=shape[0])
        x = F.pixel_shuffle(x, 2).float().unflatten(0, shape)
        correction, logits = x.split([FRAME_CHANNELS, BLEND_CHANNELS], 3)
        seen = hints.unflatten(2, (self.num_frames, -1))[:, :, :, 4:5] > 0
        colour, depth = torch.where(seen, logits.sigmoid(), 0.0).split(1, 3)
        blend_weight = torch.cat([colour, colour, colour, depth, torch.zeros_like(depth)], 3)
        return torch.lerp(clean + correction.flatten(2, 3), hint_prior.float(), blend_weight.flatten(2, 3))


def _codec(config: VideoConfig, packing: SpaceToDepthCodec) -> Codec:
    if config.codec == "streaming":
        return StreamingCodec(config.streaming, packing, config.frames_per_latent)
    return ExactCodec(packing, config.frames_per_latent)
