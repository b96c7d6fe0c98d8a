"""The codec seam: what turns the planes of a chunk into one latent frame, and back.

Planes are a chunk's pixels as `SpaceToDepthCodec` folds them, values in -1..1. A codec is causal in time and holds
no hidden state: what it remembers of N worlds is a value, carried with the worlds.

Shapes: N worlds, T frames of a chunk, H x W pixels, C channels of a latent frame, h x w its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS, SpaceToDepthCodec

CodecState = tuple[Tensor, ...]
"""What a codec remembers of N worlds: tensors with leading axis N; of one world: the same without that axis."""


class Codec(Protocol):
    """Chunks to latent frames and back, chunk by chunk."""

    @property
    def packing(self) -> SpaceToDepthCodec:
        """Pixels to planes."""
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
        """What is remembered of worlds that have shown nothing yet, for frames of height x width."""
        ...

    def encode(self, planes: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """The next chunk's planes (N, T * 5, H, W) to its latent frame (N, C, h, w) in -1..1."""
        ...

    def decode(self, latent: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """The next latent frame (N, C, h, w) to its chunk's planes (N, T * 5, H, W) float32."""
        ...

    def shown(self, latent: Tensor, planes: Tensor) -> Tensor:
        """The latent frame that becomes the past, after it was generated as `latent` and shown as `planes`."""
        ...

    def encode_hints(self, planes: Tensor, state: CodecState) -> Tensor:
        """The next chunk's hint planes (N, T * 8, H, W) to (N, hint_channels, h, w); nothing is remembered of them."""
        ...

    def hint_prior(self, hints: Tensor) -> Tensor:
        """What encoded hints (..., hint_channels, h, w) say the latent frame is, (..., C, h, w)."""
        ...


@dataclass(frozen=True)
class ExactCodec:
    """Exact space-time patches: the planes themselves are the latent frame. Nothing to train, nothing to remember.

    Attributes:
        packing: Pixels to planes.
        num_frames: T.
    """

    packing: SpaceToDepthCodec
    num_frames: int

    @property
    def latent_channels(self) -> int:
        """All planes of a chunk."""
        return self.num_frames * FRAME_CHANNELS

    @property
    def hint_channels(self) -> int:
        """All planes of a chunk's hints."""
        return self.num_frames * HINT_CHANNELS

    @property
    def scale(self) -> int:
        """A latent is as large as a frame."""
        return 1

    def start(self, num_worlds: int, height: int, width: int) -> CodecState:
        """Nothing."""
        return ()

    def encode(self, planes: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """The planes."""
        return planes, state

    def decode(self, latent: Tensor, state: CodecState) -> tuple[Tensor, CodecState]:
        """The latent."""
        return latent, state

    def shown(self, latent: Tensor, planes: Tensor) -> Tensor:
        """The planes."""
        return planes

    def encode_hints(self, planes: Tensor, state: CodecState) -> Tensor:
        """The planes."""
        return planes

    def hint_prior(self, hints: Tensor) -> Tensor:
        """As `SpaceToDepthCodec.hint_prior`."""
        return self.packing.hint_prior(hints)
