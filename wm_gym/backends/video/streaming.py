"""A learned streaming codec: every T frames become one small latent frame, as for large weights.

Hints enter encoded by the same codec, their holes filled, with a mask of what was seen beside them at latent size, as
in InSpatio-World (encoded warp z_warp and mask m) and the Seoul World Model (section 3, geometric referencing: the
encoded warp joins the noisy latent's channels). Remembered pixels are no longer exact: they pass through the codec.

Shapes as in `codecs`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.autoencoder import Decoder, Encoder
from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS, SpaceToDepthCodec
from wm_gym.backends.video.codecs import CodecState
from wm_gym.networks.batch_invariant import per_world

MASK_CHANNELS = 3
"""Of one frame's hints at latent size: share that is seen, mean age, share of the same appearance."""


@dataclass(frozen=True)
class StreamingConfig:
    """Shape of the codec.

    Attributes:
        latent_channels: Channels of a latent frame.
        scale: Pixels along the side of a latent's pixel.
        width: Channels of the features of a frame.
        depth: Residual layers at each size.
    """

    latent_channels: int = 96
    scale: int = 8
    width: int = 48
    depth: int = 1

    def __post_init__(self) -> None:
        for name in ("latent_channels", "width", "depth"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.scale < 2 or self.scale % 2:
            raise ValueError(f"scale must be even and at least 2, got {self.scale}")


class StreamingCodec(nn.Module):
    """Compresses frames, latent frame by latent frame; each is coded relative to the one before."""

    def __init__(self, config: StreamingConfig, packing: SpaceToDepthCodec, num_frames: int) -> None:
        super().__init__()
        self.config, self.packing, self.num_frames = config, packing, num_frames
        shape = FRAME_CHANNELS, num_frames, config.latent_channels, config.width, config.scale, config.depth
        self.encoder, self.decoder = Encoder(*shape), Decoder(*shape)

    @property
    def latent_channels(self) -> int:
        """As configured."""
        return self.config.latent_channels

    @property
    def hint_channels(self) -> int:
        """The encoded hints, and the masks of each frame."""
        return self.config.latent_channels + MASK_CHANNELS * self.num_frames

    @property
    def scale(self) -> int:
        """As configured."""
        return self.config.scale

    def start(self, num_worlds: int, height: int, width: int) -> CodecState:
        """Zeros: features of the last encoded frame, the last latent frame and the last decoded frame."""
        size, channels = (height // self.scale, width // self.scale), self.config.width
        like = self.encoder.enter.weight
        return tuple(like.new_zeros(num_worlds, c, *size) for c in (channels, 2 * channels, channels))

    def encode(self, channels: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """As `Codec.encode`."""
        return per_world(self.encode_clip, channels, state)

    def decode(self, latents: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """As `Codec.decode`."""
        return per_world(self.decode_clip, latents, state)

    def encode_clip(self, channels: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """(N, L, T * 5, H, W) to (N, L, Z, h, w), all worlds at once."""
        before, latent_before, _ = state
        frames = _by_frame(channels, FRAME_CHANNELS)
        features = self.encoder.frame_features(frames)
        latents = self.encoder.latents_of(frames, features, before)
        # whoever decodes what follows must know of these latents
        spread, latent_before = self.decoder.frame_features(latents, latent_before)
        return latents, (features[:, -1], latent_before, spread[:, -1])

    def decode_clip(self, latents: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """(N, L, Z, h, w) to (N, L, T * 5, H, W) float32, all worlds at once."""
        _, latent_before, before = state
        spread, latent_before = self.decoder.frame_features(latents, latent_before)
        frames = self.decoder.frames_of(latents, spread, before)
        features = self.encoder.frame_features(frames[:, -1:].clamp(-1, 1))[
            :, 0
        ]  # whoever encodes what follows must know of it
        channels = frames.unflatten(1, (-1, self.num_frames)).flatten(2, 3)
        return channels, (features, latent_before, spread[:, -1])

    def shown(self, latents: Tensor, channels: Tensor) -> Tensor:
        """The latents as they were generated: a second encoding would cost as much as the step and lose detail."""
        return latents

    def encode_hints(self, channels: Tensor, state: CodecState) -> Tensor:
        """As `Codec.encode_hints`: latents of the filled hints, then seen, age and same appearance."""
        return per_world(self._encode_hints, channels, state)

    def _encode_hints(self, channels: Tensor, state: CodecState) -> Tensor:
        by_frame = _by_frame(channels, HINT_CHANNELS)
        seen = (by_frame[:, :, 4:5] > 0).float()
        hint_prior = _by_frame(self.packing.hint_prior(channels), FRAME_CHANNELS)
        surface = filled(hint_prior[:, :, :4].flatten(0, 1), seen.flatten(0, 1)).unflatten(0, hint_prior.shape[:2])
        frames = torch.cat([surface, hint_prior[:, :, 4:]], 2)
        latents = self.encoder.latents_of(frames, self.encoder.frame_features(frames), state[0])
        masks = F.avg_pool2d(torch.cat([seen, by_frame[:, :, 6:8]], 2).flatten(0, 1), self.scale)
        return torch.cat([latents, masks.reshape(*latents.shape[:2], -1, *latents.shape[3:])], 2)

    def hint_prior(self, hints: Tensor) -> Tensor:
        """As `Codec.hint_prior`."""
        return hints[..., : self.latent_channels, :, :]


def filled(images: Tensor, seen: Tensor) -> Tensor:
    """Images (B, C, H, W) with what is not `seen` (B, 1, H, W) filled from the means of ever wider neighbourhoods."""
    known = images * seen
    if max(images.shape[-2:]) == 1:
        return known
    weight = F.avg_pool2d(seen, 2, ceil_mode=True)
    mean = F.avg_pool2d(known, 2, ceil_mode=True) / weight.clamp(min=1e-6)
    wide = filled(mean, (weight > 0).float()).repeat_interleave(2, -2).repeat_interleave(2, -1)
    return torch.where(seen > 0, images, wide[..., : images.shape[-2], : images.shape[-1]])


def _by_frame(channels: Tensor, each: int) -> Tensor:
    """(N, L, T * each, H, W) to (N, L * T, each, H, W)."""
    return channels.unflatten(2, (-1, each)).flatten(1, 2)
