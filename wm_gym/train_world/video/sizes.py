"""One family of video models of two to forty million parameters, which differ in width and depth."""

from __future__ import annotations

from wm_gym.backends.video.config import VideoConfig

SHAPES = {"2M": (2, 2), "5M": (4, 2), "18M": (6, 6), "39M": (8, 8)}
"""Attention heads (of 64 channels) and blocks, by millions of parameters. "5M" is nearest to the one that ships."""


def video_of(size: str, height: int = 48, width: int = 64) -> VideoConfig:
    """The shape of a video model of one denoising step.

    Args:
        size: One of `SHAPES`.
        height: Rows of a frame.
        width: Columns of a frame.

    Raises:
        ValueError: If there is no such size.
    """
    if size not in SHAPES:
        raise ValueError(f"size must be one of {list(SHAPES)}, got {size!r}")
    heads, layers = SHAPES[size]
    return VideoConfig(
        height=height, width=width, num_heads=heads, num_layers=layers, ffn_dim=256 * heads,
        window_latents=2, sink_latents=0, cache_update="last",
    )  # fmt: skip
