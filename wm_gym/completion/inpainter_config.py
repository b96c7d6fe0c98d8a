"""The shape of an inpainter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InpainterConfig:
    """An inpainter of single frames.

    Attributes:
        height: Rows of a frame.
        width: Columns of a frame.
        near_metres: Smallest depth that is told apart.
        far_metres: Depth that stands for the sky.
        token: Rows and columns of pixels that make one token.
        cell: Rows and columns of pixels that one code tells; a token has (token / cell) ** 2 cells.
        depth_codes: Entries of the codebook of depth.
        colour_codes: Entries of the codebook of colour.
        dim: Channels of a token.
        num_heads: Attention heads.
        num_layers: Blocks.
        ffn_dim: Hidden channels of the feed-forward layers.
        code_dim: Channels of a code.
        pixel_channels: Channels of the convolutions at the size of the frame.
        cell_channels: Channels of the convolutions that see what is known, a cell at a time.
        decoder_channels: Channels of the convolutions that turn codes into pixels, a cell at a time.
        decoder_blocks: Residual blocks of them.
    """

    height: int = 48
    width: int = 64
    near_metres: float = 0.2
    far_metres: float = 100.0
    token: int = 8
    cell: int = 4
    depth_codes: int = 512
    colour_codes: int = 1024
    dim: int = 192
    num_heads: int = 3
    num_layers: int = 6
    ffn_dim: int = 576
    code_dim: int = 96
    pixel_channels: int = 16
    cell_channels: int = 64
    decoder_channels: int = 64
    decoder_blocks: int = 3

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")
        if self.token % self.cell:
            raise ValueError(f"token must be a multiple of cell ({self.cell}), got {self.token}")
        if self.height % self.token or self.width % self.token:
            raise ValueError(
                f"height and width must be multiples of token ({self.token}), got {self.height} x {self.width}"
            )
        if self.dim % self.num_heads:
            raise ValueError(f"dim must be a multiple of num_heads ({self.num_heads}), got {self.dim}")

    @property
    def grid(self) -> tuple[int, int]:
        """Tokens down and across."""
        return self.height // self.token, self.width // self.token

    @property
    def num_tokens(self) -> int:
        """Tokens of a frame."""
        return self.grid[0] * self.grid[1]

    @property
    def cells(self) -> int:
        """Cells of a token."""
        return (self.token // self.cell) ** 2

    @property
    def codes_per_token(self) -> int:
        """Codes of a token: depth of each cell, then colour of each cell."""
        return 2 * self.cells
