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

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS, SpaceToDepthCodec
from wm_gym.backends.video.codecs import Codec, ExactCodec
from wm_gym.backends.video.config import TransformerConfig, VideoConfig
from wm_gym.backends.video.rows import Role, Rows
from wm_gym.backends.video.steering import action_dim
from wm_gym.backends.video.streaming import StreamingCodec
from wm_gym.backends.video.transformer import CausalTransformer, NewKV, Past, Tokens
from wm_gym.networks.batch_invariant import Linear, per_world
from wm_gym.text.encoder import TextEncoder

JUDGED = 2
"""What the refiner judges of a hint: its colour and its depth."""

INITIAL_BLEND_LOGIT = -2.0
"""How far a hint's judgement lies, as a logit, before anything is learned."""

Prompt = list[tuple[Tensor, Tensor]]
"""Keys and values of prompts for every layer."""


@dataclass(frozen=True)
class Conditioning:
    """All that L latent frames of N worlds are generated from, beside noise.

    Attributes:
        hints: (N, L, hint channels, h, w), as the codec encodes them.
        prompt: From `VideoNetwork.encode_prompts`: of N prompts, or of N * L, where each latent frame has its own.
        camera: (N, L, S, T * 6) from `steering.camera_tokens`.
        action: (N, L, T * 6 + 8) from `steering.motion_vector`.
        past: Cached latent frames, or None.
        base_time: (N,) latent index of rotary time 0, or None.
    """

    hints: Tensor
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
                gelu="none",
            )
        )
        self.text_encoder = TextEncoder(config.text_dim, config.text_vocabulary, config.text_tokens)
        self.refiner = Refiner(config) if config.refiner_channels else None
        nn.init.zeros_(self.transformer.proj_out.weight)
        nn.init.zeros_(self.transformer.proj_out.bias)

    def encode_prompts(self, prompts: Sequence[str]) -> Prompt:
        """Prompts as every layer wants them; they can be kept while the weights stay. Equal ones are read once."""
        each = list(dict.fromkeys(prompts))
        which = [each.index(prompt) for prompt in prompts]
        text = self.text_encoder(each).to(self.transformer.proj_out.weight.dtype)
        encoded = self.transformer.encode_prompts(text)
        return encoded if len(each) == len(prompts) else [(keys[which], values[which]) for keys, values in encoded]

    def forward(
        self, noisy: Tensor, rows: Rows, given: Conditioning, clean_context: Tokens | None = None
    ) -> tuple[Tensor, NewKV]:
        """The clean latents, as far as they can be told.

        Args:
            noisy: (N, L, C, h, w), as the codec shapes latent frames.
            rows: Of the L latent frames.
            given: All that they are generated from.
            clean_context: Clean latent frames, from `patchify`, that the cache does not hold yet: one pass writes
                them and generates from them.

        Returns:
            (N, L, C, h, w) float32, and what the cache may keep: of the pending latent frames, then of the L.
        """
        length, grid = noisy.shape[1], self.config.grid
        tokens = self.patchify(noisy, rows, given)
        before = 0 if clean_context is None else clean_context.temb.shape[1]
        every = tokens if clean_context is None else Tokens.cat([clean_context, tokens])
        prompt = given.prompt
        if self.config.hint_concat == "frame" and len(prompt[0][0]) == length * len(noisy) > len(noisy):
            prompt = _also_beside(prompt, length)
        x, written = self.transformer.run_blocks(
            every, prompt, grid, past=given.past, window=self.config.window_latents, base_time=given.base_time
        )
        x = x.unflatten(1, (-1, grid[0] * grid[1]))[:, before : before + length].flatten(1, 2)
        temb = tokens.temb[:, :length]
        hint_prior = self.codec.hint_prior(given.hints)
        clean = hint_prior + self.transformer.unpatchify(x, temb, grid).float()
        if self.refiner is not None:
            clean = self.refiner(clean, hint_prior, given.hints, temb)
        kept = [*range(before // self._rows_each), *range(before, before + length)]  # no rows of hints
        return clean, NewKV(written.keys[:, :, kept], written.values[:, :, kept])

    def patchify(self, latents: Tensor, rows: Rows, given: Conditioning) -> Tokens:
        """Latent frames and what they are generated from as tokens; arguments as in `forward`."""
        camera, action = given.camera, given.action
        if self.config.hint_concat == "frame":
            entering, rows = _stand_beside(latents, rows, given.hints)
            camera, action = torch.cat([camera] * 2, 1), torch.cat([action] * 2, 1)
        else:
            dtype = self.transformer.patch_embedding.weight.dtype
            entering = torch.cat([latents.to(dtype), given.hints.to(dtype)], 2)
        return self.transformer.patchify(entering, rows, camera=camera, action=action)

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """C, h and w of a latent frame."""
        scale = self.codec.scale
        return self.codec.latent_channels, self.config.height // scale, self.config.width // scale

    def clean_context(self, embedded: tuple[Tensor, Tensor], times: Tensor) -> Tokens:
        """Tokens from `patchify` of one clean latent frame at `times` (N, 1), of which a state keeps `x` and `temb`."""
        rows = Rows.of(times, 0.0, Role.PAST)
        if self.config.hint_concat == "frame":
            rows = Rows.cat([rows, Rows.of(times, 0.0, Role.HINT)])
        return Tokens(*embedded, rows)

    @property
    def _rows_each(self) -> int:
        """Rows that one latent frame takes up."""
        return 2 if self.config.hint_concat == "frame" else 1


class Refiner(nn.Module):
    """Small convolutions over each frame at half its size, so that the borders of tokens do not show.

    They also judge, pixel by pixel, whether the hint's colour and depth are to be taken as they are: where memory is
    right, nothing that is generated is as exact.
    """

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.num_frames, width = config.frames_per_latent, config.refiner_channels
        self.enter = nn.Conv2d(4 * (FRAME_CHANNELS + HINT_CHANNELS), width, 3, padding=1)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.leave = nn.Conv2d(width, 4 * (FRAME_CHANNELS + JUDGED), 3, padding=1)
        self.modulate = Linear(config.num_heads * config.head_dim, 2 * width)
        for parameter in (*self.leave.parameters(), *self.modulate.parameters()):
            nn.init.zeros_(parameter)
        nn.init.constant_(self.leave.bias[4 * FRAME_CHANNELS :], INITIAL_BLEND_LOGIT)  # type: ignore[index]

    def forward(self, clean: Tensor, hint_prior: Tensor, hints: Tensor, temb: Tensor) -> Tensor:
        """Better latents.

        Args:
            clean: (N, L, T * 5, H, W), as predicted.
            hint_prior: What the hints say that they are, shaped alike.
            hints: (N, L, T * 8, H, W).
            temb: (N, L, C), the embedded noise.
        """
        dtype = self.enter.weight.dtype
        pixels = torch.cat([t.to(dtype).unflatten(2, (self.num_frames, -1)) for t in (clean, hints)], 3)
        shape, half = pixels.shape[:3], F.pixel_unshuffle(pixels.flatten(0, 2), 2)
        scale, shift = self.modulate(temb.to(dtype)).chunk(2, -1)
        scale, shift = (t.repeat_interleave(self.num_frames, 1).flatten(0, 1)[..., None, None] for t in (scale, shift))
        x = per_world(self.enter, half.contiguous(memory_format=torch.channels_last), worlds=shape[0])
        x = per_world(self.middle, F.silu(x * (1 + scale) + shift), worlds=shape[0])
        x = per_world(self.leave, F.silu(x), worlds=shape[0])
        x = F.pixel_shuffle(x, 2).float().unflatten(0, shape)
        correction, scores = x.split([FRAME_CHANNELS, JUDGED], 3)
        seen = hints.unflatten(2, (self.num_frames, -1))[:, :, :, 4:5] > 0
        return _kept(clean + correction.flatten(2, 3), hint_prior, seen, scores)


def _kept(clean: Tensor, hint_prior: Tensor, seen: Tensor, scores: Tensor) -> Tensor:
    """Latents (N, L, T * 5, H, W) that take over the hints' colour and depth as far as `scores` (logits) say."""
    colour, depth = torch.where(seen, scores.sigmoid(), 0.0).split(1, 3)
    blend_weight = torch.cat([colour, colour, colour, depth, torch.zeros_like(depth)], 3)
    return torch.lerp(clean, hint_prior.float(), blend_weight.flatten(2, 3))


def _codec(config: VideoConfig, packing: SpaceToDepthCodec) -> Codec:
    if config.codec == "streaming":
        return StreamingCodec(config.streaming, packing, config.frames_per_latent)
    return ExactCodec(packing, config.frames_per_latent)


def _also_beside(prompt: Prompt, length: int) -> Prompt:
    """Prompts of N * L latent frames, once more for the hints that stand beside each world's L."""

    def twice(told: Tensor) -> Tensor:
        return told.unflatten(0, (-1, length)).repeat(1, 2, 1, 1).flatten(0, 1)

    return [(twice(keys), twice(values)) for keys, values in prompt]


def _stand_beside(noisy: Tensor, rows: Rows, hints: Tensor) -> tuple[Tensor, Rows]:
    """Hints as latent frames of their own, after the targets: the same time, no noise, a role that says so."""
    targets = torch.cat([noisy, torch.zeros_like(hints)], 2)
    beside = torch.cat([torch.zeros_like(noisy), hints], 2)
    return torch.cat([targets, beside], 1), Rows.cat([rows, Rows.of(rows.time, 0.0, Role.HINT)])
