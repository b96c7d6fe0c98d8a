"""The rows of configuration that turn one architecture into models of every size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of the transformer. Names follow diffusers' `WanTransformer3DModel`.

    Attributes:
        in_channels: Channels of a latent frame as it enters: noisy latent, and whatever is concatenated to it.
        out_channels: Channels of a latent frame as it leaves.
        patch_size: Rows and columns of a latent that make one token.
        num_attention_heads: Heads.
        attention_head_dim: Channels of a head.
        num_layers: Blocks.
        ffn_dim: Hidden channels of the feed-forward layers.
        text_dim: Channels of a text token.
        freq_dim: Sinusoids of the noise level.
        camera_dim: Numbers that tell a token's camera rays; 0 for none.
        action_dim: Numbers of an action vector of one latent frame; 0 for none.
        eps: Of the norms.
    """

    in_channels: int = 16
    out_channels: int = 16
    patch_size: tuple[int, int] = (2, 2)
    num_attention_heads: int = 12
    attention_head_dim: int = 128
    num_layers: int = 30
    ffn_dim: int = 8960
    text_dim: int = 4096
    freq_dim: int = 256
    camera_dim: int = 0
    action_dim: int = 0
    eps: float = 1e-6

    def __post_init__(self) -> None:
        for name in ("in_channels", "out_channels", "num_attention_heads", "num_layers", "ffn_dim", "text_dim"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.attention_head_dim % 2 or self.attention_head_dim < 6:
            raise ValueError(f"attention_head_dim must be even and at least 6, got {self.attention_head_dim}")

    @property
    def inner_dim(self) -> int:
        """Channels of a token."""
        return self.num_attention_heads * self.attention_head_dim


@dataclass(frozen=True)
class VideoConfig:
    """A whole video world model.

    Attributes:
        height: Rows of a frame.
        width: Columns of a frame.
        frames_per_latent: Video frames in one latent frame; a chunk is one latent frame.
        far_metres: Depth that stands for the sky.
        near_metres: Smallest depth that is told apart.
        hints_enter: "channel": hints join the target's channels; "frame": they stand beside it as a frame of their own.
        window_latents: Past latent frames that a target attends to.
        sink_latents: First latent frames of a world that are always attended to.
        num_steps: Denoising steps of a chunk.
        text_dim: Channels of a text token.
        text_vocabulary: Hash buckets of word pieces.
        text_tokens: Longest prompt, in words.
        refiner_channels: Channels of the refiner; 0 for none.
        patch: Rows and columns of pixels that make one token.
        num_heads: Attention heads.
        head_dim: Channels of a head.
        num_layers: Blocks.
        ffn_dim: Hidden channels of the feed-forward layers.
    """

    height: int = 48
    width: int = 64
    frames_per_latent: int = 4
    far_metres: float = 100.0
    near_metres: float = 0.2
    hints_enter: str = "channel"
    window_latents: int = 3
    sink_latents: int = 1
    num_steps: int = 1
    text_dim: int = 128
    text_vocabulary: int = 4096
    text_tokens: int = 48
    refiner_channels: int = 32
    patch: int = 8
    num_heads: int = 4
    head_dim: int = 64
    num_layers: int = 6
    ffn_dim: int = 1024

    def __post_init__(self) -> None:
        if self.height % self.patch or self.width % self.patch:
            raise ValueError(
                f"height and width must be multiples of the patch ({self.patch}), got {self.height} x {self.width}"
            )
        if self.hints_enter not in ("channel", "frame"):
            raise ValueError(f"hints_enter must be 'channel' or 'frame', got {self.hints_enter!r}")
        for name in ("window_latents", "num_steps", "num_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
