"""The protocol of codecs: what turns the channels of a chunk into latent frames, and back.

Channels are a chunk's pixels as `SpaceToDepthCodec` packs them, values in -1..1. A codec is causal in time and holds
no hidden state: what it needs of the frames before is a value, carried with the worlds.

Shapes: N worlds, L latent frames of a chunk, T frames of a latent frame, H x W pixels, C channels of a latent frame,
h x w its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS, SpaceToDepthCodec

CodecState = tuple[Tensor, ...]
"""What a codec needs of the frames before: tensors with leading axis N; for one world the same without that axis."""


class Codec(Protocol):
    """Chunks to latent frames and back, chunk by chunk."""

    @property
    def packing(self) -> SpaceToDepthCodec:
        """Pixels to channels."""
        ...

    @property
    def latent_channels(self) -> int:
        """C, of a latent frame."""
        ...

    @property
    def hint_channels(self) -> int:
        """Channels of the hints of one latent frame."""
        ...

    @property
    def scale(self) -> int:
        """Pixels along the side of a latent's pixel: h = H / scale."""
        ...

    def start(self, num_worlds: int, height: int, width: int) -> CodecState:
        """The state of worlds without frames yet, for frames of height x width."""
        ...

    def encode(self, channels: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """The next chunk (N, L, T * 5, H, W) to its latent frames (N, L, C, h, w) in -1..1."""
        ...

    def decode(self, latents: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """The next latent frames (N, L, C, h, w) to their chunk (N, L, T * 5, H, W) float32."""
        ...

    def shown(self, latents: Tensor, channels: Tensor) -> Tensor:
        """The latent frames that become the past, after they were generated as `latents` and shown as `channels`."""
        ...

    def encode_hints(self, channels: Tensor, state: CodecState) -> Tensor:
        """The next chunk's hints (N, L, T * 8, H, W) to (N, L, hint_channels, h, w); the state stays."""
        ...

    def hint_prior(self, hints: Tensor) -> Tensor:
        """The latent frames that encoded hints (..., hint_channels, h, w) show, (..., C, h, w)."""
        ...


@dataclass(frozen=True)
class ExactCodec:
    """Exact space-time patches: the channels themselves are the latent frame. Nothing to train, no state.

    Attributes:
        packing: Pixels to channels.
        num_frames: T.
    """

    packing: SpaceToDepthCodec
    num_frames: int

    hint_prior = staticmethod(SpaceToDepthCodec.hint_prior)

    @property
    def latent_channels(self) -> int:
        """All channels of T frames."""
        return self.num_frames * FRAME_CHANNELS

    @property
    def hint_channels(self) -> int:
        """All channels of the hints of T frames."""
        return self.num_frames * HINT_CHANNELS

    @property
    def scale(self) -> int:
        """A latent is as large as a frame."""
        return 1

    def start(self, num_worlds: int, height: int, width: int) -> CodecState:
        """Nothing."""
        return ()

    def encode(self, channels: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """The channels."""
        return channels, state

    def decode(self, latents: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """The latents."""
        return latents, state

    def shown(self, latents: Tensor, channels: Tensor) -> Tensor:
        """The channels."""
        return channels

    def encode_hints(self, channels: Tensor, state: CodecState) -> Tensor:
        """The channels."""
        return channels
