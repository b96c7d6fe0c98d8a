"""One family of inpainters of one to thirty million parameters, which differ in width and depth."""

from __future__ import annotations

from wm_gym.completion.inpainter_config import InpainterConfig

SHAPES = {"1M": (96, 2, 4), "3M": (192, 3, 6), "10M": (320, 5, 8), "30M": (512, 8, 10)}
"""Channels of a token, attention heads and blocks, by millions of parameters. "3M" is the one that ships."""

BASE_DIM, BASE_RATE = 192, 1e-3


def inpainter_of(size: str, height: int = 48, width: int = 64) -> InpainterConfig:
    """The shape of an inpainter.

    Args:
        size: One of `SHAPES`.
        height: Rows of a frame.
        width: Columns of a frame.

    Raises:
        ValueError: If there is no such size.
    """
    if size not in SHAPES:
        raise ValueError(f"size must be one of {list(SHAPES)}, got {size!r}")
    dim, heads, layers = SHAPES[size]
    return InpainterConfig(
        height=height, width=width, dim=dim, num_heads=heads, num_layers=layers, ffn_dim=3 * dim, code_dim=dim // 2
    )


def learning_rate_of(config: InpainterConfig) -> float:
    """Learning rate of an inpainter: that of the shipped one, in inverse proportion to the width of tokens.

    Source: Yang et al. 2022, "Tensor Programs V", table 3, for matrices within a network under Adam.
    """
    return BASE_RATE * BASE_DIM / config.dim
