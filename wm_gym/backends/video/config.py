"""The rows of configuration that turn one architecture into models of every size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from wm_gym.backends.video.streaming import StreamingConfig
from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES

CHOICES = {
    "codec": ("space_to_depth", "streaming"),
    "camera_frame": ("chunk", "world"),
    "hint_concat": ("channel", "frame"),
    "cache_update": ("clean", "last"),
}
"""Settings of `VideoConfig` by name, and what they may be."""


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
        freq_dim: Sinusoids of sigma.
        camera_dim: Numbers of a token's camera rays; 0 for none.
        action_dim: Numbers of an action vector of one latent frame; 0 for none.
        hint_concat: As in `VideoConfig`.
        camera_blocks: As in `VideoConfig`.
        gelu: "tanh", as Wan's weights have it, or "none" for the exact function, which is four times as fast on a CPU.
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
    hint_concat: str = "channel"
    camera_blocks: bool = False
    gelu: str = "tanh"
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
        frames_per_latent: Video frames in one latent frame.
        latents_per_chunk: Latent frames of a chunk, which are denoised together.
        far_metres: Depth that stands for the sky.
        near_metres: Depth below which all depths are encoded alike.
        codec: "space_to_depth": exact space-time patches; "streaming": a learned codec.
        streaming: Shape of the learned codec; without effect with "space_to_depth".
        camera_frame: Frame of the camera rays. "chunk": that of the frame before a latent frame's chunk;
            "world": the opening frame, common to all latent frames, cached ones too, with far distances compressed.
        camera_blocks: Whether camera rays scale and shift the tokens in every block too (LingBot-World, figure 5), not
            only where they enter; the cache must then keep the last step.
        hint_concat: "channel": hints join the target's channels; "frame": they stand beside it as a frame of their own.
        window_latents: Past latent frames before its chunk that a target attends to.
        sink_latents: First latent frames of a world that are always attended to.
        num_steps: Denoising steps of a chunk.
        sigmas: Falling noise levels of these steps, the first 1; empty for even ones.
        renoise: Whether clean latents get fresh noise between steps, as distilled students were trained to.
        cache_update: What the cache keeps of a latent frame: "clean", the keys and values of a pass over it when it
            is clean, or "last", those of its last denoising step, which costs no pass of its own.
        text_dim: Channels of a text token.
        text_vocabulary: Hash buckets of word pieces.
        text_tokens: Longest prompt, in words.
        refiner_channels: Channels of the refiner; 0 for none, as it must be with a learned codec.
        patch: Rows and columns of pixels that make one token.
        num_heads: Attention heads.
        head_dim: Channels of a head.
        num_layers: Blocks.
        ffn_dim: Hidden channels of the feed-forward layers.
    """

    height: int = 48
    width: int = 64
    frames_per_latent: int = 4
    latents_per_chunk: int = 1
    far_metres: float = FAR_METRES
    near_metres: float = NEAR_METRES
    codec: str = "space_to_depth"
    streaming: StreamingConfig = field(default_factory=StreamingConfig)
    camera_frame: str = "chunk"
    camera_blocks: bool = False
    hint_concat: str = "channel"
    window_latents: int = 3
    sink_latents: int = 1
    num_steps: int = 1
    sigmas: tuple[float, ...] = ()
    renoise: bool = False
    cache_update: str = "clean"
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
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, got {getattr(self, name)!r}")
        for name in ("frames_per_latent", "latents_per_chunk", "window_latents", "num_steps", "num_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        object.__setattr__(self, "sigmas", tuple(self.sigmas))  # a list, where it was read from a file
        _check_sigmas(self.sigmas, self.num_steps)
        if self.camera_blocks and self.cache_update != "last":
            raise ValueError(f"cache_update must be 'last' with camera_blocks, got {self.cache_update!r}")
        if self.codec == "streaming" and self.refiner_channels:
            raise ValueError(f"refiner_channels must be 0 with codec 'streaming', got {self.refiner_channels}")
        if self.patch % self.latent_scale:
            raise ValueError(f"patch must be a multiple of the codec's scale ({self.latent_scale}), got {self.patch}")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> VideoConfig:
        """The config of plain data, as `dataclasses.asdict` gives it; what is not named has its default.

        Weights from before a setting existed have its default, which must therefore stay as they were trained.
        """
        streaming = StreamingConfig(**settings.get("streaming", {}))
        return cls(**{**settings, "streaming": streaming})

    @property
    def latent_scale(self) -> int:
        """Pixels along the side of a latent's pixel."""
        return self.streaming.scale if self.codec == "streaming" else 1

    @property
    def frames_per_chunk(self) -> int:
        """Video frames in one chunk."""
        return self.latents_per_chunk * self.frames_per_latent

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the tokens of a latent frame."""
        return self.height // self.patch, self.width // self.patch

    @property
    def inner_dim(self) -> int:
        """Channels of a token."""
        return self.num_heads * self.head_dim


def _check_sigmas(sigmas: tuple[float, ...], num_steps: int) -> None:
    """Make sure that noise levels, if there are any, are one for each step, and fall from 1."""
    falls = all(later < sooner for sooner, later in pairwise(sigmas))
    if sigmas and not (len(sigmas) == num_steps and sigmas[0] == 1 and falls and sigmas[-1] > 0):
        raise ValueError(f"sigmas must be {num_steps} levels that fall from 1 and stay above 0, got {list(sigmas)}")
